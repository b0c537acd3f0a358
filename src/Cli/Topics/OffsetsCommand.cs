using System.CommandLine;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Cli.Output;
using Loire.Cli.Terminals;
using Loire.Model;

namespace Loire.Cli.Topics;

/// <summary><c>loire offsets</c>: shows the bounds of each partition's log, or the offset of a time.</summary>
internal static class OffsetsCommand
{
    public static Command Create(Caller caller)
    {
        var name = TopicArgument.Create(caller);
        var partitions = new Option<int[]>("--partition", "-p") { Description = "Only this partition; may be repeated.", HelpName = "N" };
        var time = new Option<string?>("--timestamp")
        {
            Description = "The first offset at or after this time: milliseconds since 1970, or ISO 8601.",
            HelpName = "TIME",
        };
        var command = new Command(
            "offsets", "Shows the offsets that bound each partition.") { name, partitions, time, OutputOption.Instance };
        command.SetAction(async (parsed, cancellation) =>
        {
            var topic = TopicArgument.Check(parsed.GetRequiredValue(name));
            var moment = parsed.GetValue(time) is { } text
                ? Timestamp.TryParse(text, out var at) ? at : throw CliException.Usage($"--timestamp {Timestamp.Expected}.")
                : (Model.Timestamp?)null;
            using var node = GlobalOptions.Connect(parsed, caller);
            var wanted = await node.SelectPartitionsAsync(topic, parsed.GetValue(partitions) ?? [], cancellation);
            var rows = moment is { } asked
                ? await PartitionOffsets.ReadAtAsync(node, topic, wanted, asked, cancellation)
                : await PartitionOffsets.ReadAsync(node, topic, wanted, cancellation);
            Listing.Write(caller.Terminal, OutputOption.Of(parsed), rows, moment is null ? PartitionOffsets.Columns
                : ["partition", "offset", "timestamp"]);
            return 0;
        });
        return command;
    }
}
