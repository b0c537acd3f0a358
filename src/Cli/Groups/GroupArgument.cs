using System.CommandLine;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Model;

namespace Loire.Cli.Groups;

/// <summary>The id of a group on the command line; completion asks the node for the ids.</summary>
internal static class GroupArgument
{
    private static readonly TimeSpan CompletionPatience = TimeSpan.FromSeconds(1);
    private const int CompletionIds = 200;

    public static Argument<string> Create(Caller caller)
    {
        var argument = new Argument<string>("group") { Description = "The group's id." };
        argument.CompletionSources.Add(context => Ids(context.ParseResult, caller, context.WordToComplete));
        return argument;
    }

    /// <summary>The id, refused before any request if it can be none.</summary>
    public static string Check(string text)
    {
        var problem = text is "." or ".." ? "The group ids '.' and '..' cannot stand in a path." : GroupId.FindProblem(text);
        return problem is null ? text : throw new NodeException(ErrorCode.InvalidGroupId, problem, ExitCode.Usage, isRetriable: false);
    }

    public static IEnumerable<string> Ids(ParseResult parsed, Caller caller, string prefix)
    {
        try
        {
            using var node = GlobalOptions.Connect(parsed, caller);
            using var patience = new CancellationTokenSource(CompletionPatience);
            return ListPages.ReadAsync(node, "v1/groups", CompletionIds, 1, patience.Token).GetAwaiter().GetResult()
                .Select(row => (string)row["group_id"]!).Where(id => id.StartsWith(prefix, StringComparison.Ordinal));
        }
        catch (Exception exception) when (exception is CliException or OperationCanceledException)
        {
            // A completion has nowhere to put an error.
            return [];
        }
    }
}
