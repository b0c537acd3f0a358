using System.CommandLine;
using Loire.Cli.Contexts;
using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Cli.Terminals;

namespace Loire.Cli.CommandLine;

/// <summary>The options of every command.</summary>
internal static class GlobalOptions
{
    public static readonly Option<string[]> Server = new("--server", "-b")
    {
        Description = "The node, as http://host:port; several, separated by commas, are tried in turn. Otherwise LOIRE_SERVER, a context, "
            + "or http://127.0.0.1:8080.",
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
        Description = "Seconds to wait for the response to one request.",
        HelpName = "SECONDS",
        DefaultValueFactory = _ => 30,
        Recursive = true,
    };

    public static readonly Option<bool> Quiet = new("--quiet", "-q") { Description = "Print errors only.", Recursive = true };

    public static readonly Option<bool> Verbose = new("--verbose", "-v")
    {
        Description = "Print progress and notes even if standard error is not a terminal.",
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

    /// <summary>Creates the client of the nodes chosen by the command line, the environment and the contexts.</summary>
    public static NodeClient Connect(ParseResult parsed, Caller caller)
    {
        var seconds = parsed.GetValue(Timeout);
        if (!(seconds > 0 && seconds <= 86_400))
        {
            throw CliException.Usage("--timeout must lie between 0 and 86400 seconds.");
        }

        var servers = ServerChoice.Choose(parsed.GetValue(Server) ?? [], parsed.GetValue(Context), caller.Environment);
        return new NodeClient(servers, TimeSpan.FromSeconds(seconds), caller.Time, caller.Terminal.Note);
    }
}
