using System.CommandLine;
using System.Globalization;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Cli.Terminals;
using Loire.Cli.Topics;

namespace Loire.Cli.Transactions;

/// <summary>
/// <c>loire txn abort</c>: aborts the open transaction of a transactional id and fences its producer; or one that hangs, which only its partition knows.
/// </summary>
internal static class AbortTransaction
{
    public static Command Create(Caller caller)
    {
        var id = TransactionArgument.CreateOptional(caller);
        var topic = new Option<string?>("--topic", "-t") { Description = "The topic of a transaction that hangs.", HelpName = "TOPIC" };
        topic.CompletionSources.Add(context => TopicArgument.Names(context.ParseResult, caller, context.WordToComplete));
        var partition = new Option<int?>("--partition", "-p") { Description = "Its partition.", HelpName = "N" };
        var start = new Option<long?>("--start-offset") { Description = "The offset of its first record, as 'loire txn hanging' shows it.", HelpName = "OFFSET" };
        var command = new Command(
            "abort",
            "Aborts the open transaction of a transactional id, and fences its producer. With --topic, --partition and --start-offset instead of the id: one that hangs.")
        {
            id, topic, partition, start, YesOption.Instance,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var place = (Topic: parsed.GetValue(topic), Partition: parsed.GetValue(partition), Start: parsed.GetValue(start));
            using var node = GlobalOptions.Connect(parsed, caller);
            switch (parsed.GetValue(id), place)
            {
                case ({ } name, (null, null, null)):
                    await AbortAsync(caller, parsed, node, name, cancellation);
                    return 0;
                case (null, ({ } named, { } number and >= 0, { } offset and >= 0)):
                    await AbortHangingAsync(caller, parsed, node, TopicArgument.Check(named), number, offset, cancellation);
                    return 0;
                default:
                    throw CliException.Usage(
                        "Name either a transactional id, or a transaction that hangs by --topic, --partition and --start-offset.", "'loire txn hanging' finds those.");
            }
        });
        return command;
    }

    private static async Task AbortAsync(Caller caller, ParseResult parsed, NodeClient node, string name, CancellationToken cancellation)
    {
        // A mistyped id is reported before the question.
        var path = TransactionArgument.PathOf(name);
        var state = (string?)(await DescribeTransaction.ReadAsync(node, path, cancellation))["state"];
        caller.Terminal.Confirm($"Abort the transaction of {name}, which is {state}, and fence its producer?", parsed.GetValue(YesOption.Instance));
        await node.SendAsync(HttpMethod.Post, $"{path}:abort", null, cancellation);
        caller.Terminal.Note(state is "Ongoing" or "PrepareAbort" ? $"aborted the transaction of {name}" : $"{name} has no open transaction");
    }

    private static async Task AbortHangingAsync(
        Caller caller, ParseResult parsed, NodeClient node, string topic, int partition, long start, CancellationToken cancellation)
    {
        var place = string.Create(CultureInfo.InvariantCulture, $"at offset {start} of {topic}-{partition}");
        caller.Terminal.Confirm($"Abort the transaction {place}, if it hangs?", parsed.GetValue(YesOption.Instance));
        var path = string.Create(CultureInfo.InvariantCulture, $"{NodeClient.TopicPath(topic)}/partitions/{partition}/transactions/{start}:abort");
        await node.SendAsync(HttpMethod.Post, path, null, cancellation);
        caller.Terminal.Note($"aborted the transaction {place}");
    }
}
