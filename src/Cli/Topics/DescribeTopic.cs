using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Loire.Cli.CommandLine;
using Loire.Cli.Node;
using Loire.Cli.Output;
using Loire.Cli.Terminals;
using Spectre.Console;

namespace Loire.Cli.Topics;

/// <summary><c>loire topic describe</c>: shows the topic, its partitions with the bounds and sizes of their logs, and its settings.</summary>
internal static class DescribeTopic
{
    private static readonly string[] PartitionColumns =
        [.. PartitionOffsets.Columns, "size_bytes", "oldest", "reported", "retention_due", "reason"];

    public static Command Create(Caller caller)
    {
        var name = TopicArgument.Create(caller);
        var command = new Command("describe", "Shows a topic, its partitions and its settings.") { name, OutputOption.Instance };
        command.SetAction(async (parsed, cancellation) =>
        {
            var topic = TopicArgument.Check(parsed.GetRequiredValue(name));
            using var node = GlobalOptions.Connect(parsed, caller);
            var description = (JsonObject)(await node.GetAsync(NodeClient.TopicPath(topic), cancellation))!;
            var configs = (JsonArray)(await node.GetAsync($"{NodeClient.TopicPath(topic)}/configs", cancellation))!;
            var partitions = await PartitionOffsets.ReadAsync(
                node, topic, await node.SelectPartitionsAsync(topic, [], cancellation), cancellation);
            var logs = ((JsonArray)(await node.GetAsync($"{NodeClient.TopicPath(topic)}/partitions", cancellation))!)
                .ToDictionary(partition => (int)partition!["partition"]!, partition => partition!["log"] as JsonObject);
            var format = OutputOption.Of(parsed);
            if (format != OutputFormat.Table)
            {
                foreach (var partition in partitions)
                {
                    partition["log"] = logs.GetValueOrDefault((int)partition["partition"]!)?.DeepClone();
                }

                description["partitions"] = new JsonArray([.. partitions]);
                description["configs"] = configs;
                Listing.WriteOne(caller.Terminal, format, description);
                return 0;
            }

            foreach (var partition in partitions)
            {
                AddColumns(partition, logs.GetValueOrDefault((int)partition["partition"]!));
            }

            description["size_bytes"] = description["log"]?["size_bytes"]?.DeepClone();
            caller.Terminal.Draw(console =>
            {
                console.Write(Listing.Members(description, [.. TopicCommand.Members, "size_bytes"]));
                console.WriteLine();
                console.Write(Listing.Table(partitions, PartitionColumns));
                console.WriteLine();
                console.Write(Listing.Table([.. configs.OfType<JsonObject>()], TopicCommand.ConfigColumns));
            });
            return 0;
        });
        return command;
    }
    private static void AddColumns(JsonObject partition, JsonObject? log)
    {
        partition["size_bytes"] = log?["size_bytes"]?.DeepClone();
        partition["oldest"] = Time(log?["oldest_timestamp"]);
        partition["reported"] = Time(log?["reported_at"]);
        partition["retention_due"] = Time(log?["retention_due_at"]);
        partition["reason"] = ((string?)log?["retention_due_reason"])?.ToLowerInvariant();
    }

    private static string? Time(JsonNode? milliseconds) => milliseconds is null
        ? null
        : DateTimeOffset.FromUnixTimeMilliseconds((long)milliseconds).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
