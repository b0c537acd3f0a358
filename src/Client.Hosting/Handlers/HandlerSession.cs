using System.Collections.Concurrent;
using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Client.Hosting;

/// <summary>What a session does with a record; never throws but for cancellation.</summary>
internal delegate ValueTask<HandlingResult> HandleRecord(ConsumeResult<byte[], byte[]> record, int stage, CancellationToken cancellation);

/// <summary>
/// One stretch of a hosted consumer's life, from assigning partitions to the last commit: reads, hands records to lanes, pauses partitions
/// that get ahead of their handlers, commits. When it ends, whatever the reason, records being handled are waited for, those that only wait
/// for a handler are let go, and what is finished is committed. So a session that follows begins where this one ended.
/// </summary>
internal sealed partial class HandlerSession(
    IConsumer<byte[], byte[]> consumer, IAdminClient admin, IPositionStore positions, TopicName topic, HandlerOptions options,
    ConsumerState state, HandleRecord handle, TimeProvider time, ILogger logger)
{
    private readonly ConcurrentDictionary<TopicPartition, PartitionFlow> _flows = new();
    private readonly List<WorkLane> _lanes = [];
    private readonly CancellationTokenSource _handlers = new();
    private readonly CancellationTokenSource _reading = new();
    private volatile CancellationTokenSource _pass = new();
    private volatile IReadOnlyList<NewPartition>? _found;
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
            if (options.GroupId is null)
            {
                await AssignAsync(await FindNewAsync(isFirst: true, _reading.Token), _reading.Token);
            }
            else
            {
                await JoinAsync(_reading.Token);
            }

            state.Trouble = null;
            BeginPass();
            upkeep = KeepUpAsync();
            await ReadAsync();
        }
        finally
        {
            await _reading.CancelAsync();
            await upkeep;
            await DrainAsync();
            await CommitAsync(_flows.Values, CancellationToken.None);
            await consumer.DisposeAsync();
        }
    }

    /// <summary>
    /// Reads in passes. A pass ends where partitions were found: they are assigned and sought while nothing is handed out, so that no record
    /// comes from before its partition's place was set.
    /// </summary>
    private async Task ReadAsync()
    {
        while (!_reading.IsCancellationRequested)
        {
            await foreach (var batch in consumer.ConsumeBatchesAsync(_pass.Token))
            {
                foreach (var record in batch)
                {
                    Dispatch(record);
                }
            }

            if (_found is { } found)
            {
                BeginPass();
                await TryAssignAsync(found);

                // From here on upkeep may find others, and ends the pass that has begun.
                _found = null;
            }
        }
    }

    private void BeginPass() => _pass = CancellationTokenSource.CreateLinkedTokenSource(_reading.Token);

    private void Dispatch(ConsumeResult<byte[], byte[]> record)
    {
        if (!_flows.TryGetValue(record.TopicPartition, out var flow))
        {
            // Its group has taken the partition away meanwhile, and another member gets the record; or its place could not be set, and it is
            // assigned once more.
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
        HandlingResult result;
        try
        {
            if (flow.Stage > 0)
            {
                // Whoever waits in a retry topic is in no hurry to be the first after a restart.
                await WaitUntilDueAsync(record, flow.Gone);
            }

            result = await handle(record, flow.Stage, _handlers.Token);
        }
        catch (OperationCanceledException) when (
            _handlers.IsCancellationRequested || _reading.IsCancellationRequested || flow.Gone.IsCancellationRequested)
        {
            return;
        }
        catch (Exception bug)
        {
            Unexpected(bug, options.Name, flow.Partition, record.Offset);
            result = HandlingResult.StandStill;
        }

        if (result == HandlingResult.Finished)
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

        if (result == HandlingResult.StopHost)
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
    private partial void Unexpected(Exception bug, string consumer, TopicPartition partition, Offset offset);

    [LoggerMessage(2, LogLevel.Warning, "Handlers of {Consumer} have not ended within {Time}; they are cancelled.")]
    private partial void DrainTakesTooLong(string consumer, TimeSpan time);
}
