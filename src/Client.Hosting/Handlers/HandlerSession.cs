using System.Collections.Concurrent;
using Loire.Model;
using Microsoft.Extensions.Logging;

namespace Loire.Client.Hosting;

/// <summary>Handles one record; throws only on cancellation.</summary>
internal delegate ValueTask<HandlingResult> HandleRecord(ConsumeResult<byte[], byte[]> record, int stage, CancellationToken cancellation);

/// <summary>
/// One run of a hosted consumer, from assigning partitions to the last commit: reads, queues records on lanes, pauses partitions whose
/// handlers fall behind, and commits. When it ends, for any reason, it waits for the records being handled, drops the queued ones and
/// commits what is finished, so the next session starts where this one ended.
/// </summary>
internal sealed partial class HandlerSession(
    IConsumer<byte[], byte[]> consumer, IAdminClient admin, IPositionStore positions, TopicName topic, HandlerOptions options,
    ConsumerState state, HandleRecord handle, TimeProvider time, ILogger logger)
    : IHostedSession
{
    private readonly ConcurrentDictionary<TopicPartition, PartitionFlow> _flows = new();
    private readonly List<WorkLane> _lanes = [];
    private readonly CancellationTokenSource _handlers = new();
    private readonly CancellationTokenSource _reading = new();
    private volatile CancellationTokenSource _pass = new();
    private volatile IReadOnlyList<NewPartition>? _found;
    private int _next;

    /// <inheritdoc/>
    public SessionEnd End { get; private set; }

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken stop)
    {
        await using var stopping = stop.Register(_reading.Cancel);
        for (var i = 0; i < options.Concurrency.Lanes; i++)
        {
            _lanes.Add(new WorkLane(HandleAsync));
        }

        Task maintenance = Task.CompletedTask;
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
            maintenance = MaintainAsync();
            await ReadAsync();
        }
        finally
        {
            await _reading.CancelAsync();
            await maintenance;
            await DrainAsync();
            await CommitAsync(_flows.Values, CancellationToken.None);
            await consumer.DisposeAsync();
        }
    }

    /// <summary>
    /// Reads in passes. A pass ends when new partitions are found: they are assigned and sought while no records are returned, so no record
    /// of a partition arrives before its seek.
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

                // From here on maintenance may find more partitions and end the pass that has just begun.
                _found = null;
            }
        }
    }

    private void BeginPass() => _pass = CancellationTokenSource.CreateLinkedTokenSource(_reading.Token);

    private void Dispatch(ConsumeResult<byte[], byte[]> record)
    {
        if (!_flows.TryGetValue(record.TopicPartition, out var flow))
        {
            // Either the group has revoked the partition, and another member gets the record; or seeking it failed, and it is assigned
            // again.
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
            // Left unfinished, so it is read again.
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
                // Waits for the record's delay; a session that ends meanwhile drops it, and it is read again.
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
            result = HandlingResult.Stalled;
        }

        if (result == HandlingResult.Finished)
        {
            flow.Finish(record.Offset, Resume);
            return;
        }

        flow.IsStalled = true;
        Pause(flow.Partition);
        if (!flow.Gone.IsCancellationRequested)
        {
            state.Stalled[flow.Partition] = record.Offset;
        }

        if (result == HandlingResult.StopHost)
        {
            End = SessionEnd.StopHost;
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
        var timeout = Task.Delay(options.DrainOnShutdown, time);
        if (await Task.WhenAny(ended, timeout) == timeout)
        {
            DrainTakesTooLong(options.Name, options.DrainOnShutdown);
            await _handlers.CancelAsync();
        }

        await ended;
    }

    [LoggerMessage(1, LogLevel.Error, "{Consumer} failed unexpectedly at {Partition}@{Offset}; the partition is stalled.")]
    private partial void Unexpected(Exception bug, string consumer, TopicPartition partition, Offset offset);

    [LoggerMessage(2, LogLevel.Warning, "Handlers of {Consumer} did not complete within {Time} and are cancelled.")]
    private partial void DrainTakesTooLong(string consumer, TimeSpan time);
}
