using System.CommandLine;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Cli.Terminals;

namespace Loire.Cli.Completion;

/// <summary>Asks the node for the names that a word may become.</summary>
internal static class NameCompletion
{
    private const int MaxNames = 200;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <param name="parsed">The command line so far.</param>
    /// <param name="caller">For whom it is completed.</param>
    /// <param name="path">Where the node has the list.</param>
    /// <param name="member">What has the name in its rows.</param>
    /// <param name="prefix">How the word begins.</param>
    public static IEnumerable<string> Find(ParseResult parsed, Caller caller, string path, string member, string prefix)
    {
        try
        {
            using var node = GlobalOptions.Connect(parsed, caller);
            using var patience = new CancellationTokenSource(Patience);
            return ListPages.ReadAsync(node, path, MaxNames, 1, patience.Token).GetAwaiter().GetResult()
                .Select(row => (string)row[member]!).Where(name => name.StartsWith(prefix, StringComparison.Ordinal));
        }
        catch (Exception exception) when (exception is CliException or OperationCanceledException)
        {
            // A completion has nowhere to put an error.
            return [];
        }
    }
}
