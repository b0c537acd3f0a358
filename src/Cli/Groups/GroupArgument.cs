using System.CommandLine;
using Loire.Cli.Completion;
using Loire.Cli.Failures;
using Loire.Cli.Terminals;
using Loire.Model;

namespace Loire.Cli.Groups;

/// <summary>The id of a group on the command line; completion asks the node for the ids.</summary>
internal static class GroupArgument
{
    /// <summary>The path of the list of groups in the HTTP API.</summary>
    public const string List = "v1/groups";

    public static Argument<string> Create(Caller caller)
    {
        var argument = new Argument<string>("group") { Description = "The group's id." };
        argument.CompletionSources.Add(context => Ids(context.ParseResult, caller, context.WordToComplete));
        return argument;
    }

    /// <summary>Returns the id; an invalid one is rejected before any request.</summary>
    public static string Check(string text)
    {
        var problem = text is "." or ".." ? "The group ids '.' and '..' cannot stand in a path." : GroupId.FindProblem(text);
        return problem is null ? text : throw new NodeException(ErrorCode.InvalidGroupId, problem, ExitCode.Usage, isRetriable: false);
    }

    public static IEnumerable<string> Ids(ParseResult parsed, Caller caller, string prefix) =>
        NameCompletion.Find(parsed, caller, List, "group_id", prefix);
}
