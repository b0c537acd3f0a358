using System.CommandLine;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Model;

namespace Loire.Cli.Topics;

/// <summary>The name of a topic on the command line; completion asks the node for the names.</summary>
internal static class TopicArgument
{
    private static readonly TimeSpan CompletionPatience = TimeSpan.FromSeconds(1);
    private const int CompletionNames = 200;

    public static Argument<string> Create(Caller caller, string name = "topic")
    {
        var argument = new Argument<string>(name) { Description = "The topic's name." };
        argument.CompletionSources.Add(context => Names(context.ParseResult, caller, context.WordToComplete));
        return argument;
    }

    /// <summary>The name, refused before any request if it can be none.</summary>
    public static string Check(string text) =>
        TopicName.TryParse(text, out var name, out var problem)
            ? name.Value
            : throw new NodeException(ErrorCode.InvalidTopicException, problem, ExitCode.Usage, isRetriable: false);

    public static IEnumerable<string> Names(ParseResult parsed, Caller caller, string prefix)
    {
        try
        {
            using var node = GlobalOptions.Connect(parsed, caller);
            using var patience = new CancellationTokenSource(CompletionPatience);
            return ListPages.ReadAsync(node, "v1/topics", CompletionNames, 1, patience.Token).GetAwaiter().GetResult()
                .Select(row => (string)row["topic_name"]!).Where(name => name.StartsWith(prefix, StringComparison.Ordinal));
        }
        catch (Exception exception) when (exception is CliException or OperationCanceledException)
        {
            // A completion has nowhere to put an error.
            return [];
        }
    }
}
