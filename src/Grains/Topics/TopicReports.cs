using Loire.Coordination.Topics;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Journals;
using Loire.Grains.Turns;
using Loire.Model;

namespace Loire.Grains.Topics;

/// <summary>
/// What the partitions of one topic have reported of their logs, and the closed ones that are due for retention or compaction. Runs on the topic's scheduler.
/// </summary>
/// <param name="name">The topic.</param>
/// <param name="topic">Its state.</param>
/// <param name="turns">One change of the topic at a time.</param>
/// <param name="peers">Calls partitions and the catalog.</param>
/// <param name="time">The clock.</param>
/// <param name="retired">Ends the waits for partitions.</param>
internal sealed class TopicReports(
    TopicName name, JournaledState<TopicState, TopicRecord> topic, SemaphoreSlim turns, ITopicPeers peers, TimeProvider time,
    CancellationToken retired)
{
    private const int AtOnce = 4;

    // By when the catalog asks, as far as this activation has told it.
    private Timestamp? _told;

    private Timestamp Now => Timestamp.From(time.GetUtcNow());

    /// <summary>Makes reports durable that say something new.</summary>
    public async Task<ErrorCode> RecordAsync(TopicId id, IReadOnlyList<PartitionReport> reports)
    {
        await turns.WaitAsync();
        try
        {
            // Not refreshed: if there is another owner, the write fails, or nothing was worth one.
            var error = await topic.OpenAsync();
            var decision = error == ErrorCode.None ? ReportRules.Report(topic.State, id, reports, Now) : new(error, null, []);
            if (decision.Records.Count == 0)
            {
                return decision.Error;
            }

            error = await topic.CommitAsync(decision.Records);
            if (error == ErrorCode.None)
            {
                await TellCatalogAsync();
            }

            return error;
        }
        finally
        {
            turns.Release();
        }
    }

    /// <summary>Describes the logs of the partitions that have reported.</summary>
    public PartitionLogDescription[] Describe()
    {
        var (state, now) = (topic.DurableState, Now);
        return [.. state.Reports.Values.Select(report => ReportRules.DueOf(state, report.Partition, now) is { } due
            ? new PartitionLogDescription(report, due.At, due.Reason)
            : new PartitionLogDescription(report, Timestamp.None, DueReason.Unknown))];
    }

    /// <summary>Opens the partitions that are due, a few at a time.</summary>
    /// <param name="max">How many at most.</param>
    public async Task<TopicRetainResult> RetainAsync(int max)
    {
        var (id, due) = (topic.State.Id, ReportRules.Due(topic.State, Now).Take(max).ToList());
        var reports = new List<PartitionReport>();
        await BoundedCalls.ForEach(due, AtOnce, async partition =>
        {
            var answer = await peers.Retain(new PartitionKey(name, id, partition));
            if (answer.Report is { } report)
            {
                reports.Add(report);
            }

            return answer.Error;
        }, retired);
        var error = due.Count == 0 ? ErrorCode.None : await RecordAsync(id, reports);
        _told = error == ErrorCode.None ? ReportRules.NextDue(topic.State, Now) : null;
        return new TopicRetainResult(error, due.Count, _told is { } next ? WaitUntil(next) : null);
    }

    /// <summary>Tells the catalog if a partition is due earlier than it knows. Should the call be lost, the catalog asks within a day.</summary>
    public async Task TellCatalogAsync()
    {
        if (!topic.State.Reports.IsEmpty && ReportRules.NextDue(topic.State, Now) is { } due && (_told is not { } told || due < told)
            && await peers.RetainWithin(name, WaitUntil(due)) == ErrorCode.None)
        {
            _told = due;
        }
    }

    /// <summary>The reports of partitions that a change of the topic creates: they need not be opened to learn that they are empty.</summary>
    public async ValueTask<IEnumerable<TopicRecord>> OfNewPartitionsAsync(IReadOnlyList<TopicRecord> change)
    {
        var (first, count) = (topic.State.PartitionsCount, change.Aggregate(topic.State, (state, record) => state.Apply(record)).PartitionsCount);
        return count > first && await peers.HaveReports()
            ? [new TopicRecord.PartitionsReported([.. Enumerable.Range(first, count - first).Select(added => PartitionReport.Empty(added, Now))])]
            : [];
    }

    private TimeSpan WaitUntil(Timestamp due) => TimeSpan.FromMilliseconds(Math.Max(0, due.Milliseconds - Now.Milliseconds));
}
