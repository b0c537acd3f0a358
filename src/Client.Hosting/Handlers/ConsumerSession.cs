using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Loire.Client.Hosting;

/// <summary>What a session does with a record; never throws but for cancellation.</summary>
internal delegate ValueTask<Verdict> HandleRecord(ConsumeResult<byte[], byte[]> record, int station, CancellationToken cancellation);

/// <summary>
/// One stretch of a hosted consumer's life, from assigning partitions to the last commit: reads, hands records to lanes, pauses partitions
/// that get ahead of their handlers, commits. When it ends, whatever the reason, records being handled are waited for, those that only wait
/// for a handler are let go, and what is finished is committed. So a session that follows begins where this one ended.
/// </summary>
internal sealed partial class ConsumerSession(
    IConsumer<byte[], byte[]> consumer, IAdminClient admin, IPositionStore positions, string topic, HandlerOptions options,
    ConsumerState state, HandleRecord handle, TimeProvider time, ILogger logger)
{
    private readonly ConcurrentDictionary<TopicPartition, PartitionFlow> _flows = new();
    private readonly List<WorkLane> _lanes = [];
    private readonly CancellationTokenSource _handlers = new();
    private readonly CancellationTokenSource _reading = new();
    private int _next;

    /// <summary>Whether a record demands that the host stops.</summary>
    public bool MustStopHost { get; private set; }

    /// <summary>Reads until it is told to stop, or until something fails that a new session may do better.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await using var stopping = stop.Register(_reading.Cancel);
        for (var i = 0; i < options.Concurrency.Lanes; i++)
        {
            _lanes.Add(new WorkLane(HandleAsync));
        }

        Task upkeep = Task.CompletedTask;
        try
        {
            await (options.GroupId is null ? AssignAsync(isFirst: true, _reading.Token) : JoinAsync(_reading.Token));
            state.Trouble = null;
            upkeep = KeepUpAsync();
            await foreach (var batch in consumer.ConsumeBatchesAsync(_reading.Token))
            {
                foreach (var record in batch)
                {
                    Dispatch(record);
                }
            }
        }
        finally
        {
            await _reading.CancelAsync();
            await upkeep;
            await DrainAsync();
            await CommitAsync(CancellationToken.None);
            await consumer.DisposeAsync();
        }
    }

    private void Dispatch(ConsumeResult<byte[], byte[]> record)
    {
        if (!_flows.TryGetValue(record.TopicPartition, out var flow))
        {
            // Its group has taken the partition away meanwhile: another member gets the record.
            return;
        }

        flow.Read(record.Offset, Pause);
        var lane = flow.Lane ?? _lanes[LaneOf(record.Key)];
        lane.Add(new Work(flow, record));
    }

    private int LaneOf(byte[]? key)
    {
        if (key is null)
        {
            return _next = (_next + 1) % _lanes.Count;
        }

        var hash = default(HashCode);
        hash.AddBytes(key);
        return (int)((uint)hash.ToHashCode() % (uint)_lanes.Count);
    }

    private async Task HandleAsync(Work work)
    {
        if (_reading.IsCancellationRequested || !work.Flow.TryBegin())
        {
            // Not finished, so it comes again.
            return;
        }

        try
        {
            await HandleAsync(work.Flow, work.Record);
        }
        finally
        {
            work.Flow.End();
        }
    }

    private async Task HandleAsync(PartitionFlow flow, ConsumeResult<byte[], byte[]> record)
    {
        Verdict verdict;
        try
        {
            if (flow.Station > 0)
            {
                // Whoever waits in a retry topic is in no hurry to be the first after a restart.
                await WaitUntilDueAsync(record, flow.Gone);
            }

            verdict = await handle(record, flow.Station, _handlers.Token);
        }
        catch (OperationCanceledException)
        {
            return;
        }
        catch (Exception bug)
        {
            Unexpected(bug, options.Name, flow.Partition, record.Offset);
            verdict = Verdict.StandStill;
        }

        if (verdict == Verdict.Finished)
        {
            flow.Finish(record.Offset, Resume);
            return;
        }

        flow.StandsStill = true;
        Pause(flow.Partition);
        if (!flow.Gone.IsCancellationRequested)
        {
            state.StandingStill[flow.Partition] = record.Offset;
        }

        if (verdict == Verdict.StopHost)
        {
            MustStopHost = true;
            await _reading.CancelAsync();
        }
    }

    private async Task WaitUntilDueAsync(ConsumeResult<byte[], byte[]> record, CancellationToken gone)
    {
        var wait = FailureHeaders.NotBeforeOf(record) - time.GetUtcNow();
        if (wait > TimeSpan.Zero)
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(_reading.Token, gone);
            await Task.Delay(wait, time, end.Token);
        }
    }

    /// <summary>Commits now and then, and looks for new partitions.</summary>
    private async Task KeepUpAsync()
    {
        var looked = time.GetTimestamp();
        try
        {
            while (true)
            {
                await Task.Delay(options.CommitInterval, time, _reading.Token);
                await CommitAsync(_reading.Token);
                if (options.GroupId is null && time.GetElapsedTime(looked) >= options.MetadataMaxAge)
                {
                    looked = time.GetTimestamp();
                    await AssignAsync(isFirst: false, _reading.Token);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The session ends.
        }
        catch (LoireException problem)
        {
            // It reads on; what is wrong with the cluster, the fetches will find out too.
            UpkeepFailed(problem, options.Name);
            if (!_reading.IsCancellationRequested)
            {
                await KeepUpAsync();
            }
        }
    }

    private async Task AssignAsync(bool isFirst, CancellationToken cancellation)
    {
        var wanted = new List<(TopicPartition Partition, int Station)>();
        string[] topics = [topic, .. options.RetryTopics.Select(retry => retry.Topic)];
        for (var station = 0; station < topics.Length; station++)
        {
            var count = (await admin.DescribeTopicAsync(topics[station], cancellation)).PartitionsCount;
            for (var i = 0; i < count; i++)
            {
                var partition = new TopicPartition(topics[station], i);
                if (!_flows.ContainsKey(partition) && !state.StandingStill.ContainsKey(partition))
                {
                    wanted.Add((partition, station));
                }
            }
        }

        if (wanted.Count == 0)
        {
            return;
        }

        var from = new List<(TopicPartition Partition, long? Offset)>();
        foreach (var (partition, station) in wanted)
        {
            from.Add((partition, await FindPositionAsync(partition, cancellation)));
            AddFlow(partition, station);
        }

        await consumer.AssignAsync(_flows.Keys.Where(partition => !state.StandingStill.ContainsKey(partition)), cancellation);
        foreach (var (partition, offset) in from)
        {
            if (offset is { } known)
            {
                await consumer.SeekAsync(partition, OffsetSpec.At(known), cancellation);
            }
            else if (!isFirst)
            {
                // A partition that is new to a consumer at work has only records that nobody has seen.
                await consumer.SeekAsync(partition, OffsetSpec.Beginning, cancellation);
            }
        }
    }

    private void AddFlow(TopicPartition partition, int station)
    {
        var flow = new PartitionFlow(partition, station, options.MaxUnfinishedPerPartition);
        if (station > 0 || options.Concurrency.Lanes == 0)
        {
            flow.Lane = new WorkLane(HandleAsync);
        }

        _flows[partition] = flow;
    }

    private async ValueTask<long?> FindPositionAsync(TopicPartition partition, CancellationToken cancellation)
    {
        var stored = await positions.FindAsync(options.Name, partition, cancellation);
        var known = state.Positions.TryGetValue(partition, out var own) ? own : (long?)null;
        return stored is null || known > stored ? known ?? stored : stored;
    }

    private Task CommitAsync(CancellationToken cancellation) => CommitAsync(_flows.Values, cancellation);

    private async Task CommitAsync(IEnumerable<PartitionFlow> flows, CancellationToken cancellation)
    {
        var changed = new List<TopicPartitionOffset>();
        var changedFlows = new List<PartitionFlow>();
        foreach (var flow in flows)
        {
            if (flow.Tracker.TryGetUncommitted(out var position))
            {
                var partition = flow.Partition;
                changed.Add(new TopicPartitionOffset(partition.Topic, partition.Partition, position));
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
        catch (Exception problem) when (problem is not OperationCanceledException)
        {
            CommitFailed(problem, options.Name, changed.Count);
        }
    }

    private async Task DrainAsync()
    {
        var lanes = _lanes.Concat(_flows.Values.Select(flow => flow.Lane).OfType<WorkLane>()).ToArray();
        foreach (var lane in lanes)
        {
            lane.Close();
        }

        var ended = Task.WhenAll(lanes.Select(lane => lane.Ended));
        var patience = Task.Delay(options.DrainOnShutdown, time);
        if (await Task.WhenAny(ended, patience) == patience)
        {
            DrainTakesTooLong(options.Name, options.DrainOnShutdown);
            await _handlers.CancelAsync();
        }

        await ended;
    }

    [LoggerMessage(1, LogLevel.Error, "Handling {Partition}@{Offset} for {Consumer} met a bug; the partition stands still.")]
    private partial void Unexpected(Exception bug, string consumer, TopicPartition partition, long offset);

    [LoggerMessage(2, LogLevel.Warning, "{Consumer} could not look for new partitions; it reads on.")]
    private partial void UpkeepFailed(Exception problem, string consumer);

    [LoggerMessage(3, LogLevel.Warning, "{Consumer} could not commit {Count} positions; it tries again.")]
    private partial void CommitFailed(Exception problem, string consumer, int count);

    [LoggerMessage(4, LogLevel.Warning, "Handlers of {Consumer} have not ended within {Time}; they are cancelled.")]
    private partial void DrainTakesTooLong(string consumer, TimeSpan time);
}
