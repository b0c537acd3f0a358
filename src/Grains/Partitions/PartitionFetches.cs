using Loire.Grains.Interfaces.Partitions;
using Loire.Log;
using Loire.Model;

namespace Loire.Grains.Partitions;

/// <summary>
/// The fetches of one partition, with those that wait for data. A waiting fetch sits in two sorted sets: by the number of committed bytes
/// that satisfies it and by its deadline, so that a commit or the clock touches only the fetches that it answers. Whoever takes a fetch out
/// of the sets answers it or puts it back. One timer serves all. Fetches answered together share one read wherever they want the same. Runs
/// on the partition's scheduler, and so do cancellations and the timer.
/// </summary>
internal sealed class PartitionFetches(
    PartitionLog log, Func<PartitionOffsets> bounds, TimeProvider time, PartitionMetrics metrics, Action<Exception> failed)
    : IDisposable
{
    private readonly SortedSet<WaitingFetch> _byNeed = new(WaitingFetch.ByNeed);
    private readonly SortedSet<WaitingFetch> _byDeadline = new(WaitingFetch.ByDeadline);
    private readonly Queue<TaskCompletionSource> _readers = [];
    private ITimer? _timer;
    private long _timerDue = long.MaxValue;
    private long _committedBytes;
    private long _arrived;
    private ErrorCode _closed;
    private int _reading;

    /// <summary>Fetches that wait now.</summary>
    public int Waiting => _byNeed.Count;

    /// <summary>Bytes of batches in a result.</summary>
    public static long TotalBytes(FetchResult result)
    {
        long bytes = 0;
        foreach (var piece in result.Batches)
        {
            bytes += piece.Length;
        }

        return bytes;
    }

    /// <summary>Answers a fetch, at once or when there is enough data, at the latest after its wait.</summary>
    public async ValueTask<FetchResult> FetchAsync(FetchRequest request, CancellationToken cancellation)
    {
        var deadline = time.GetTimestamp() + (long)(request.MaxWait.TotalSeconds * time.TimestampFrequency);
        while (true)
        {
            if (_closed != ErrorCode.None)
            {
                return Failure(_closed, request.From);
            }

            // What is committed during the read may or may not be in it, so it counts as missing: at worst the fetch is read once more.
            var committedBefore = _committedBytes;
            var result = await ReadAsync(request.From, request.MaxBytes);
            var missing = Missing(request, result);
            if (missing <= 0 || time.GetTimestamp() >= deadline)
            {
                return result;
            }

            cancellation.ThrowIfCancellationRequested();
            if (committedBefore + missing <= _committedBytes)
            {
                continue;
            }

            if (Waiting >= Limits.WaitingFetchesPerPartition)
            {
                return Failure(
                    ErrorCode.ThrottlingQuotaExceeded, request.From,
                    $"{Limits.WaitingFetchesPerPartition} fetches wait for this partition already.");
            }

            if (_closed == ErrorCode.None)
            {
                var fetch = new WaitingFetch(++_arrived, request, deadline, cancellation) { Need = committedBefore + missing };
                Park(fetch);
                return await fetch.Task;
            }
        }
    }

    /// <summary>Bytes have been committed; <paramref name="all"/> says that more may have been than that.</summary>
    public void Committed(long bytes, bool all)
    {
        _committedBytes += bytes;
        if (Waiting > 0)
        {
            Answer(Take(_byNeed, fetch => all || fetch.Need <= _committedBytes));
        }
    }

    /// <summary>Answers all that wait, and whatever comes later, with an error.</summary>
    public void Close(ErrorCode error)
    {
        _closed = error;
        foreach (var fetch in Take(_byNeed, _ => true))
        {
            fetch.TrySetResult(Failure(error, fetch.Request.From));
        }

        Dispose();
    }

    public void Dispose()
    {
        _timer?.Dispose();
        _timer = null;
        _timerDue = long.MaxValue;
    }

    private void Park(WaitingFetch fetch)
    {
        Invariant.Check(_byNeed.Add(fetch) && _byDeadline.Add(fetch));
        metrics.Waiting(1);
        var scheduler = TaskScheduler.Current;
        Arm(scheduler);
        fetch.Watch = fetch.Cancellation.UnsafeRegister(
            _ => Task.Factory.StartNew(() => Cancel(fetch), CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler), null);
    }

    private void Cancel(WaitingFetch fetch)
    {
        if (_byNeed.Remove(fetch))
        {
            Invariant.Check(_byDeadline.Remove(fetch));
            metrics.Waiting(-1);
        }

        fetch.TrySetCanceled(fetch.Cancellation);
    }

    /// <summary>Takes fetches from the front of a set, and out of both, as long as they are due.</summary>
    private List<WaitingFetch> Take(SortedSet<WaitingFetch> set, Predicate<WaitingFetch> isDue)
    {
        List<WaitingFetch> due = [];
        while (set.Min is { } fetch && isDue(fetch))
        {
            Invariant.Check(_byNeed.Remove(fetch) && _byDeadline.Remove(fetch));
            fetch.Watch.Unregister();
            due.Add(fetch);
        }

        metrics.Waiting(-due.Count);
        return due;
    }

    private async void Answer(List<WaitingFetch> due)
    {
        try
        {
            var reads = new Dictionary<(Offset, int), FetchResult>();
            foreach (var fetch in due)
            {
                if (fetch.Task.IsCompleted)
                {
                    continue;
                }

                if (!reads.TryGetValue(fetch.Read, out var result))
                {
                    result = await ReadAsync(fetch.Request.From, fetch.Request.MaxBytes);
                    reads.Add(fetch.Read, result);
                }

                var missing = Missing(fetch.Request, result);
                if (missing <= 0 || time.GetTimestamp() >= fetch.Deadline || _closed != ErrorCode.None)
                {
                    fetch.TrySetResult(result);
                }
                else
                {
                    fetch.Need = _committedBytes + missing;
                    Park(fetch);
                }
            }
        }
        catch (Exception bug)
        {
            foreach (var fetch in due)
            {
                fetch.TrySetException(bug);
            }

            failed(bug);
        }
    }

    private async ValueTask<FetchResult> ReadAsync(Offset from, int maxBytes)
    {
        var before = bounds();
        if (from < before.LogStart || from > before.LogEnd)
        {
            return Failure(
                ErrorCode.OffsetOutOfRange, from,
                $"Offset {from} lies outside the log, which reaches from {before.LogStart} to {before.LogEnd}.");
        }

        if (from >= before.HighWatermark)
        {
            return new FetchResult(ErrorCode.None, [], from, before, null);
        }

        // What is in memory is read at once; what storage has to bring takes memory until its fetch is answered.
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

        return read.Error == ErrorCode.None
            ? new FetchResult(ErrorCode.None, read.Pieces, read.NextOffset, bounds(), null)
            : Failure(read.Error, from, read.Error switch
            {
                ErrorCode.CorruptMessage => $"The stored records from offset {from} on are damaged; what lies beside them can be read.",
                ErrorCode.KafkaStorageError => $"The stored records from offset {from} on cannot be read now.",
                _ => null,
            });
    }

    /// <summary>How many bytes a result lacks; none if there is no point in waiting.</summary>
    private static long Missing(FetchRequest request, FetchResult result) =>
        result.Error != ErrorCode.None ? 0 : request.MinBytes - TotalBytes(result);

    private FetchResult Failure(ErrorCode error, Offset from, string? detail = null) => new(error, [], from, bounds(), detail);

    private void Arm(TaskScheduler scheduler)
    {
        if (_byDeadline.Min is not { } first || first.Deadline >= _timerDue)
        {
            return;
        }

        _timerDue = first.Deadline;
        _timer ??= time.CreateTimer(
            _ => Task.Factory.StartNew(OnTimer, CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler),
            null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        var wait = Math.Max(0, _timerDue - time.GetTimestamp());

        // Rounded up: a timer that fires too early would have to be set again for nothing.
        _timer.Change(TimeSpan.FromMilliseconds(Math.Ceiling(wait * 1000.0 / time.TimestampFrequency)), Timeout.InfiniteTimeSpan);
    }

    private void OnTimer()
    {
        _timerDue = long.MaxValue;
        var now = time.GetTimestamp();
        var due = Take(_byDeadline, fetch => fetch.Deadline <= now);
        Arm(TaskScheduler.Current);
        Answer(due);
    }
}
