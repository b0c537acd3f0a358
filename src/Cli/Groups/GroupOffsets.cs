using System.Text.Json.Nodes;
using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Cli.Topics;

namespace Loire.Cli.Groups;

/// <summary>The partitions of a group with offset, lag and owner.</summary>
internal static class GroupOffsets
{
    /// <summary>Gets the committed offsets from the node.</summary>
    public static async Task<List<JsonObject>> ReadAsync(
        NodeClient node, string group, CancellationToken cancellation, string? topic = null)
    {
        var query = topic is null ? "" : $"?topic={Uri.EscapeDataString(topic)}";
        var offsets = await node.GetAsync($"{NodeClient.GroupPath(group)}/offsets{query}", cancellation) as JsonArray
            ?? throw NodeException.FromAnswer(200, null);
        var rows = offsets.OfType<JsonObject>().ToList();
        offsets.Clear();
        return rows;
    }

    /// <summary>The members as rows of a table, with their number of partitions.</summary>
    public static JsonObject[] Members(JsonObject description) =>
    [
        .. Objects(description["members"]).Select(member => new JsonObject
        {
            ["member_id"] = Copy(member["member_id"]),
            ["instance_id"] = Copy(member["instance_id"]),
            ["client_id"] = Copy(member["client_id"]),
            ["host"] = Copy(member["host"]),
            ["member_epoch"] = Copy(member["member_epoch"]),
            ["assigned"] = Objects(member["assigned"]).Count(),
            ["target"] = Objects(member["target"]).Count(),
        }),
    ];

    /// <summary>
    /// Adds the owner of its partition to each offset, and a row without an offset for each other assigned partition, sorted by topic and
    /// partition.
    /// </summary>
    public static List<JsonObject> Join(JsonObject description, List<JsonObject> offsets)
    {
        var owners = new Dictionary<(string Topic, int Partition), string>();
        foreach (var member in Objects(description["members"]))
        {
            foreach (var partition in Objects(member["assigned"]))
            {
                owners[KeyOf(partition)] = (string)member["member_id"]!;
            }
        }

        var rows = new List<JsonObject>(offsets);
        var committed = offsets.Select(KeyOf).ToHashSet();
        rows.AddRange(owners.Keys.Where(key => !committed.Contains(key)).Select(key => new JsonObject
        {
            ["topic_name"] = key.Topic,
            ["partition"] = key.Partition,
            ["offset"] = null,
            ["log_end_offset"] = null,
            ["lag"] = null,
        }));
        foreach (var row in rows)
        {
            row["member_id"] = owners.GetValueOrDefault(KeyOf(row));
        }

        return [.. rows.OrderBy(row => KeyOf(row).Topic, StringComparer.Ordinal).ThenBy(row => KeyOf(row).Partition)];
    }

    /// <summary>Gets the end of the log for partitions without a committed offset, whose rows lack it.</summary>
    public static async Task AddEndsAsync(NodeClient node, List<JsonObject> rows, CancellationToken cancellation)
    {
        int[] lacking = [.. Enumerable.Range(0, rows.Count).Where(index => rows[index]["offset"] is null)];
        var ends = await PartitionOffsets.EachAsync(
            lacking,
            async (index, ending) =>
            {
                var (topic, partition) = KeyOf(rows[index]);
                try
                {
                    return Copy((await node.OffsetsAsync(topic, partition, ending))["log_end_offset"]);
                }
                catch (NodeException exception) when (exception.Error == ErrorCode.UnknownTopicOrPartition)
                {
                    return null;
                }
            },
            cancellation);
        for (var i = 0; i < lacking.Length; i++)
        {
            rows[lacking[i]]["log_end_offset"] = ends[i];
        }
    }

    /// <summary>The columns of the table, with one for errors if a log could not be queried.</summary>
    public static string[] Columns(List<JsonObject> rows, params string[] more) =>
    [
        "topic_name", "partition", "offset", "log_end_offset", "lag", .. more,
        .. rows.Exists(row => row["error"] is not null) ? (string[])["error"] : [],
    ];

    /// <summary>The partition of a row.</summary>
    public static (string Topic, int Partition) KeyOf(JsonObject row) => ((string)row["topic_name"]!, (int)row["partition"]!);

    /// <summary>The objects in a list; none if it is missing.</summary>
    public static IEnumerable<JsonObject> Objects(JsonNode? list) => (list as JsonArray ?? []).OfType<JsonObject>();

    private static JsonNode? Copy(JsonNode? value) => value?.DeepClone();
}
