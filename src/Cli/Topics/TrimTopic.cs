using System.CommandLine;
using System.Text.Json.Nodes;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Cli.Output;
using Loire.Cli.Terminals;

namespace Loire.Cli.Topics;

/// <summary><c>loire topic trim</c>: shows what would be deleted, and with <c>--execute</c> deletes it.</summary>
internal static class TrimTopic
{
    public static Command Create(Caller caller)
    {
        var name = TopicArgument.Create(caller);
        var partitions = new Option<int[]>("--partition", "-p")
        {
            Description = "Only this partition; may be repeated. By default all.",
            HelpName = "P",
        };
        var offset = new Option<long?>("--before-offset") { Description = "Delete the records before this offset.", HelpName = "N" };
        var time = new Option<string?>("--before-time")
        {
            Description = "Delete the records before the first one at or after this time: ISO 8601, local without an offset, -1h for an hour ago, "
                + "or milliseconds since 1970.",
            HelpName = "TIME",
        };
        var all = new Option<bool>("--all") { Description = "Delete all records." };
        var execute = new Option<bool>("--execute", "--yes", "-y") { Description = "Delete the records; without it nothing is changed." };
        var command = new Command("trim", "Shows which of the oldest records would be deleted, and with --execute deletes them.")
        {
            name, partitions, offset, time, all, execute, OutputOption.Instance,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var topic = TopicArgument.Check(parsed.GetRequiredValue(name));
            var isDone = parsed.GetValue(execute);
            var body = Target(parsed.GetValue(offset), parsed.GetValue(time), parsed.GetValue(all), caller.Time);
            body["dry_run"] = !isDone;
            if (parsed.GetValue(partitions) is { Length: > 0 } some)
            {
                body["partitions"] = new JsonArray([.. some.Select(partition => JsonValue.Create(partition))]);
            }

            using var node = GlobalOptions.Connect(parsed, caller);
            var answer = await node.SendAsync(HttpMethod.Post, $"{NodeClient.TopicPath(topic)}/records:delete", body, cancellation);
            var deletions = answer.Document as JsonArray ?? throw NodeException.FromAnswer(200, null);
            JsonObject[] rows = [.. deletions.OfType<JsonObject>()];
            deletions.Clear();
            Listing.Write(caller.Terminal, OutputOption.Of(parsed), rows, "partition", "old_log_start_offset", "log_start_offset", "high_watermark");
            caller.Terminal.Note(isDone ? $"trimmed {rows.Length} partitions of topic {topic}" : "nothing was changed; --execute does it");
            return 0;
        });
        return command;
    }

    private static JsonObject Target(long? offset, string? time, bool all, TimeProvider clock) => (offset, time, all) switch
    {
        ( >= 0, null, false) => new JsonObject { ["to"] = "offset", ["value"] = offset },
        (null, { } text, false) => Moment.TryParse(text, clock, out var moment)
            ? new JsonObject { ["to"] = "timestamp", ["value"] = moment.Milliseconds }
            : throw CliException.Usage($"--before-time {Moment.Expected}."),
        (null, null, true) => new JsonObject { ["to"] = "latest" },
        ( < 0, null, false) => throw CliException.Usage("--before-offset must be at least 0."),
        _ => throw CliException.Usage("Say what to delete, once.", "--before-offset N, --before-time TIME or --all."),
    };
}
