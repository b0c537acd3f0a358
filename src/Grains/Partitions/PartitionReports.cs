using System.Collections.Concurrent;
using Loire.Coordination.Topics;
using Loire.Grains.Turns;
using Loire.Model;

namespace Loire.Grains.Partitions;

/// <summary>
/// Tells topics how their partitions stand: of the partitions of this silo those whose report is worth it, in one call for each topic. What cannot
/// be told is told by the next sweep. Thread-safe.
/// </summary>
/// <param name="send">Sends reports to a topic, and returns whether it has confirmed them; never throws.</param>
/// <param name="time">The clock.</param>
public sealed class PartitionReports(Func<TopicName, TopicId, PartitionReport[], ValueTask<ErrorCode>> send, TimeProvider time)
{
    // As many partitions close between two sweeps if a silo with many leaves them all; the topics find those beyond by the age of their reports.
    private const int MaxClosed = 100_000;

    private readonly ConcurrentDictionary<PartitionKey, PartitionReport> _closed = new();

    /// <summary>Notes the last state of a partition that closes, or is about to.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="sent">The last report that its topic has confirmed; null if there is none.</param>
    /// <param name="report">The report.</param>
    internal void Closed(PartitionKey partition, PartitionReport? sent, PartitionReport report)
    {
        if (_closed.Count < MaxClosed && ReportRules.IsWorthSending(sent, report, Now))
        {
            _closed[partition] = report;
        }
    }

    /// <summary>The last state of a partition that has closed here, as long as its topic has not confirmed it; null if there is none.</summary>
    internal PartitionReport? Find(PartitionKey partition) => _closed.GetValueOrDefault(partition);

    /// <summary>Sends what is worth it.</summary>
    /// <param name="open">The open partitions of the silo, and their reports.</param>
    /// <param name="atOnce">How many topics are called at once.</param>
    internal async Task SendAsync(IEnumerable<(PartitionDriver Partition, PartitionReport Report)> open, int atOnce = 4)
    {
        var now = Now;
        var reports = new Dictionary<PartitionKey, (PartitionDriver? Partition, PartitionReport Report)>();
        foreach (var (key, report) in _closed)
        {
            reports[key] = (null, report);
        }

        foreach (var (partition, report) in open)
        {
            // One that is open again knows better.
            var isNew = reports.Remove(partition.Key) || ReportRules.IsWorthSending(partition.LastReport, report, now);
            _closed.TryRemove(partition.Key, out _);
            if (isNew)
            {
                reports[partition.Key] = (partition, report);
            }
        }

        await BoundedCalls.ForEach(reports.GroupBy(pair => (pair.Key.Topic, pair.Key.Id)), atOnce, async topic =>
        {
            var error = await send(topic.Key.Topic, topic.Key.Id, [.. topic.Select(pair => pair.Value.Report)]);
            if (error is ErrorCode.None or ErrorCode.UnknownTopicId or ErrorCode.UnknownTopicOrPartition)
            {
                foreach (var (key, (partition, report)) in topic)
                {
                    _closed.TryRemove(KeyValuePair.Create(key, report));
                    if (partition is not null)
                    {
                        partition.LastReport = report with { At = now };
                    }
                }
            }

            return error;
        });
    }

    private Timestamp Now => Timestamp.From(time.GetUtcNow());
}
