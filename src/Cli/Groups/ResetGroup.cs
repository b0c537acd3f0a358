using System.CommandLine;
using System.Text.Json.Nodes;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Cli.Output;
using Loire.Cli.Terminals;
using Loire.Cli.Topics;

namespace Loire.Cli.Groups;

/// <summary><c>loire group reset</c>: shows the new offsets, and with <c>--execute</c> sets them.</summary>
internal static class ResetGroup
{
    public static Command Create(Caller caller)
    {
        var id = GroupArgument.Create(caller);
        var target = new ResetTargetOptions();
        var topics = new Option<string[]>("--topic", "-t")
        {
            Description = "Only this topic, or these partitions of it; may be repeated. By default all partitions with committed offsets.",
            HelpName = "TOPIC[:P,P...]",
        };
        topics.CompletionSources.Add(context => TopicArgument.Names(context.ParseResult, caller, context.WordToComplete));
        var execute = new Option<bool>("--execute", "--yes", "-y") { Description = "Set the offsets; without it nothing is changed." };
        var command = new Command("reset", "Shows the result of resetting a group's offsets, and with --execute sets them.")
        {
            id, topics, execute, OutputOption.Instance,
        };
        target.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var group = GroupArgument.Check(parsed.GetRequiredValue(id));
            var isDone = parsed.GetValue(execute);
            var body = target.Read(parsed, caller.Time);
            body["dry_run"] = !isDone;
            if (TopicSelection.Parse(parsed.GetValue(topics) ?? []) is { } selected)
            {
                body["topics"] = selected;
            }

            using var node = GlobalOptions.Connect(parsed, caller);
            var answer = await node.SendAsync(HttpMethod.Post, $"{NodeClient.GroupPath(group)}/offsets:reset", body, cancellation);
            var resets = answer.Document as JsonArray ?? throw NodeException.FromAnswer(200, null);
            JsonObject[] rows = [.. resets.OfType<JsonObject>()];
            resets.Clear();
            Listing.Write(
                caller.Terminal, OutputOption.Of(parsed), rows,
                "topic_name", "partition", "old_offset", "new_offset", "log_start_offset", "high_watermark");
            caller.Terminal.Note(isDone ? $"reset {rows.Length} offsets of group {group}" : "nothing was changed; --execute does it");
            return 0;
        });
        return command;
    }
}
