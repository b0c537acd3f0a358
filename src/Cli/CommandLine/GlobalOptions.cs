using System.CommandLine;
using Loire.Cli.Contexts;
using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Cli.Terminals;

namespace Loire.Cli.CommandLine;

/// <summary>The options that every command has.</summary>
internal static class GlobalOptions
{
    public static readonly Option<string?> Server = new("--server", "-b")
    {
        Description = "The node, as http://host:port. Otherwise LOIRE_SERVER, a context, or http://127.0.0.1:8080.",
        HelpName = "URL",
        Recursive = true,
    };

    public static readonly Option<string?> Context = new("--context")
    {
        Description = "A named server of 'loire context'. Otherwise LOIRE_CONTEXT or the one in use.",
        HelpName = "NAME",
        Recursive = true,
    };

    public static readonly Option<double> Timeout = new("--timeout")
    {
        Description = "Seconds to wait for the answer to one request.",
        HelpName = "SECONDS",
        DefaultValueFactory = _ => 30,
        Recursive = true,
    };

    public static readonly Option<bool> Quiet = new("--quiet", "-q") { Description = "Say nothing but errors.", Recursive = true };

    public static readonly Option<bool> Verbose = new("--verbose", "-v")
    {
        Description = "Say how it goes even where standard error is no terminal.",
        Recursive = true,
    };

    public static void AddTo(RootCommand root)
    {
        Option[] all = [Server, Context, Timeout, Quiet, Verbose];
        foreach (var option in all)
        {
            root.Options.Add(option);
        }
    }

    /// <summary>The node that the command line, the environment and the contexts lead to.</summary>
    public static NodeClient Connect(ParseResult parsed, Caller caller)
    {
        var seconds = parsed.GetValue(Timeout);
        if (!(seconds > 0 && seconds <= 86_400))
        {
            throw CliException.Usage("--timeout must lie between 0 and 86400 seconds.");
        }

        var server = ServerChoice.Choose(parsed.GetValue(Server), parsed.GetValue(Context), caller.Environment);
        return new NodeClient(server, TimeSpan.FromSeconds(seconds), caller.Time);
    }
}
