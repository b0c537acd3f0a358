using System.CommandLine;
using Loire.Cli.Completion;
using Loire.Cli.Failures;
using Loire.Cli.Terminals;
using Loire.Model.Transactions;

namespace Loire.Cli.Transactions;

/// <summary>A transactional id on the command line; completion asks the node for the ids.</summary>
internal static class TransactionArgument
{
    /// <summary>The path of the list of transactional ids in the HTTP API.</summary>
    public const string List = "v1/transactions";

    public static Argument<string> Create(Caller caller) => Complete(new Argument<string>("id") { Description = "The transactional id." }, caller);

    /// <summary>An argument that may be missing.</summary>
    public static Argument<string?> CreateOptional(Caller caller) =>
        Complete(new Argument<string?>("id") { Description = "The transactional id.", Arity = ArgumentArity.ZeroOrOne }, caller);

    private static Argument<T> Complete<T>(Argument<T> argument, Caller caller)
    {
        argument.CompletionSources.Add(context => NameCompletion.Find(context.ParseResult, caller, List, "transactional_id", context.WordToComplete));
        return argument;
    }

    /// <summary>Returns the path of an id in the HTTP API; an invalid one is rejected before any request.</summary>
    public static string PathOf(string id)
    {
        var problem = id is "." or ".." ? "The transactional ids '.' and '..' cannot stand in a path." : TransactionalId.FindProblem(id);
        return problem is null
            ? $"{List}/{Uri.EscapeDataString(id)}"
            : throw new NodeException(ErrorCode.InvalidRequest, problem, ExitCode.Usage, isRetriable: false);
    }
}
