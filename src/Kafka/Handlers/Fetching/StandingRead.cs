using Loire.Model;

namespace Loire.Kafka.Handlers.Fetching;

/// <summary>
/// One partition of <see cref="StandingReads"/>: what was read of it for the fetch under way, and the read that waits at its partition. Not thread-safe: owned by the
/// fetch under way.
/// </summary>
/// <param name="reader">Reads the partition.</param>
/// <param name="time">The clock.</param>
internal sealed class StandingRead(PartitionReader reader, TimeProvider time)
{
    private ReadPosition _position;
    private IsolationLevel _isolation;
    private CancellationTokenSource? _waiting;
    private int _waitsFor;
    private long _waitsSince;
    private bool _mayWait;

    /// <summary>The fetch that has last wanted the partition.</summary>
    public long WantedBy { get; set; }

    /// <summary>Whether the partition must be read before the fetch under way can say anything of it.</summary>
    public bool MustLook { get; private set; }

    /// <summary>What was read; null if nothing was there.</summary>
    public PartitionRead? Read { get; private set; }

    /// <summary>What is known of the log from the last read without an error; null for nothing.</summary>
    public PartitionRead? Known { get; private set; }

    /// <summary>Whether what was read does not fit into the answer.</summary>
    public bool IsLeftOut { get; set; }

    /// <summary>The partition's own limit, in bytes.</summary>
    public int MaxBytes => _position.MaxBytes;

    /// <summary>Distinguishes the read that waits from those before it.</summary>
    public int Ticket { get; private set; }

    /// <summary>
    /// Begins a fetch. A read that waits for just what the client wants goes on waiting; one that is not needed is cancelled. A client that has read all there was needs
    /// no look before it waits for more.
    /// </summary>
    public void Begin(ReadPosition position, FetchTerms terms, long fetch)
    {
        var isSame = _position == position && _isolation == terms.Isolation;
        (_position, _isolation, WantedBy, Read, IsLeftOut, _mayWait) = (position, terms.Isolation, fetch, null, false, true);
        if (!isSame || !terms.Waits || StopsEarly())
        {
            Cancel();
        }

        MustLook = !terms.Waits || (_waiting is null && !HasReadAll());
    }

    /// <summary>Reads now, without a wait.</summary>
    /// <param name="maxBytes">What the answer has room for.</param>
    /// <param name="cancellation">Ends the read.</param>
    public async Task LookAsync(long maxBytes, CancellationToken cancellation)
    {
        MustLook = false;
        var read = await reader.ReadAsync(_position, (int)Math.Min(MaxBytes, maxBytes), 0, TimeSpan.Zero, _isolation, cancellation);
        Take(read);
    }

    /// <summary>Drops what was read for lack of room. What is known of the log stays.</summary>
    public void LeaveOut()
    {
        IsLeftOut = true;
        Read = Read?.WithoutRecords();
    }

    /// <summary>Passes over the partition, because the answer is full; what is known of it is answered.</summary>
    public void PassOver() => (MustLook, IsLeftOut) = (false, true);

    /// <summary>
    /// Has a read wait at the partition for more than there is, unless one does already. The first records always end it, so that they are known once the wait is over
    /// although they are too few.
    /// </summary>
    /// <param name="share">The bytes beyond those there, if there are some.</param>
    /// <param name="ended">Called when the read ends, on any thread, with its ticket; null for what it has brought if it failed.</param>
    public void Wait(int share, Action<StandingRead, int, PartitionRead?> ended)
    {
        var needed = Read is { Bytes: > 0 and var bytes } ? (int)Math.Min(int.MaxValue, bytes + share) : 1;
        if (!_mayWait || Read is { Error: not ErrorCode.None } || (_waiting is not null && _waitsFor <= needed))
        {
            return;
        }

        Cancel();
        (_waiting, _waitsFor, _waitsSince) = (new CancellationTokenSource(), needed, time.GetTimestamp());
        _ = WaitAsync(_position, needed, _isolation, Ticket, ended, _waiting.Token);
    }

    /// <summary>Takes what the read that waited has brought, unless it is of no interest any more. If it failed, the partition is looked at.</summary>
    /// <param name="ticket">The read's ticket.</param>
    /// <param name="read">What it has brought; null for a failure, or for records that came while no fetch was under way.</param>
    public void End(int ticket, PartitionRead? read)
    {
        if (ticket != Ticket)
        {
            return;
        }

        Cancel();
        if (read is { Error: ErrorCode.None, Bytes: > 0 })
        {
            Take(read);
        }
        else if (read is { Error: ErrorCode.None, Diverging: null })
        {
            // Nothing has come. A partition that does not let reads wait, because it is about to move, is not asked in a circle.
            Known = read;
            _mayWait = time.GetElapsedTime(_waitsSince) >= FetchLimits.StandingWait / 2;
        }
        else
        {
            (MustLook, _mayWait, Known) = (true, false, null);
        }
    }

    /// <summary>Ends a fetch: what it has read is answered or read again, so that no records are held for a client that is away.</summary>
    public PartitionRead Answer()
    {
        var answer = Read ?? Known ?? PartitionRead.Failed(ErrorCode.NotLeaderOrFollower);
        Read = null;
        return answer;
    }

    /// <summary>Ends the read that waits.</summary>
    public void Cancel()
    {
        Ticket++;
        _waiting?.Cancel();
        _waiting = null;
    }

    private void Take(PartitionRead read)
    {
        Read = read;
        Known = read.Error == ErrorCode.None ? read.WithoutRecords() with { Diverging = null } : null;
    }

    private bool HasReadAll() => Known is { } known && known.Next == _position.From && !known.HasMore(_isolation) && !StopsEarly();

    /// <summary>While a transaction is open, the high watermark moves without waking a read that stops before it.</summary>
    private bool StopsEarly() => _isolation == IsolationLevel.ReadCommitted && Known?.Bounds is { } bounds && bounds.LastStable != bounds.HighWatermark;

    private async Task WaitAsync(
        ReadPosition position, int minBytes, IsolationLevel isolation, int ticket, Action<StandingRead, int, PartitionRead?> ended, CancellationToken cancellation)
    {
        PartitionRead? read = null;
        try
        {
            read = await reader.ReadAsync(position, position.MaxBytes, minBytes, FetchLimits.StandingWait, isolation, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
        finally
        {
            ended(this, ticket, read);
        }
    }
}
