using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Cli.Output;
using Loire.Cli.Terminals;
using Loire.Cli.Topics;

namespace Loire.Cli.Transactions;

/// <summary><c>loire producer</c>: what partitions remember of idempotent producers.</summary>
internal static class ProducerCommand
{
    public static Command Create(Caller caller) => new("producer", "Show the idempotent and transactional producers of partitions.") { List(caller) };

    private static Command List(Caller caller)
    {
        var name = TopicArgument.Create(caller);
        var number = new Argument<int?>("partition") { Description = "Only this partition.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("list", "Lists the producers that each partition of a topic remembers, with the first offset of an open transaction.")
        {
            name, number, OutputOption.Instance,
        };
        command.Aliases.Add("ls");
        command.SetAction(async (parsed, cancellation) =>
        {
            var topic = TopicArgument.Check(parsed.GetRequiredValue(name));
            using var node = GlobalOptions.Connect(parsed, caller);
            var partitions = await node.SelectPartitionsAsync(topic, parsed.GetValue(number) is { } one ? [one] : [], cancellation);
            var producers = await PartitionOffsets.EachAsync(partitions, (partition, ending) => ReadAsync(node, topic, partition, ending), cancellation);
            Listing.Write(
                caller.Terminal, OutputOption.Of(parsed), [.. producers.SelectMany(rows => rows)],
                "partition", "producer_id", "producer_epoch", "last_sequence", "last_timestamp", "transaction_start_offset");
            return 0;
        });
        return command;
    }

    private static async Task<List<JsonObject>> ReadAsync(NodeClient node, string topic, int partition, CancellationToken cancellation)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"{NodeClient.TopicPath(topic)}/partitions/{partition}/producers");
        var producers = await node.GetAsync(path, cancellation) as JsonArray ?? throw NodeException.FromAnswer(200, null);
        var rows = producers.OfType<JsonObject>().ToList();
        producers.Clear();
        rows.ForEach(row => row.Insert(0, "partition", partition));
        return rows;
    }
}
