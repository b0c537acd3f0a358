using Loire.Edge.Fetching;
using Loire.Edge.Topics;
using Loire.Model;

namespace Loire.Client;

/// <summary>
/// One partition of an assignment: its position, and what was fetched ahead of it. It belongs to a
/// <see cref="PartitionSet"/>, whose lock guards every member that changes.
/// </summary>
/// <param name="session">Reads it.</param>
/// <param name="partition">Which of its partitions.</param>
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

    /// <summary>Reads it; replaced when the topic is created again.</summary>
    public FetchSession Session { get; set; } = session;

    public TopicRoutes Topic => Session.Topic;

    /// <summary>The offset after the last record handed out.</summary>
    public Offset Position { get; set; } = start;

    /// <summary>Whether a group has granted it, and revokes it when its topic is deleted.</summary>
    public bool IsGranted { get; init; }

    /// <summary>The offset after the last record that the application is done with.</summary>
    public Offset Finished { get; set; } = start;

    /// <summary>No record before this offset was handed out since the partition was assigned.</summary>
    public Offset Begin { get; set; } = start;

    /// <summary>What was committed last; none if nothing was.</summary>
    public Offset Committed { get; set; } = Offset.None;

    /// <summary>Whether nothing is handed out, because the group has not released it yet or is revoking it.</summary>
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

    /// <summary>Grows whenever what was fetched before becomes invalid.</summary>
    public int Epoch => _epoch;

    /// <summary>Cancelled with the epoch.</summary>
    public CancellationTokenSource EpochEnd { get; private set; } = new();

    public bool IsPaused => _isPaused;

    public bool IsRevoked { get; private set; }

    /// <summary>Why nothing is fetched any more, until an enumeration has thrown it.</summary>
    public ConsumeException? Failure { get; private set; }

    /// <summary>What was fetched first; null if nothing waits.</summary>
    public FetchedBatches? Head => _ahead.TryPeek(out var head) ? head : null;

    /// <summary>Whether records of an epoch may still be handed out. Without the lock the answer may be late.</summary>
    public bool MayHandOut(int epoch) => _epoch == epoch && !_isPaused && !_isHeld;

    /// <summary>Whether a fetch of that size may be made: it fits, or nothing is buffered.</summary>
    public bool WantsFetch(int bytes, int maxBuffered) =>
        !IsRevoked && !IsPaused && !IsHeld && Failure is null && (_ahead.Count == 0 || _bufferedBytes + bytes <= maxBuffered);

    /// <summary>Ends when any of what <see cref="WantsFetch"/> looks at changes.</summary>
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

    /// <summary>Drops what was fetched and continues at an offset.</summary>
    /// <returns>What is to be cancelled outside of the lock.</returns>
    public CancellationTokenSource Restart(Offset from)
    {
        Position = FetchFrom = from;
        return NextEpoch();
    }

    /// <summary>Ends it.</summary>
    /// <returns>What is to be cancelled outside of the lock.</returns>
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
