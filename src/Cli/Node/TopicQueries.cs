using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Loire.Cli.Failures;
using Loire.Model;

namespace Loire.Cli.Node;

/// <summary>Queries about topics that several commands use.</summary>
internal static class TopicQueries
{
    private const int TopicsPerPage = 1_000;

    public static async Task<int> PartitionsCountAsync(this NodeClient node, string topic, CancellationToken cancellation) =>
        (int)((await node.GetAsync(NodeClient.TopicPath(topic), cancellation))?["partitions_count"]
            ?? throw NodeException.FromAnswer(200, null));

    /// <summary>Whether the whole name of a topic matches a pattern; true for a pattern that only the node can judge.</summary>
    public static async Task<bool> IsAnyTopicLikeAsync(this NodeClient node, string pattern, CancellationToken cancellation)
    {
        Regex whole;
        try
        {
            _ = new Regex(pattern, RegexOptions.NonBacktracking);
            whole = new Regex($"\\A(?:{pattern})\\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception problem) when (problem is ArgumentException or NotSupportedException)
        {
            return true;
        }

        var topics = await ListPages.ReadAsync(node, "v1/topics", TopicsPerPage, int.MaxValue, cancellation);
        return topics.Exists(topic => (string?)topic["topic_name"] is { } name && whole.IsMatch(name));
    }

    /// <summary>Gets the bounds of a partition's log.</summary>
    public static async Task<JsonObject> OffsetsAsync(this NodeClient node, string topic, int partition, CancellationToken cancellation) =>
        await node.GetAsync($"{NodeClient.TopicPath(topic)}/partitions/{partition}/offsets", cancellation) as JsonObject
            ?? throw NodeException.FromAnswer(200, null);

    /// <summary>Finds the offset of the first record at or after a time; null if every record is older.</summary>
    public static async Task<JsonObject> OffsetAtAsync(
        this NodeClient node, string topic, int partition, Timestamp time, CancellationToken cancellation)
    {
        var moment = time.Milliseconds.ToString(CultureInfo.InvariantCulture);
        return await node.GetAsync(
            $"{NodeClient.TopicPath(topic)}/partitions/{partition}/offsets?timestamp={moment}", cancellation) as JsonObject
            ?? throw NodeException.FromAnswer(200, null);
    }

    /// <summary>Gets the topic's <c>max.message.bytes</c>.</summary>
    public static async Task<int> MaxMessageBytesAsync(this NodeClient node, string topic, CancellationToken cancellation)
    {
        var config = await node.GetAsync($"{NodeClient.TopicPath(topic)}/configs/max.message.bytes", cancellation);
        return int.TryParse((string?)config?["value"], CultureInfo.InvariantCulture, out var bytes)
            ? Math.Clamp(bytes, Model.Batches.RecordBatch.HeaderSize, Limits.BatchBytes)
            : Limits.DefaultMaxMessageBytes;
    }

    /// <summary>Returns the given partitions, or all; fails if the topic lacks one of them.</summary>
    public static async Task<int[]> SelectPartitionsAsync(this NodeClient node, string topic, int[] wanted, CancellationToken cancellation)
    {
        var count = await node.PartitionsCountAsync(topic, cancellation);
        if (wanted.Length == 0)
        {
            return [.. Enumerable.Range(0, count)];
        }

        var least = wanted.Min();
        var unknown = least < 0 ? least : wanted.Max();
        return unknown >= 0 && unknown < count
            ? [.. wanted.Distinct().Order()]
            : throw new NodeException(
                ErrorCode.UnknownTopicOrPartition,
                $"Topic {topic} has the partitions 0 to {count - 1}, not {unknown}.",
                ExitCode.NotFound,
                isRetriable: false,
                Hints.For(ErrorCode.UnknownTopicOrPartition));
    }
}
