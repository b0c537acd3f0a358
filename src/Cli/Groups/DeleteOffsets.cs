using System.CommandLine;
using System.Text.Json.Nodes;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Cli.Terminals;
using Loire.Cli.Topics;

namespace Loire.Cli.Groups;

/// <summary><c>loire group delete-offsets</c>: deletes some of a group's offsets.</summary>
internal static class DeleteOffsets
{
    public static Command Create(Caller caller)
    {
        var id = GroupArgument.Create(caller);
        var topics = new Option<string[]>("--topic", "-t")
        {
            Description = "This topic, or these partitions of it; may be repeated.",
            HelpName = "TOPIC[:P,P...]",
            Required = true,
        };
        topics.CompletionSources.Add(context => TopicArgument.Names(context.ParseResult, caller, context.WordToComplete));
        var command = new Command("delete-offsets", "Deletes committed offsets of a group in topics to which no member subscribes.")
        {
            id, topics, YesOption.Instance,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var group = GroupArgument.Check(parsed.GetRequiredValue(id));
            var selected = TopicSelection.Parse(parsed.GetRequiredValue(topics))
                ?? throw CliException.Usage("Name a topic.", "-t orders or -t orders:0,3.");
            using var node = GlobalOptions.Connect(parsed, caller);
            var before = await GroupOffsets.ReadAsync(node, group, cancellation);
            var where = string.Join(", ", parsed.GetRequiredValue(topics));
            caller.Terminal.Confirm($"Delete the offsets of group {group} in {where}?", parsed.GetValue(YesOption.Instance));
            var body = new JsonObject { ["topics"] = selected };
            await node.SendAsync(HttpMethod.Delete, $"{NodeClient.GroupPath(group)}/offsets", body, cancellation);
            var left = await GroupOffsets.ReadAsync(node, group, cancellation);
            caller.Terminal.Note($"deleted {before.Count - left.Count} offsets of group {group}");
            return 0;
        });
        return command;
    }
}
