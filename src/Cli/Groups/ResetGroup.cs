using System.CommandLine;
using System.Text.Json.Nodes;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Cli.Output;
using Loire.Cli.Terminals;
using Loire.Cli.Topics;

namespace Loire.Cli.Groups;

/// <summary><c>loire group reset</c>: shows where the offsets would go, and with <c>--execute</c> lets them go there.</summary>
internal static class ResetGroup
{
    public static Command Create(Caller caller)
    {
        var id = GroupArgument.Create(caller);
        var target = new ResetTargetOptions();
        var topics = new Option<string[]>("--topic", "-t")
        {
            Description = "Only this topic, or these partitions of it; may be repeated. Otherwise all that the group has offsets of.",
            HelpName = "TOPIC[:P,P...]",
        };
        topics.CompletionSources.Add(context => TopicArgument.Names(context.ParseResult, caller, context.WordToComplete));
        var execute = new Option<bool>("--execute", "--yes", "-y") { Description = "Do it; otherwise nothing is changed." };
        var command = new Command("reset", "Shows where a reset of the group's offsets leads, and with --execute does it.")
        {
            id, topics, execute, OutputOption.Instance,
        };
        target.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var group = GroupArgument.Check(parsed.GetRequiredValue(id));
            var isDone = parsed.GetValue(execute);
            var body = target.Read(parsed);
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
