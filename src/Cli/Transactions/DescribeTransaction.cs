using System.CommandLine;
using System.Text.Json.Nodes;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Cli.Output;
using Loire.Cli.Terminals;
using Spectre.Console;

namespace Loire.Cli.Transactions;

/// <summary><c>loire txn describe</c>: shows a transactional id, its producer and its open transaction.</summary>
internal static class DescribeTransaction
{
    public static Command Create(Caller caller)
    {
        var id = TransactionArgument.Create(caller);
        var command = new Command("describe", "Shows a transactional id, its producer, and what its open transaction has written to.")
        {
            id, OutputOption.Instance,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var path = TransactionArgument.PathOf(parsed.GetRequiredValue(id));
            using var node = GlobalOptions.Connect(parsed, caller);
            var transaction = await ReadAsync(node, path, cancellation);
            var format = OutputOption.Of(parsed);
            if (format != OutputFormat.Table)
            {
                Listing.WriteOne(caller.Terminal, format, transaction);
                return 0;
            }

            JsonObject[] partitions = [.. (transaction["partitions"] as JsonArray ?? []).OfType<JsonObject>()];
            JsonObject[] groups =
                [.. (transaction["groups"] as JsonArray ?? []).Select(group => new JsonObject { ["group_id"] = group?.DeepClone() })];
            caller.Terminal.Draw(console =>
            {
                console.Write(Listing.Members(
                    transaction, "transactional_id", "state", "producer_id", "producer_epoch", "timeout_ms", "started_at", "duration_ms"));
                if (partitions.Length > 0)
                {
                    console.WriteLine();
                    console.Write(Listing.Table(partitions, "topic_name", "partition"));
                }

                if (groups.Length > 0)
                {
                    console.WriteLine();
                    console.Write(Listing.Table(groups, "group_id"));
                }
            });
            return 0;
        });
        return command;
    }

    /// <summary>Gets the description at a path.</summary>
    public static async Task<JsonObject> ReadAsync(NodeClient node, string path, CancellationToken cancellation) =>
        await node.GetAsync(path, cancellation) as JsonObject ?? throw NodeException.FromAnswer(200, null);
}
