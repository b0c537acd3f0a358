using System.Collections.Immutable;
using Loire.Model;

namespace Loire.Coordination.Topics;

/// <summary>
/// Handles the reports of partitions about their logs: which of them are worth a call, which a record, and when the topic's partitions are due.
/// </summary>
public static class ReportRules
{
    /// <summary>How often an open partition reports, whether anything has changed or not.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    private const long LeastChange = 1024 * 1024;

    /// <summary>Whether a partition sends a report.</summary>
    /// <param name="sent">The last one that its topic has confirmed, with the time by the partition's clock; null if there is none.</param>
    /// <param name="report">The new one.</param>
    /// <param name="now">The time of the partition's silo.</param>
    public static bool IsWorthSending(PartitionReport? sent, PartitionReport report, Timestamp now) =>
        sent is null
        || (!report.IsOpen ? sent.IsOpen || !sent.HasLogOf(report)
            : !sent.IsOpen ? !sent.HasLogOf(report)
            : IsOlderThan(sent, Interval, now) || (sent.Start == sent.End) != (report.Start == report.End)
                || Math.Abs(report.Bytes - sent.Bytes) > Math.Max(LeastChange, sent.Bytes / 10));

    /// <summary>Records the reports that say something new.</summary>
    /// <param name="state">The topic.</param>
    /// <param name="id">The creation of the topic to which the partitions belong.</param>
    /// <param name="reports">The reports.</param>
    /// <param name="now">The time of the topic's silo.</param>
    public static Decision<TopicRecord> Report(TopicState state, TopicId id, IEnumerable<PartitionReport> reports, Timestamp now)
    {
        if (state.Phase != TopicPhase.Live || id != state.Id)
        {
            return Decision<TopicRecord>.Refuse(ErrorCode.UnknownTopicId, "The partitions belong to no topic of this name.");
        }

        var settings = PartitionSettingsOf.Topic(state);
        var news = reports.Where(report => report.Partition >= 0 && report.Partition < state.PartitionsCount)
            .Select(report => report with { At = now })
            .Where(report => SaysMore(state.Reports.GetValueOrDefault(report.Partition), report))
            .ToImmutableArray();
        return news.IsEmpty ? Decision<TopicRecord>.Accept() : Decision<TopicRecord>.Accept(new TopicRecord.PartitionsReported(news));

        bool SaysMore(PartitionReport? known, PartitionReport report) =>
            known is null || known.IsOpen || known.IsOpen != report.IsOpen || !known.HasLogOf(report)
            || PartitionDue.Of(known, settings, now)?.At <= now
            || IsOlderThan(known, PartitionDue.MaxReportAge / 2, now);
    }

    /// <summary>The partitions that are due, the longest due first.</summary>
    /// <param name="state">The topic.</param>
    /// <param name="now">The time of the topic's silo.</param>
    public static IEnumerable<int> Due(TopicState state, Timestamp now)
    {
        var settings = PartitionSettingsOf.Topic(state);
        return Enumerable.Range(0, PartitionDue.IsEver(settings) ? state.PartitionsCount : 0)
            .Select(partition => (Partition: partition, Due: DueOf(state, partition, settings, now)))
            .Where(known => known.Due is { } due && due.At <= now)
            .OrderBy(known => known.Due!.Value.At)
            .Select(known => known.Partition);
    }

    /// <summary>When the first partition is due; null if none ever is.</summary>
    /// <param name="state">The topic.</param>
    /// <param name="now">The time of the topic's silo.</param>
    public static Timestamp? NextDue(TopicState state, Timestamp now)
    {
        var settings = PartitionSettingsOf.Topic(state);
        return PartitionDue.IsEver(settings)
            ? Enumerable.Range(0, state.PartitionsCount).Min(partition => DueOf(state, partition, settings, now)?.At)
            : null;
    }

    /// <summary>When a partition is due; null if it never is.</summary>
    /// <param name="state">The topic.</param>
    /// <param name="partition">The number of the partition.</param>
    /// <param name="now">The time of the topic's silo.</param>
    public static PartitionDue? DueOf(TopicState state, int partition, Timestamp now) =>
        DueOf(state, partition, PartitionSettingsOf.Topic(state), now);

    private static PartitionDue? DueOf(TopicState state, int partition, in PartitionSettings settings, Timestamp now) =>
        PartitionDue.Of(state.Reports.GetValueOrDefault(partition), settings, now);

    private static bool IsOlderThan(PartitionReport report, TimeSpan age, Timestamp now) =>
        report.At > now || now.Milliseconds - report.At.Milliseconds >= age.TotalMilliseconds;
}
