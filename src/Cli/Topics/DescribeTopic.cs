using System.CommandLine;
using System.Text.Json.Nodes;
using Loire.Cli.CommandLine;
using Loire.Cli.Node;
using Loire.Cli.Output;
using Loire.Cli.Terminals;
using Spectre.Console;

namespace Loire.Cli.Topics;

/// <summary><c>loire topic describe</c>: shows the topic, its partitions with the bounds of their logs, and its settings.</summary>
internal static class DescribeTopic
{
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
            var format = OutputOption.Of(parsed);
            if (format != OutputFormat.Table)
            {
                description["partitions"] = new JsonArray([.. partitions]);
                description["configs"] = configs;
                Listing.WriteOne(caller.Terminal, format, description);
                return 0;
            }

            caller.Terminal.Draw(console =>
            {
                console.Write(Listing.Members(description, TopicCommand.Members));
                console.WriteLine();
                console.Write(Listing.Table(partitions, PartitionOffsets.Columns));
                console.WriteLine();
                console.Write(Listing.Table([.. configs.OfType<JsonObject>()], TopicCommand.ConfigColumns));
            });
            return 0;
        });
        return command;
    }
}
