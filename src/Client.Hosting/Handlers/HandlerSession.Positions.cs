using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Client.Hosting;

/// <content>Which partitions a session reads, from where, and how far it has come.</content>
internal sealed partial class HandlerSession
{
    /// <summary>A partition to be read from now on.</summary>
    /// <param name="Partition">The partition.</param>
    /// <param name="Stage">0 for the topic itself, else the number of the retry topic, from 1 on.</param>
    /// <param name="From">Where; null for where the consumer begins without a position.</param>
    private sealed record NewPartition(TopicPartition Partition, int Stage, OffsetSpec? From);

    /// <summary>
    /// Commits now and then, and looks for new partitions. What fails is tried again: the reading goes on, and what is wrong with the
    /// cluster its fetches will find out too.
    /// </summary>
    private async Task KeepUpAsync()
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
                UpkeepFailed(problem, options.Name);
            }
        }
    }

    private async Task<IReadOnlyList<NewPartition>> FindNewAsync(bool isFirst, CancellationToken cancellation)
    {
        var found = new List<NewPartition>();
        for (var stage = 0; stage < Stations.Length; stage++)
        {
            var count = (await admin.DescribeTopicAsync(Stations[stage], cancellation)).PartitionsCount;
            for (var i = 0; i < count; i++)
            {
                var partition = new TopicPartition(Stations[stage], i);
                if (!_flows.ContainsKey(partition) && !state.StandingStill.ContainsKey(partition))
                {
                    // A partition that is new to a consumer at work has only records that nobody has seen.
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

    /// <summary>Reads these partitions, too. Nothing is handed out meanwhile; a partition counts as read once its place is set.</summary>
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
            // The session ends.
        }
        catch (LoireException problem)
        {
            UpkeepFailed(problem, options.Name);
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

    [LoggerMessage(3, LogLevel.Warning, "{Consumer} could not look for new partitions; it reads on.")]
    private partial void UpkeepFailed(Exception problem, string consumer);

    [LoggerMessage(4, LogLevel.Warning, "{Consumer} could not commit {Count} positions; it tries again.")]
    private partial void CommitFailed(Exception problem, string consumer, int count);
}
