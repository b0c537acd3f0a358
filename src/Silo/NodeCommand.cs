using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Reflection;

namespace Loire.Silo;

/// <summary>
/// The command line of the node's executable: without a subcommand it runs a node with the options of <see cref="NodeSetting.All"/>. An
/// invalid command line prints one line to standard error and exits with code 2.
/// </summary>
internal static class NodeCommand
{
    public const int UsageExitCode = 2;

    public static string Version { get; } = typeof(NodeCommand).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    private static string Description =>
        """
        Loire: a streaming service with Kafka's semantics. This is one node, alone or of a cluster.

        Each option can also be set in the environment (LOIRE_DATA for --data) or in ./appsettings.json ({"Loire": {"data": "DIR"}}); the
        command line wins over the environment, and the environment over the file.
        Exit codes: 0 stopped as asked, 1 could not start, failed or did not stop in time, 2 a bad option, 3 given up by its cluster.
        """;

    /// <summary>
    /// Runs a command line; <paramref name="run"/> receives its settings by name and returns the exit code of the process.
    /// </summary>
    public static async Task<int> InvokeAsync(string[] args, Func<IReadOnlyDictionary<string, string>, Task<int>> run)
    {
        var parsed = Parse(args, run);
        if (FindProblem(parsed, args) is { } problem)
        {
            await Console.Error.WriteLineAsync(problem);
            return UsageExitCode;
        }

        // The host handles SIGTERM and SIGINT itself, and an unexpected exception keeps its stack trace.
        return await parsed.InvokeAsync(
            new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false });
    }

    /// <summary>Parses a command line without running it.</summary>
    public static ParseResult Parse(string[] args, Func<IReadOnlyDictionary<string, string>, Task<int>> run)
    {
        var command = new RootCommand(Description);
        command.Options.OfType<VersionOption>().Single().Action = new VersionAction();
        foreach (var setting in NodeSetting.All)
        {
            var name = "--" + setting.Declaration.Name;
            Option option = setting.IsList ? new Option<string[]>(name) : new Option<string>(name);
            (option.Description, option.HelpName) = (setting.Declaration.Meaning, setting.Declaration.ValueName);
            option.Arity = setting.IsList ? ArgumentArity.OneOrMore : setting.Declaration.ValueName is null ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne;
            command.Options.Add(option);
        }

        command.Subcommands.Add(StoreCommand.Create());
        command.Subcommands.Add(ClusterCommand.Create());
        command.SetAction((parsed, _) => run(Settings(parsed)));
        // An argument that begins with '@' is a value, not a response file.
        return command.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
    }

    /// <summary>
    /// Describes the first error of a command line in one line; null if there is none. Values are validated when they are bound.
    /// </summary>
    public static string? FindProblem(ParseResult parsed, string[] args)
    {
        if (parsed.Action is not ParseErrorAction)
        {
            return null;
        }

        if (parsed.UnmatchedTokens is [var unknown, ..])
        {
            return $"The option {unknown} is unknown; --help lists the known ones.";
        }

        foreach (var (given, result) in Given(parsed))
        {
            var setting = given.Declaration;
            if (result.Tokens.Count > 1 && !given.IsList)
            {
                return $"The option --{setting.Name} is given more than once.";
            }

            if (result.Tokens.Count == 0 && setting.ValueName is not null)
            {
                return args.Contains($"--{setting.Name}=")
                    ? $"The option --{setting.Name} must be {setting.Expected}."
                    : $"The option --{setting.Name} needs a value: {setting.ValueName}.";
            }
        }

        return parsed.Errors[0].Message;
    }

    /// <summary>The settings of a command line, by name; a flag without a value is true, and several values are separated as in the environment.</summary>
    public static Dictionary<string, string> Settings(ParseResult parsed) => Given(parsed).ToDictionary(
        given => given.Setting.Declaration.Name,
        given => given.Result.Tokens.Count == 0 ? "true" : string.Join(';', given.Result.Tokens.Select(token => token.Value)));

    private static IEnumerable<(NodeSetting Setting, OptionResult Result)> Given(ParseResult parsed) =>
        from setting in NodeSetting.All
        let result = parsed.GetResult("--" + setting.Declaration.Name) as OptionResult
        where result is { Implicit: false }
        select (setting, result);

    private sealed class VersionAction : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine($"Loire {Version}");
            return 0;
        }
    }
}
