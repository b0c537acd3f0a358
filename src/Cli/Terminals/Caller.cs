namespace Loire.Cli.Terminals;

/// <summary>Whom a command works for: the terminal, the environment, the clock.</summary>
internal sealed record Caller(Terminal Terminal, Func<string, string?> Environment, TimeProvider Time, Random Random);
