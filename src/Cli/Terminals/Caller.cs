namespace Loire.Cli.Terminals;

/// <summary>The environment of a command: terminal, variables, clock and randomness.</summary>
internal sealed record Caller(Terminal Terminal, Func<string, string?> Environment, TimeProvider Time, Random Random);
