using System.CommandLine;
using Loire.Cli.Completion;
using Loire.Cli.Failures;
using Loire.Cli.Terminals;
using Loire.Model;

namespace Loire.Cli.Topics;

/// <summary>The name of a topic on the command line; completion asks the node for the names.</summary>
internal static class TopicArgument
{
    /// <summary>The path of the list of topics in the HTTP API.</summary>
    public const string List = "v1/topics";

    public static Argument<string> Create(Caller caller, string name = "topic")
    {
        var argument = new Argument<string>(name) { Description = "The topic's name." };
        argument.CompletionSources.Add(context => Names(context.ParseResult, caller, context.WordToComplete));
        return argument;
    }

    /// <summary>Returns the name; an invalid one is rejected before any request.</summary>
    public static string Check(string text) =>
        TopicName.TryParse(text, out var name, out var problem)
            ? name.Value
            : throw new NodeException(ErrorCode.InvalidTopicException, problem, ExitCode.Usage, isRetriable: false);

    public static IEnumerable<string> Names(ParseResult parsed, Caller caller, string prefix) =>
        NameCompletion.Find(parsed, caller, List, "topic_name", prefix);
}
