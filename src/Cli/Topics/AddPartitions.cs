using System.CommandLine;
using System.Text.Json.Nodes;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Cli.Output;
using Loire.Cli.Terminals;

namespace Loire.Cli.Topics;

/// <summary><c>loire topic add-partitions</c>.</summary>
internal static class AddPartitions
{
    public static Command Create(Caller caller)
    {
        var name = TopicArgument.Create(caller);
        var more = new Option<int?>("--num", "-n") { Description = "Number of partitions to add.", HelpName = "N" };
        var total = new Option<int?>("--total") { Description = "Number of partitions in total.", HelpName = "N" };
        var validate = new Option<bool>("--validate-only") { Description = "Check, but change nothing." };
        var command = new Command(
            "add-partitions", "Adds partitions; the partition of a key may change.") { name, more, total, validate, OutputOption.Instance };
        command.SetAction(async (parsed, cancellation) =>
        {
            var topic = TopicArgument.Check(parsed.GetRequiredValue(name));
            var (num, all) = (parsed.GetValue(more), parsed.GetValue(total));
            if ((num is null) == (all is null) || num < 1 || all < 1)
            {
                throw CliException.Usage("Give --num N for N more partitions, or --total N for N altogether.");
            }

            using var node = GlobalOptions.Connect(parsed, caller);
            var wanted = all ?? await node.PartitionsCountAsync(topic, cancellation) + num!.Value;
            var body = new JsonObject { ["partitions_count"] = wanted, ["validate_only"] = parsed.GetValue(validate) };
            var changed = (await node.SendAsync(HttpMethod.Patch, NodeClient.TopicPath(topic), body, cancellation)).Document as JsonObject;
            Listing.WriteOne(caller.Terminal, OutputOption.Of(parsed), changed ?? [], TopicCommand.Members);
            return 0;
        });
        return command;
    }
}
