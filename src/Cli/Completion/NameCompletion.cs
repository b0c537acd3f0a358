using System.CommandLine;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Cli.Terminals;

namespace Loire.Cli.Completion;

/// <summary>Completes a word with names from the node.</summary>
internal static class NameCompletion
{
    private const int MaxNames = 200;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);

    /// <param name="parsed">The command line so far.</param>
    /// <param name="caller">The terminal, environment and clock.</param>
    /// <param name="path">The path of the list in the HTTP API.</param>
    /// <param name="member">The member of a row that has the name.</param>
    /// <param name="prefix">The beginning of the word.</param>
    public static IEnumerable<string> Find(ParseResult parsed, Caller caller, string path, string member, string prefix)
    {
        try
        {
            using var node = GlobalOptions.Connect(parsed, caller);
            using var timeout = new CancellationTokenSource(Timeout);
            return ListPages.ReadAsync(node, path, MaxNames, 1, timeout.Token).GetAwaiter().GetResult()
                .Select(row => (string)row[member]!).Where(name => name.StartsWith(prefix, StringComparison.Ordinal));
        }
        catch (Exception exception) when (exception is CliException or OperationCanceledException)
        {
            // A completion cannot report errors.
            return [];
        }
    }
}
