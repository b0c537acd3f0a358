using System.Globalization;
using System.Text.Json.Nodes;
using Loire.Cli.Failures;
using Loire.Cli.Topics;

namespace Loire.Cli.Groups;

/// <summary>Topics and partitions on the command line: <c>orders</c> for a whole topic, <c>orders:0,3</c> for some partitions.</summary>
internal static class TopicSelection
{
    /// <summary>The selection in the form of the HTTP API; null if nothing is named.</summary>
    public static JsonArray? Parse(string[] texts)
    {
        var topics = new SortedDictionary<string, SortedSet<int>?>(StringComparer.Ordinal);
        foreach (var text in texts)
        {
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            var topic = TopicArgument.Check(colon < 0 ? text : text[..colon]);
            var wanted = colon < 0 ? null : Partitions(text, text[(colon + 1)..]);
            if (topics.TryGetValue(topic, out var before) && (before is null || wanted is null || before.Overlaps(wanted)))
            {
                throw CliException.Usage($"Topic {topic} is given twice.");
            }

            if (before is not null)
            {
                wanted!.UnionWith(before);
            }

            topics[topic] = wanted;
        }

        return topics.Count == 0 ? null : new JsonArray([.. topics.Select(ToJson)]);
    }

    private static SortedSet<int> Partitions(string text, string numbers)
    {
        var partitions = new SortedSet<int>();
        foreach (var number in numbers.Split(','))
        {
            if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var partition) || !partitions.Add(partition))
            {
                throw CliException.Usage($"'{text}' names no partitions.", "it looks like orders:0 or orders:0,3.");
            }
        }

        return partitions;
    }

    private static JsonObject ToJson(KeyValuePair<string, SortedSet<int>?> topic)
    {
        var json = new JsonObject { ["topic_name"] = topic.Key };
        if (topic.Value is { } partitions)
        {
            json["partitions"] = new JsonArray([.. partitions.Select(partition => JsonValue.Create(partition))]);
        }

        return json;
    }
}
