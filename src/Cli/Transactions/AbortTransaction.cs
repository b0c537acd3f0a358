using System.CommandLine;
using Loire.Cli.CommandLine;
using Loire.Cli.Terminals;

namespace Loire.Cli.Transactions;

/// <summary><c>loire txn abort</c>: aborts an open transaction and fences its producer.</summary>
internal static class AbortTransaction
{
    public static Command Create(Caller caller)
    {
        var id = TransactionArgument.Create(caller);
        var command = new Command("abort", "Aborts the open transaction of a transactional id, and fences its producer.") { id, YesOption.Instance };
        command.SetAction(async (parsed, cancellation) =>
        {
            var name = parsed.GetRequiredValue(id);
            var path = TransactionArgument.PathOf(name);
            using var node = GlobalOptions.Connect(parsed, caller);

            // A mistyped id is reported before the question.
            var state = (string?)(await DescribeTransaction.ReadAsync(node, path, cancellation))["state"];
            caller.Terminal.Confirm($"Abort the transaction of {name}, which is {state}, and fence its producer?", parsed.GetValue(YesOption.Instance));
            await node.SendAsync(HttpMethod.Post, $"{path}:abort", null, cancellation);
            caller.Terminal.Note(state is "Ongoing" or "PrepareAbort" ? $"aborted the transaction of {name}" : $"{name} has no open transaction");
            return 0;
        });
        return command;
    }
}
