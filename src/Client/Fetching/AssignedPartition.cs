using Loire.Edge.Fetching;
using Loire.Edge.Topics;
using Loire.Model;

namespace Loire.Client;

/// <summary>
/// One assigned partition: its position and its prefetched batches. It belongs to a <see cref="PartitionSet"/>, whose lock guards all
/// mutable members.
/// </summary>
/// <param name="session">Reads the partition.</param>
/// <param name="partition">The partition.</param>
/// <param name="start">The first offset to read.</param>
internal sealed class AssignedPartition(FetchSession session, TopicPartition partition, Offset start)
{
    private readonly Queue<FetchedBatches> _ahead = new();
    private TaskCompletionSource? _change;
    private long _bufferedBytes;
    private volatile int _epoch;
    private volatile bool _isPaused;
    private volatile bool _isHeld;

    public TopicPartition Partition => partition;

    /// <summary>Reads the partition; replaced when the topic is recreated.</summary>
    public FetchSession Session { get; set; } = session;

    public TopicRoutes Topic => Session.Topic;

    /// <summary>The offset after the last delivered record.</summary>
    public Offset Position { get; set; } = start;

    /// <summary>Whether a group granted it, which also revokes it when its topic is deleted.</summary>
    public bool IsGranted { get; init; }

    /// <summary>The offset after the last record that the application has finished.</summary>
    public Offset Finished { get; set; } = start;

    /// <summary>No record before this offset has been delivered since the partition was assigned.</summary>
    public Offset Begin { get; set; } = start;

    /// <summary>The last committed position; <see cref="Offset.None"/> if there is none.</summary>
    public Offset Committed { get; set; } = Offset.None;

    /// <summary>Whether delivery is suspended, because the partition is not yet released after a grant or is being revoked.</summary>
    public bool IsHeld
    {
        get => _isHeld;
        set
        {
            _isHeld = value;
            Changed();
        }
    }

    /// <summary>The offset to fetch next.</summary>
    public Offset FetchFrom { get; private set; } = start;

    /// <summary>Grows whenever prefetched batches become invalid.</summary>
    public int Epoch => _epoch;

    /// <summary>Cancelled when the epoch ends.</summary>
    public CancellationTokenSource EpochEnd { get; private set; } = new();

    public bool IsPaused => _isPaused;

    public bool IsRevoked { get; private set; }

    /// <summary>Whether the group has given it to others, and the assignment is about to end.</summary>
    public bool IsLost { get; set; }

    /// <summary>Why fetching has stopped, until an enumeration has thrown it; null otherwise.</summary>
    public ConsumeException? Failure { get; private set; }

    /// <summary>The oldest prefetched batches; null if there are none.</summary>
    public FetchedBatches? Head => _ahead.TryPeek(out var head) ? head : null;

    /// <summary>Whether records of an epoch may still be delivered. Without the lock, the answer may be stale.</summary>
    public bool MayHandOut(int epoch) => _epoch == epoch && !_isPaused && !_isHeld;

    /// <summary>Whether a fetch of the given size may be made: it fits, or nothing is buffered.</summary>
    public bool WantsFetch(int bytes, int maxBuffered) =>
        !IsRevoked && !IsPaused && !IsHeld && Failure is null && (_ahead.Count == 0 || _bufferedBytes + bytes <= maxBuffered);

    /// <summary>Completes when the result of <see cref="WantsFetch"/> may have changed.</summary>
    public Task WhenChanged() => (_change ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public void Add(FetchedBatches fetched)
    {
        _ahead.Enqueue(fetched);
        _bufferedBytes += fetched.Bytes;
        FetchFrom = fetched.NextOffset;
    }

    public void RemoveHead()
    {
        _bufferedBytes -= _ahead.Dequeue().Bytes;
        Changed();
    }

    public void Pause() => _isPaused = true;

    public void Resume()
    {
        _isPaused = false;
        Changed();
    }

    public void Fail(ConsumeException failure) => Failure = failure;

    public ConsumeException? TakeFailure()
    {
        var failure = Failure;
        Failure = null;
        Changed();
        return failure;
    }

    /// <summary>Discards prefetched batches and continues at an offset.</summary>
    /// <returns>The ended epoch, to be cancelled outside the lock.</returns>
    public CancellationTokenSource Restart(Offset from)
    {
        Position = FetchFrom = from;
        return NextEpoch();
    }

    /// <summary>Ends the assignment.</summary>
    /// <returns>The ended epoch, to be cancelled outside the lock.</returns>
    public CancellationTokenSource Revoke()
    {
        IsRevoked = true;
        return NextEpoch();
    }

    private CancellationTokenSource NextEpoch()
    {
        _epoch++;
        Failure = null;
        _ahead.Clear();
        _bufferedBytes = 0;
        var ended = EpochEnd;
        EpochEnd = new CancellationTokenSource();
        Changed();
        return ended;
    }

    private void Changed()
    {
        _change?.TrySetResult();
        _change = null;
    }
}
