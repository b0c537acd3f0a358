using Loire.Grains.Interfaces.Partitions;
using Loire.Log;
using Loire.Model;

namespace Loire.Grains.Partitions;

/// <summary>
/// The appends of one partition. An append passes at once while the partition leads, has room, and nobody waits; otherwise it queues up,
/// and one loop takes the queue in order: it opens the log, becomes leader, waits for room, and gives the append its offsets. So the order
/// of offsets is the order of arrival whatever had to be waited for, and appends that arrive while the partition becomes leader share that
/// one attempt.
/// </summary>
internal sealed class PartitionAppends(
    PartitionLog log, Func<ValueTask<ErrorCode>> open, Func<PartitionSettings?> settings, PartitionDriverOptions options, TimeProvider time,
    PartitionMetrics metrics, Action<PendingAppend, int> admitted, Action<Exception> failed)
{
    private readonly Queue<Arrival> _arrivals = new();
    private readonly ProducedBatches _produced = new();
    private long _waitingBytes;
    private Task _loop = Task.CompletedTask;
    private ErrorCode _closed;

    /// <summary>An append that has to wait for its offsets.</summary>
    private sealed class Arrival(AppendRequest request, long deadline)
        : TaskCompletionSource<Admission>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public AppendRequest Request { get; } = request;

        public long Deadline { get; } = deadline;
    }

    /// <summary>Whether an append got its offsets.</summary>
    private readonly record struct Admission(
        ErrorCode Error, string? Detail, PendingAppend Pending = default, Timestamp LogAppendTime = default);

    /// <summary>Appends and answers as the request's acks demand.</summary>
    public ValueTask<AppendResult> AppendAsync(AppendRequest request)
    {
        if (_closed != ErrorCode.None)
        {
            return new(Refuse(_closed, null));
        }

        if (request.Acks is not (Acks.None or Acks.Leader or Acks.All))
        {
            return new(Refuse(ErrorCode.InvalidRequiredAcks, "Acks must be 0, 1 or -1 (all)."));
        }

        if (_arrivals.Count == 0 && _loop.IsCompleted && log.IsLeader && HasRoom(request.Batches.Length))
        {
            var admission = Admit(request);
            return request.Acks == Acks.None ? new(Unacknowledged(admission)) : Acknowledge(admission);
        }

        if (_waitingBytes > 0 && _waitingBytes + request.Batches.Length > options.WaitingAppendBytes)
        {
            return new(Refuse(ErrorCode.ThrottlingQuotaExceeded, "Too many appends wait for this partition already."));
        }

        var arrival = new Arrival(request, time.GetTimestamp() + (long)(options.RoomWait.TotalSeconds * time.TimestampFrequency));
        _waitingBytes += request.Batches.Length;
        _arrivals.Enqueue(arrival);
        if (_loop.IsCompleted)
        {
            _loop = AdmitArrivals();
        }

        return request.Acks == Acks.None ? new(Unacknowledged(default)) : Acknowledge(arrival);
    }

    /// <summary>The answer to an append that is refused.</summary>
    public AppendResult Refuse(ErrorCode error, string? detail)
    {
        metrics.Failed("append", error);
        return new AppendResult(error, Offset.None, Offset.None, Timestamp.None, log.LogStartOffset, detail, TopicVersion);
    }

    /// <summary>Refuses all that wait and whatever comes later. Appends that have their offsets are answered by the log.</summary>
    /// <returns>Ends when the loop has stopped using the log.</returns>
    public Task Close(ErrorCode error)
    {
        _closed = error;
        RefuseArrivals(error, null);
        return _loop;
    }

    private long TopicVersion => settings()?.Version ?? 0;

    private bool HasRoom(long bytes) => log.PendingBytes == 0 || log.PendingBytes + bytes <= options.PendingBytes;

    private async Task AdmitArrivals()
    {
        try
        {
            while (_arrivals.TryPeek(out var arrival))
            {
                var (error, detail) = await Prepare(arrival);
                if (_closed != ErrorCode.None)
                {
                    break;
                }

                if (error is not (ErrorCode.None or ErrorCode.ThrottlingQuotaExceeded))
                {
                    // The log cannot be used, and every append that waits has waited for just that.
                    RefuseArrivals(error, detail);
                    break;
                }

                _arrivals.Dequeue();
                _waitingBytes -= arrival.Request.Batches.Length;
                arrival.TrySetResult(error == ErrorCode.None ? Admit(arrival.Request) : new Admission(error, detail));
            }
        }
        catch (Exception bug)
        {
            RefuseArrivals(ErrorCode.UnknownServerError, null);
            failed(bug);
        }
    }

    /// <summary>Makes the log ready for an append.</summary>
    private async ValueTask<(ErrorCode Error, string? Detail)> Prepare(Arrival arrival)
    {
        var error = await open();
        if (error == ErrorCode.None && !log.IsLeader)
        {
            error = await log.BecomeLeaderAsync(CancellationToken.None);
        }

        if (error != ErrorCode.None || HasRoom(arrival.Request.Batches.Length))
        {
            return (error, null);
        }

        var wait = (arrival.Deadline - time.GetTimestamp()) / (double)time.TimestampFrequency;
        if (wait > 0)
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(wait), time);
            try
            {
                return (await log.WaitForRoomAsync(arrival.Request.Batches.Length, deadline.Token), null);
            }
            catch (OperationCanceledException) when (deadline.IsCancellationRequested)
            {
                // Said below.
            }
        }

        return (ErrorCode.ThrottlingQuotaExceeded,
            "Storage is too slow for what arrives: the append found no room in time and was not made.");
    }

    private void RefuseArrivals(ErrorCode error, string? detail)
    {
        while (_arrivals.TryDequeue(out var arrival))
        {
            _waitingBytes -= arrival.Request.Batches.Length;
            arrival.TrySetResult(new Admission(error, detail));
        }
    }

    /// <summary>Checks an append and gives it its offsets. There is no await in here: what is checked is what is appended.</summary>
    private Admission Admit(AppendRequest request)
    {
        var now = Timestamp.From(time.GetUtcNow());
        var topic = settings()!;
        if (request.Acks == Acks.All && topic.MinInsyncReplicas > 1)
        {
            return new Admission(
                ErrorCode.NotEnoughReplicas,
                $"min.insync.replicas is {topic.MinInsyncReplicas}, but there is one copy: the store does the replication.");
        }

        var error = _produced.TryRead(request.Batches, topic, now, out var detail);
        if (error != ErrorCode.None)
        {
            return new Admission(error, detail);
        }

        var pending = log.Append(_produced.Batches);
        Invariant.Check(pending.LastOffset - pending.BaseOffset + 1 == _produced.Records);
        _produced.Clear();
        admitted(pending, request.Batches.Length);
        return new Admission(ErrorCode.None, null, pending, _produced.LogAppendTime);
    }

    private async ValueTask<AppendResult> Acknowledge(Arrival arrival) => await Acknowledge(await arrival.Task);

    private async ValueTask<AppendResult> Acknowledge(Admission admission)
    {
        if (admission.Error != ErrorCode.None)
        {
            return Refuse(admission.Error, admission.Detail);
        }

        var error = await admission.Pending.Committed;
        if (error != ErrorCode.None)
        {
            return Refuse(error, error switch
            {
                ErrorCode.KafkaStorageError => "Storage refused the records.",
                ErrorCode.RequestTimedOut => "Storage did not answer in time: the records may or may not be stored.",
                _ => null,
            });
        }

        // The promise of every acknowledgement but acks=0: storage has the records, and readers see them.
        Invariant.Check(log.HighWatermark > admission.Pending.LastOffset, "an acknowledged append lies below the high watermark");
        return new AppendResult(
            ErrorCode.None, admission.Pending.BaseOffset, admission.Pending.LastOffset, admission.LogAppendTime, log.LogStartOffset, null,
            TopicVersion);
    }

    private AppendResult Unacknowledged(Admission admission) =>
        admission.Error != ErrorCode.None
            ? Refuse(admission.Error, admission.Detail)
            : new AppendResult(ErrorCode.None, Offset.None, Offset.None, Timestamp.None, log.LogStartOffset, null, TopicVersion);
}
