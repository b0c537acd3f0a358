using Loire.Coordination.Partitions;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Turns;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Grains.Partitions;

/// <summary>
/// The fetches of one partition: reads from the log, and parks fetches in the machine that need more data than there is. Code that takes a
/// fetch out of the machine replies to it or parks it again. One timer serves all deadlines. Fetches released together share one read if
/// they request the same. Everything runs in turns of the driver, the timer and cancellations included.
/// </summary>
internal sealed class PartitionFetches(
    PartitionLog log, PartitionMachine<AppendReply, WaitingFetch> machine, PartitionProducers producers, Func<PartitionOffsets> bounds,
    DriverTurns turns, TimeSpan maxAge, TimeProvider time, PartitionMetrics metrics)
    : IDisposable
{
    private readonly long _startedAt = time.GetTimestamp();
    private readonly Queue<TaskCompletionSource> _readers = [];
    private ITimer? _timer;
    private TimeSpan _timerDue = TimeSpan.MaxValue;
    private TimeSpan _lookedAt = TimeSpan.MinValue / 2;
    private ErrorCode _closed;
    private bool _endsWaits;
    private int _reading;

    private TimeSpan Now => time.GetElapsedTime(_startedAt);

    /// <summary>The bytes of batches in a result.</summary>
    public static long TotalBytes(FetchResult result)
    {
        long bytes = 0;
        foreach (var piece in result.Batches)
        {
            bytes += piece.Length;
        }

        return bytes;
    }

    /// <summary>Replies to a fetch at once or when there is enough data, at the latest after its wait.</summary>
    public async ValueTask<FetchResult> FetchAsync(FetchRequest request, CancellationToken cancellation)
    {
        var deadline = Now + request.MaxWait;
        while (true)
        {
            if (_closed != ErrorCode.None)
            {
                return Failure(_closed, request.From);
            }

            // Data committed during the read may or may not be in the result, so it counts as missing: at worst the fetch reads once more.
            var readableBefore = machine.ReadableBytes(request.Isolation);
            var result = await ReadAsync(request.From, request.MaxBytes, request.Isolation);
            var missing = Missing(request, result);
            if (missing <= 0 || Now >= deadline || _endsWaits)
            {
                return result;
            }

            cancellation.ThrowIfCancellationRequested();
            if (readableBefore + missing <= machine.ReadableBytes(request.Isolation))
            {
                continue;
            }

            if (machine.WaitingPolls >= Limits.WaitingFetchesPerPartition)
            {
                return Failure(
                    ErrorCode.ThrottlingQuotaExceeded, request.From,
                    $"{Limits.WaitingFetchesPerPartition} fetches wait for this partition already.");
            }

            if (_closed == ErrorCode.None)
            {
                var fetch = new WaitingFetch(request, deadline, cancellation);
                Park(fetch, readableBefore + missing);
                return await fetch.Reply.Task;
            }
        }
    }

    /// <summary>Replies to fetches that the machine has released.</summary>
    public void Answer(List<WaitingFetch> released)
    {
        if (released.Count > 0)
        {
            Unwatch(released);
            turns.Start(() => AnswerAsync(released));
        }
    }

    /// <summary>Answers all parked fetches, and all later ones, with what there is: no more waits.</summary>
    public void EndWaits()
    {
        // By a read, as at a deadline: an answer without records needs proof that there are none.
        _endsWaits = true;
        Answer(machine.TakeAll());
        Dispose();
    }

    /// <summary>Fails all parked fetches, and all later ones, with an error.</summary>
    public void Close(ErrorCode error)
    {
        _closed = error;
        var waiting = machine.TakeAll();
        Unwatch(waiting);
        foreach (var fetch in waiting)
        {
            fetch.Reply.TrySetResult(Failure(error, fetch.Request.From));
        }

        Dispose();
    }

    public void Dispose()
    {
        _timer?.Dispose();
        _timer = null;
        _timerDue = TimeSpan.MaxValue;
    }

    private void Park(WaitingFetch fetch, long need)
    {
        machine.Park(fetch, need);
        metrics.Waiting(1);
        ArmTimer();
        fetch.Watch = fetch.Cancellation.UnsafeRegister(_ => turns.Post(() => Cancel(fetch)), null);
    }

    private void Cancel(WaitingFetch fetch)
    {
        if (machine.Remove(fetch))
        {
            metrics.Waiting(-1);
        }

        fetch.Reply.TrySetCanceled(fetch.Cancellation);
    }

    private void Unwatch(List<WaitingFetch> fetches)
    {
        foreach (var fetch in fetches)
        {
            fetch.Watch.Unregister();
        }

        metrics.Waiting(-fetches.Count);
    }

    private async Task AnswerAsync(List<WaitingFetch> released)
    {
        try
        {
            var reads = new Dictionary<(Offset, int, IsolationLevel), (long ReadableBefore, FetchResult Result)>();
            foreach (var fetch in released)
            {
                while (!fetch.Reply.Task.IsCompleted)
                {
                    if (!reads.TryGetValue(fetch.Read, out var read))
                    {
                        read = (
                            machine.ReadableBytes(fetch.Isolation), await ReadAsync(fetch.Request.From, fetch.Request.MaxBytes, fetch.Isolation));
                        reads[fetch.Read] = read;
                    }

                    var missing = Missing(fetch.Request, read.Result);
                    if (missing <= 0 || Now >= fetch.Deadline || _endsWaits || _closed != ErrorCode.None)
                    {
                        fetch.Reply.TrySetResult(read.Result);
                    }
                    else if (read.ReadableBefore + missing > machine.ReadableBytes(fetch.Isolation))
                    {
                        Park(fetch, read.ReadableBefore + missing);
                        break;
                    }
                    else
                    {
                        // Enough data has been committed since that read.
                        reads.Remove(fetch.Read);
                    }
                }
            }
        }
        catch (Exception bug)
        {
            foreach (var fetch in released)
            {
                fetch.Reply.TrySetException(bug);
            }

            throw;
        }
    }

    private async ValueTask<FetchResult> ReadAsync(Offset from, int maxBytes, IsolationLevel isolation)
    {
        if (machine.CheckRead(from) != ErrorCode.None && await NewestAsync(TimeSpan.Zero) is not ErrorCode.None and var failure)
        {
            // A consumer resets its position on OFFSET_OUT_OF_RANGE, so another owner may not have appended that offset.
            return EndUnknown(failure, from);
        }

        if (machine.CheckRead(from) is not ErrorCode.None and var outside)
        {
            var (start, end) = (machine.Positions.Start, machine.Positions.End);
            return Failure(outside, from, $"Offset {from} lies outside the log, which reaches from {start} to {end}.");
        }

        if (isolation == IsolationLevel.ReadCommitted && !machine.IsStableKnown && await producers.SettleAsync() is not ErrorCode.None and var unsettled)
        {
            return EndUnknown(_closed != ErrorCode.None ? _closed : unsettled, from);
        }

        if (from >= machine.ReadLimit(isolation) && await NewestAsync(maxAge) is not ErrorCode.None and var unknown)
        {
            return EndUnknown(unknown, from);
        }

        if (isolation == IsolationLevel.ReadCommitted && !machine.IsStableKnown && await producers.SettleAsync() is not ErrorCode.None and var late)
        {
            return EndUnknown(_closed != ErrorCode.None ? _closed : late, from);
        }

        if (from >= machine.ReadLimit(isolation))
        {
            return new FetchResult(ErrorCode.None, [], from, bounds(), null);
        }

        // Cached data is read at once; data from storage takes memory until the reply, so concurrent reads are bounded.
        if (_reading == Limits.ReadsAtOncePerPartition)
        {
            var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _readers.Enqueue(turn);
            await turn.Task;
        }
        else
        {
            _reading++;
        }

        LogRead read;
        try
        {
            read = await log.ReadAsync(from, maxBytes, CancellationToken.None);
        }
        finally
        {
            if (_readers.TryDequeue(out var next))
            {
                next.SetResult();
            }
            else
            {
                _reading--;
            }
        }

        return read.Error == ErrorCode.None && isolation == IsolationLevel.ReadCommitted ? Committed(from, read)
            : read.Error == ErrorCode.None ? new FetchResult(ErrorCode.None, read.Pieces, read.NextOffset, bounds(), null)
            : Failure(read.Error, from, read.Error switch
            {
                ErrorCode.CorruptMessage => $"The stored records from offset {from} on are damaged; what lies beside them can be read.",
                ErrorCode.KafkaStorageError => $"The stored records from offset {from} on cannot be read now.",
                _ => null,
            });
    }

    /// <summary>What of a read lies before the last stable offset, and which transactions were aborted there.</summary>
    private FetchResult Committed(Offset from, LogRead read)
    {
        var (pieces, next) = (read.Pieces, read.NextOffset);
        if (next > machine.ReadLimit(IsolationLevel.ReadCommitted))
        {
            next = machine.ReadLimit(IsolationLevel.ReadCommitted);
            pieces = BatchPieces.Before(pieces, next);
        }

        var aborted = machine.Producers.Aborted.Count == 0 ? [] : machine.Producers.Aborted.Overlapping(from, next);
        return new FetchResult(
            ErrorCode.None, pieces, next, bounds(), null,
            aborted.Count == 0 ? null : [.. aborted.OrderBy(span => span.FirstOffset).Select(span => new AbortedTransaction(span.Producer, span.FirstOffset))]);
    }

    private async ValueTask<ErrorCode> NewestAsync(TimeSpan age)
    {
        var error = await log.EnsureNewestAsync(age);
        return _closed != ErrorCode.None ? _closed : error;
    }

    private FetchResult EndUnknown(ErrorCode error, Offset from) => error is ErrorCode.KafkaStorageError or ErrorCode.CorruptMessage
        ? Failure(ErrorCode.KafkaStorageError, from, "The end of the log cannot be read now.")
        : Failure(error, from);

    /// <summary>The bytes that a result lacks; 0 if waiting is pointless.</summary>
    private static long Missing(FetchRequest request, FetchResult result) =>
        result.Error != ErrorCode.None ? 0 : request.MinBytes - TotalBytes(result);

    private FetchResult Failure(ErrorCode error, Offset from, string? detail = null) => new(error, [], from, bounds(), detail);

    private void ArmTimer()
    {
        if (machine.NextDeadline is not { } deadline)
        {
            return;
        }

        // Another owner may append what the parked fetches wait for.
        var age = log.Age;
        var nextLook = Now + (age < maxAge ? maxAge - age : TimeSpan.Zero);
        nextLook = nextLook > _lookedAt + maxAge ? nextLook : _lookedAt + maxAge;
        deadline = deadline < nextLook ? deadline : nextLook;
        if (deadline >= _timerDue)
        {
            return;
        }

        _timerDue = deadline;
        _timer ??= time.CreateTimer(_ => turns.Post(OnTimer), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        // Rounded up: a timer that fires too early would only have to be set again.
        var wait = Math.Max(0, Math.Ceiling((deadline - Now).TotalMilliseconds));
        _timer.Change(TimeSpan.FromMilliseconds(wait), Timeout.InfiniteTimeSpan);
    }

    private void OnTimer()
    {
        _timerDue = TimeSpan.MaxValue;
        var expired = machine.TakeExpired(Now);
        if (machine.WaitingPolls > 0 && log.Age >= maxAge && Now >= _lookedAt + maxAge)
        {
            // A failure to look is told to each fetch at its deadline; what it finds is announced like an append of our own.
            _lookedAt = Now;
            turns.Start(async () => await log.EnsureNewestAsync(TimeSpan.Zero));
        }

        ArmTimer();
        Answer(expired);
    }
}
