using System.CommandLine;
using System.Globalization;
using Loire.Cli.CommandLine;
using Loire.Cli.Output;
using Loire.Cli.Terminals;
using Loire.Cli.Topics;

namespace Loire.Cli.Groups;

/// <summary><c>loire group lag</c>: shows how far each committed offset is behind the end of the log.</summary>
internal static class GroupLag
{
    public static Command Create(Caller caller)
    {
        var id = GroupArgument.Create(caller);
        var topic = new Option<string?>("--topic", "-t") { Description = "Only this topic.", HelpName = "TOPIC" };
        topic.CompletionSources.Add(context => TopicArgument.Names(context.ParseResult, caller, context.WordToComplete));
        var command = new Command("lag", "Shows the committed offsets of a group and how far behind they are.")
        {
            id, topic, OutputOption.Instance,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var group = GroupArgument.Check(parsed.GetRequiredValue(id));
            var only = parsed.GetValue(topic) is { } name ? TopicArgument.Check(name) : null;
            using var node = GlobalOptions.Connect(parsed, caller);
            var rows = await GroupOffsets.ReadAsync(node, group, cancellation, only);
            var total = rows.Sum(row => row["lag"] is { } lag ? (long)lag : 0);
            Listing.Write(caller.Terminal, OutputOption.Of(parsed), rows, GroupOffsets.Columns(rows));
            caller.Terminal.Note(string.Create(CultureInfo.InvariantCulture, $"{rows.Count} partitions, lag {total} in all"));
            return 0;
        });
        return command;
    }
}
