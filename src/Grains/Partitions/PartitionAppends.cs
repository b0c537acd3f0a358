using Loire.Coordination.Partitions;
using Loire.Coordination.Producers;
using Loire.Grains.Interfaces.Partitions;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.Model.Memory;

namespace Loire.Grains.Partitions;

/// <summary>
/// The appends of one partition. An append gets its offsets at once if the partition leads, has room, and no earlier append is queued.
/// Otherwise it is queued, and one loop processes the queue in order: it opens the log, becomes leader, waits for room, and assigns
/// offsets. So offsets follow the order of arrival, and appends that arrive while the partition becomes leader share that attempt. An append
/// whose records must be converted (<see cref="BatchConversion"/>) is queued too, and the first one of an idempotent producer. What such a producer
/// repeats is not appended again; its reply has the offsets of the original, once that is durable. One that begins a transaction is queued only once the
/// coordinator has confirmed that.
/// </summary>
internal sealed class PartitionAppends(
    PartitionLog log, PartitionMachine<AppendReply, WaitingFetch> machine, PartitionProducers producers, PartitionTransactions transactions,
    Func<ValueTask<ErrorCode>> open, Func<ValueTask<ErrorCode>> lead, PartitionDriverOptions options, TimeProvider time, PartitionMetrics metrics, Action<Exception> failed) : IDisposable
{
    private const string TooManyWait = "Too many appends wait for this partition already.";
    private readonly Queue<Arrival> _arrivals = new();
    private readonly List<Acknowledgement<AppendReply>> _released = [];
    private readonly ProducedBatches _produced = new();
    private readonly MemoryClaim _memory = new(options.AppendMemory);
    private long _waitingBytes;
    private long _convertedBytes;
    private Task _loop = Task.CompletedTask;
    private ErrorCode _closed;
    private bool _leads;

    /// <summary>An append that has no offsets yet.</summary>
    /// <param name="Request">The request as received.</param>
    /// <param name="Reply">The parked reply; null with acks=0.</param>
    /// <param name="Deadline">The timestamp, on the driver's clock, at which it is refused if there is still no room.</param>
    /// <param name="Check">What the coordinator said of its transaction, if it was asked.</param>
    private readonly record struct Arrival(AppendRequest Request, AppendReply? Reply, long Deadline, TransactionCheck? Check);

    /// <summary>Bytes of appends that wait or are not durable yet.</summary>
    public long HeldBytes => _waitingBytes + _convertedBytes + log.PendingBytes;

    /// <summary>Appends, and replies when the request's acks are satisfied.</summary>
    public ValueTask<AppendResult> AppendAsync(AppendRequest request)
    {
        if (_closed != ErrorCode.None)
        {
            return new(Refuse(_closed, null));
        }

        if (ProduceRules.CheckAcks(request.Acks, null, out var detail) is not ErrorCode.None and var error)
        {
            return new(Refuse(error, detail));
        }

        if (!_memory.TryHold(HeldBytes + request.Batches.Length))
        {
            return new(Refuse(
                ErrorCode.ThrottlingQuotaExceeded, "The node holds as many bytes of appends as its memory budget allows; the append was refused."));
        }

        var answer = request.Transaction is null || transactions.IsOpen(request.Batches.First) ? Take(request, null) : TakeCheckedAsync(request);
        _memory.TryHold(HeldBytes);
        return answer;
    }

    private async ValueTask<AppendResult> TakeCheckedAsync(AppendRequest request)
    {
        if (!MayWait(request.Batches.Length))
        {
            return Refuse(ErrorCode.ThrottlingQuotaExceeded, TooManyWait);
        }

        var check = default(TransactionCheck);
        try
        {
            (var error, var detail, check) = await CheckAsync(request);
            return _closed != ErrorCode.None ? Refuse(_closed, null)
                : error != ErrorCode.None ? Refuse(error, detail)
                : await Take(request, check);
        }
        finally
        {
            _memory.TryHold(HeldBytes);
            if (check is not null)
            {
                machine.Producers.End(check);
            }
        }
    }

    private async ValueTask<(ErrorCode Error, string? Detail, TransactionCheck? Check)> CheckAsync(AppendRequest request)
    {
        _waitingBytes += request.Batches.Length;
        try
        {
            return await transactions.CheckAsync(request);
        }
        finally
        {
            _waitingBytes -= request.Batches.Length;
        }
    }

    /// <summary>Whether an append may wait. One always may, so that none is too large to be taken at all.</summary>
    private bool MayWait(int bytes) => _waitingBytes == 0 || _waitingBytes + bytes <= options.WaitingAppendBytes;

    private ValueTask<AppendResult> Take(AppendRequest request, TransactionCheck? check)
    {
        var reply = request.Acks == Acks.None ? null : new AppendReply();
        if (_arrivals.Count == 0 && _loop.IsCompleted && _leads && log.IsLeader && HasRoom(request.Batches.Length)
            && machine.Settings is { } settings && !BatchConversion.IsNeeded(request.Batches, settings)
            && (producers.AreKnown || !ProducedBatches.AreIdempotent(request.Batches.First)))
        {
            return TryAppend(request, reply, settings, check, isConverted: false) is { } refusal
                ? new(refusal)
                : reply?.Result ?? new(Unacknowledged());
        }

        if (!MayWait(request.Batches.Length))
        {
            return new(Refuse(ErrorCode.ThrottlingQuotaExceeded, TooManyWait));
        }

        _arrivals.Enqueue(new Arrival(
            request, reply, time.GetTimestamp() + (long)(options.RoomWait.TotalSeconds * time.TimestampFrequency), check));
        _waitingBytes += request.Batches.Length;
        if (_loop.IsCompleted)
        {
            _loop = AppendArrivals();
        }

        return reply?.Result ?? new(Unacknowledged());
    }

    /// <summary>The reply to a refused append.</summary>
    public AppendResult Refuse(ErrorCode error, string? detail)
    {
        metrics.Failed("append", error);
        return new AppendResult(
            error, Offset.None, Offset.None, Timestamp.None, machine.Positions.Start, detail, machine.TopicVersion);
    }

    private AppendResult Refuse(ErrorCode error, string? detail, in PartitionSettings settings)
    {
        var refusal = Refuse(error, detail);
        return error is ErrorCode.InvalidRecord or ErrorCode.InvalidTimestamp
            ? refusal with { Demands = DemandsOf(settings, time.GetUtcNow().ToUnixTimeMilliseconds()) }
            : refusal;
    }

    private static RecordDemands DemandsOf(in PartitionSettings settings, long now) => settings.TimestampType == TimestampType.CreateTime
        ? new RecordDemands(
            new Timestamp(now - (settings.TimestampBeforeMax.Ticks / TimeSpan.TicksPerMillisecond)),
            new Timestamp(now + (settings.TimestampAfterMax.Ticks / TimeSpan.TicksPerMillisecond)), settings.RequiresKeys)
        : new RecordDemands(new Timestamp(long.MinValue), new Timestamp(long.MaxValue), settings.RequiresKeys);

    /// <summary>
    /// Advances the machine to the durable end and releases the replies that this acknowledges. The store replicates: what it has confirmed
    /// is committed.
    /// </summary>
    /// <returns>Fetches that now have enough data.</returns>
    public List<WaitingFetch> Advance()
    {
        var satisfied = machine.Advance(log.DurableEndOffset, log.DurableEndOffset, _released);
        foreach (var append in _released)
        {
            if (!append.IsRetry)
            {
                metrics.Appended(append.NextOffset - append.BaseOffset, append.Bytes);
            }

            if (append.Reply is { } reply)
            {
                var first = reply.RepeatedBase == Offset.None ? append.BaseOffset : reply.RepeatedBase;
                reply.Release(Appended(first, append.NextOffset, reply.LogAppendTime, reply.Repeated));
            }
        }

        _released.Clear();
        _memory.TryHold(HeldBytes);
        return satisfied;
    }

    /// <summary>Fails pending appends that will never be durable.</summary>
    public void Fail(Offset from, Offset end, ErrorCode error)
    {
        machine.Fail(from, end, _released);
        foreach (var append in _released)
        {
            var refusal = Refuse(error, error switch
            {
                ErrorCode.KafkaStorageError => "Storage refused the records.",
                ErrorCode.RequestTimedOut => "Storage did not answer in time: the records may or may not be stored.",
                _ => null,
            });
            append.Reply?.Release(refusal);
        }

        _released.Clear();
        _memory.TryHold(HeldBytes);
    }

    /// <summary>Refuses all appends without offsets and all later ones. The log decides the outcome of appends with offsets.</summary>
    /// <returns>Completes when the loop has stopped using the log.</returns>
    public Task Close(ErrorCode error)
    {
        _closed = error;
        RefuseArrivals(error, null);
        return _loop;
    }

    /// <summary>Returns the memory of what is still pending; the log must not be used any more.</summary>
    public void Dispose() => _memory.Dispose();

    private AppendResult Appended(Offset first, Offset next, Timestamp logAppendTime, int repeated = 0) => new(
        ErrorCode.None, first, next + -1, logAppendTime, machine.Positions.Start, null, machine.TopicVersion, repeated);

    private AppendResult Unacknowledged() => new(
        ErrorCode.None, Offset.None, Offset.None, Timestamp.None, machine.Positions.Start, null, machine.TopicVersion);

    private bool HasRoom(long bytes) => log.PendingBytes == 0 || log.PendingBytes + bytes <= options.PendingBytes;

    private async Task AppendArrivals()
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
                    // The log cannot be used: every queued append fails.
                    RefuseArrivals(error, detail);
                    break;
                }

                if (error == ErrorCode.None && !producers.AreKnown && ProducedBatches.AreIdempotent(arrival.Request.Batches.First))
                {
                    (error, detail) = await producers.LearnAsync();
                    if (_closed != ErrorCode.None)
                    {
                        break;
                    }
                }

                var (request, settings) = (arrival.Request, machine.Settings!.Value);
                var isConverted = error == ErrorCode.None && BatchConversion.IsNeeded(request.Batches, settings);
                if (isConverted)
                {
                    (error, detail, var batches, _) = await Convert(request, settings);
                    if (_closed != ErrorCode.None)
                    {
                        break;
                    }

                    request = request with { Batches = batches };
                }

                _arrivals.Dequeue();
                _waitingBytes -= arrival.Request.Batches.Length;
                _convertedBytes = 0;
                if ((error == ErrorCode.None ? TryAppend(request, arrival.Reply, settings, arrival.Check, isConverted) : Refuse(error, detail, settings)) is { } refusal)
                {
                    arrival.Reply?.Release(refusal);
                    _memory.TryHold(HeldBytes);
                }
            }
        }
        catch (Exception bug)
        {
            RefuseArrivals(ErrorCode.UnknownServerError, null);
            failed(bug);
        }
        finally
        {
            _convertedBytes = 0;
        }
    }

    /// <summary>
    /// Converts an append outside the partition's turns. Later appends stay queued until then, so that offsets still follow the order of arrival.
    /// </summary>
    private async ValueTask<ConvertedAppend> Convert(AppendRequest request, PartitionSettings settings)
    {
        var (batches, now) = (request.Batches, Timestamp.From(time.GetUtcNow()));
        var converted = await options.Computations.RunAsync(
            () => BatchConversion.Convert(batches, settings, now, request.Transaction is not null));
        _convertedBytes = converted.NewBytes;
        return _memory.TryHold(HeldBytes) ? converted : new ConvertedAppend(
            ErrorCode.ThrottlingQuotaExceeded, "Once converted, the append exceeds the node's memory budget for appends.");
    }

    /// <summary>Makes the log ready for an append.</summary>
    private async ValueTask<(ErrorCode Error, string? Detail)> Prepare(Arrival arrival)
    {
        var error = await open();
        if (error == ErrorCode.None && !_leads)
        {
            error = await lead();
            _leads = error == ErrorCode.None;
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
                // The deadline has passed: refused below.
            }
        }

        return (ErrorCode.ThrottlingQuotaExceeded,
            "Storage is slower than the appends that arrive: the append found no room in time and was refused.");
    }

    private void RefuseArrivals(ErrorCode error, string? detail)
    {
        while (_arrivals.TryDequeue(out var arrival))
        {
            _waitingBytes -= arrival.Request.Batches.Length;
            var refusal = Refuse(error, detail);
            arrival.Reply?.Release(refusal);
        }

        _memory.TryHold(HeldBytes);
    }

    /// <summary>
    /// Checks an append, assigns its offsets and parks its reply, without an await in between.
    /// </summary>
    /// <returns>The refusal; null once the reply is parked.</returns>
    private AppendResult? TryAppend(
        AppendRequest request, AppendReply? reply, in PartitionSettings settings, TransactionCheck? check, bool isConverted)
    {
        var now = Timestamp.From(time.GetUtcNow());
        var error = ProduceRules.CheckAcks(request.Acks, settings, out var detail);
        if (error == ErrorCode.None)
        {
            error = _produced.TryRead(request.Batches, settings, now, request.Transaction is not null, out detail);
        }

        if (error == ErrorCode.None && settings.RequiresKeys && !isConverted)
        {
            error = BatchConversion.CheckKeys(_produced.Batches, settings, out detail);
        }

        var (verdict, isIdempotent) = (default(SequenceVerdict), error == ErrorCode.None && _produced.Sequences.Length > 0);
        if (isIdempotent)
        {
            verdict = machine.Judge(_produced.Sequences, check);
            (error, detail) = (verdict.Error, PartitionProducers.Explain(verdict.Error));
        }

        var end = machine.Positions.End;
        if (error == ErrorCode.None && request.ExpectedOffset is { } expected && expected != end && verdict.Repeated < _produced.Batches.Length)
        {
            (error, detail) = (ErrorCode.OffsetOutOfRange, $"The log ends at {end.Value}, not at {expected.Value} as expected.");
        }

        if (error != ErrorCode.None)
        {
            _produced.Clear();
            return Refuse(error, detail, settings) with { EndOffset = error == ErrorCode.OffsetOutOfRange ? end : null };
        }

        if (isIdempotent && verdict.Repeated > 0)
        {
            metrics.Repeated(verdict.Repeated);
            if (verdict.Repeated == _produced.Batches.Length)
            {
                _produced.Clear();
                return Repeat(verdict, request.Acks, reply);
            }

            _produced.Skip(verdict.Repeated);
            if (reply is not null)
            {
                (reply.RepeatedBase, reply.Repeated) = (verdict.BaseOffset, (int)(verdict.NextOffset - verdict.BaseOffset));
            }
        }

        var pending = log.Append(_produced.Batches);
        var next = pending.LastOffset + 1;
        Invariant.Check(next - pending.BaseOffset == _produced.Records, "an append takes the offsets that its batches count");
        if (pending.Committed is { IsCompletedSuccessfully: true, Result: not ErrorCode.None and var refused })
        {
            _produced.Clear();
            return Refuse(refused, null);
        }

        if (isIdempotent)
        {
            producers.Appended(_produced.Sequences, pending.BaseOffset, request.Batches.Length, now, check);
        }

        _produced.Clear();

        if (reply is not null)
        {
            reply.LogAppendTime = _produced.LogAppendTime;
        }

        machine.Append(pending.BaseOffset, next, request.Batches.Length, request.Acks, reply);
        return null;
    }

    /// <summary>Answers an append of which everything is in the log, or on its way there.</summary>
    /// <returns>The answer; null if it is parked.</returns>
    private AppendResult? Repeat(in SequenceVerdict verdict, Acks acks, AppendReply? reply)
    {
        if (reply is null)
        {
            return Unacknowledged();
        }

        reply.LogAppendTime = verdict.MaxTimestamp;
        return machine.Repeat(verdict, acks, reply) ? null : Appended(verdict.BaseOffset, verdict.NextOffset, verdict.MaxTimestamp);
    }
}
