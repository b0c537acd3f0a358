using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Client.Hosting;

/// <content>The partitions that a session reads, where it starts in each, and what it commits.</content>
internal sealed partial class HandlerSession
{
    /// <summary>A partition to add to those that are read.</summary>
    /// <param name="Partition">The partition.</param>
    /// <param name="Stage">0 for the topic itself, otherwise the number of the retry topic, from 1.</param>
    /// <param name="From">The start; null leaves it to the consumer's <c>auto.offset.reset</c>.</param>
    private sealed record NewPartition(TopicPartition Partition, int Stage, OffsetSpec? From);

    /// <summary>
    /// Commits positions and looks for new partitions, each at its interval. A failure is logged and retried at the next interval; reading
    /// continues, and its fetches detect a cluster that is down.
    /// </summary>
    private async Task MaintainAsync()
    {
        var looked = time.GetTimestamp();
        while (!_reading.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(options.CommitInterval, time, _reading.Token);
                await CommitAsync(_flows.Values, _reading.Token);
                if (options.GroupId is null && _found is null && time.GetElapsedTime(looked) >= options.MetadataMaxAge)
                {
                    looked = time.GetTimestamp();
                    if (await FindNewAsync(isFirst: false, _reading.Token) is { Count: > 0 } found)
                    {
                        _found = found;
                        await _pass.CancelAsync();
                    }
                }
            }
            catch (OperationCanceledException) when (_reading.IsCancellationRequested)
            {
                return;
            }
            catch (Exception problem)
            {
                MaintenanceFailed(problem, options.Name);
            }
        }
    }

    private async Task<IReadOnlyList<NewPartition>> FindNewAsync(bool isFirst, CancellationToken cancellation)
    {
        var found = new List<NewPartition>();
        for (var stage = 0; stage < Stages.Length; stage++)
        {
            var count = (await admin.DescribeTopicAsync(Stages[stage], cancellation)).PartitionsCount;
            for (var i = 0; i < count; i++)
            {
                var partition = new TopicPartition(Stages[stage], i);
                if (!_flows.ContainsKey(partition) && !state.Stalled.ContainsKey(partition))
                {
                    // A partition added while the consumer runs has only new records.
                    OffsetSpec? otherwise = isFirst ? null : OffsetSpec.Earliest;
                    var position = await FindPositionAsync(partition, cancellation);
                    found.Add(new NewPartition(partition, stage, position is { } known ? OffsetSpec.At(known) : otherwise));
                }
            }
        }

        return found;
    }

    private async ValueTask<Offset?> FindPositionAsync(TopicPartition partition, CancellationToken cancellation)
    {
        var stored = await positions.FindAsync(options.Name, partition, cancellation);
        var known = state.Positions.TryGetValue(partition, out var own) ? own : (Offset?)null;
        return stored is null || known > stored ? known ?? stored : stored;
    }

    /// <summary>Adds partitions to those that are read, and seeks each to its start. No records may be returned meanwhile.</summary>
    private async Task AssignAsync(IReadOnlyList<NewPartition> found, CancellationToken cancellation)
    {
        await consumer.AssignAsync(_flows.Keys.Concat(found.Select(one => one.Partition)), cancellation);
        foreach (var one in found)
        {
            if (one.From is { } from)
            {
                await consumer.SeekAsync(one.Partition, from, cancellation);
            }

            AddFlow(one.Partition, one.Stage);
        }
    }

    private async Task TryAssignAsync(IReadOnlyList<NewPartition> found)
    {
        try
        {
            await AssignAsync(found, _reading.Token);
        }
        catch (OperationCanceledException) when (_reading.IsCancellationRequested)
        {
            // The session is ending.
        }
        catch (LoireException problem)
        {
            MaintenanceFailed(problem, options.Name);
        }
    }

    private void AddFlow(TopicPartition partition, int stage)
    {
        var flow = new PartitionFlow(partition, stage, options.MaxUnfinishedPerPartition);
        if (stage > 0 || options.Concurrency.Lanes == 0)
        {
            flow.Lane = new WorkLane(HandleAsync);
        }

        _flows[partition] = flow;
    }

    private async Task CommitAsync(IEnumerable<PartitionFlow> flows, CancellationToken cancellation)
    {
        var changed = new List<TopicPartitionOffset>();
        var changedFlows = new List<PartitionFlow>();
        foreach (var flow in flows)
        {
            if (flow.Tracker.TryGetUncommitted(out var position))
            {
                var partition = flow.Partition;
                changed.Add(new TopicPartitionOffset(partition, position));
                changedFlows.Add(flow);
                state.Positions[partition] = position;
            }
        }

        if (changed.Count == 0)
        {
            return;
        }

        try
        {
            await (options.GroupId is null
                ? positions.CommitAsync(options.Name, changed, cancellation)
                : consumer.CommitAsync(changed, cancellation));
            for (var i = 0; i < changed.Count; i++)
            {
                changedFlows[i].Tracker.Committed(changed[i].Offset);
            }
        }
        catch (Exception problem) when (!cancellation.IsCancellationRequested)
        {
            CommitFailed(problem, options.Name, changed.Count);
        }
    }

    [LoggerMessage(3, LogLevel.Warning, "{Consumer} failed to look for new partitions and continues to read.")]
    private partial void MaintenanceFailed(Exception problem, string consumer);

    [LoggerMessage(4, LogLevel.Warning, "{Consumer} failed to commit {Count} positions and will retry.")]
    private partial void CommitFailed(Exception problem, string consumer, int count);
}
