using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Cli.Output;
using Loire.Cli.Terminals;

namespace Loire.Cli.Topics;

/// <summary><c>loire topic get</c>: shows the last record of a key of a compacted topic, or writes its value.</summary>
internal static class LatestRecord
{
    private static readonly string[] Members = ["partition", "offset", "timestamp", "key", "value"];

    public static Command Create(Caller caller)
    {
        var name = TopicArgument.Create(caller);
        var key = new Argument<string>("key") { Description = "The key, in UTF-8." };
        var partition = new Option<int?>("--partition", "-p")
        {
            Description = "The partition that has the key. By default the one of murmur2, Kafka's own; kcat and Confluent's clients use another (crc32).",
            HelpName = "N",
        };
        var onlyValue = new Option<bool>("--value") { Description = "Write the value as it is, and nothing else." };
        var command = new Command("get", "Shows the last record of a key of a compacted topic.")
        {
            name, key, partition, onlyValue, OutputOption.Instance,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var topic = TopicArgument.Check(parsed.GetRequiredValue(name));
            var wanted = parsed.GetRequiredValue(key);
            if (wanted.Length == 0)
            {
                throw CliException.Usage("The key must not be empty.");
            }

            var path = $"{NodeClient.TopicPath(topic)}/keys/{Uri.EscapeDataString(wanted)}";
            path += parsed.GetValue(partition) is { } number ? string.Create(CultureInfo.InvariantCulture, $"?partition={number}") : "";
            using var node = GlobalOptions.Connect(parsed, caller);
            var record = await node.GetAsync(path, cancellation) as JsonObject ?? throw NodeException.FromAnswer(200, null);
            if (parsed.GetValue(onlyValue))
            {
                caller.Terminal.Output.Write(BytesOf(record["value"]));
            }
            else
            {
                Listing.WriteOne(caller.Terminal, OutputOption.Of(parsed), record, Members);
            }

            return 0;
        });
        return command;
    }

    /// <summary>The bytes of a value: a string, or the binary form.</summary>
    private static byte[] BytesOf(JsonNode? value) => value switch
    {
        JsonObject binary when (string?)binary["data"] is { } data => Convert.FromBase64String(data),
        { } text when text.GetValueKind() == JsonValueKind.String => Encoding.UTF8.GetBytes((string)text!),
        _ => throw NodeException.FromAnswer(200, null),
    };
}
