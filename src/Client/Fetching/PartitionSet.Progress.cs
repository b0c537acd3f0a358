using Loire.Edge.Fetching;
using Loire.Edge.Scheduling;
using Loire.Model;

namespace Loire.Client;

/// <content>Tracks the application's requests and finished records, and which partitions a group releases for delivery.</content>
internal sealed partial class PartitionSet
{
    private AssignedPartition? _inHand;
    private bool _isEnumerated;
    private bool _isAsking;
    private long _activity;
    private long _leaseEnd = long.MaxValue;
    private Func<Exception>? _trouble;
    private TaskCompletionSource? _progress;

    /// <summary>Whether the application is waiting for records, and a counter that grows with its progress.</summary>
    public (bool IsAsking, long Count) Activity
    {
        get
        {
            lock (_lock)
            {
                return (_isAsking, _activity);
            }
        }
    }

    /// <summary>Called when the application requests records, which finishes those delivered before.</summary>
    public void Ask()
    {
        lock (_lock)
        {
            FinishInHand();
            _isAsking = true;
            _activity++;
            Progressed();
        }
    }

    /// <summary>Called when an enumeration ends.</summary>
    /// <param name="hasFinished">Whether the delivered records are finished; false if the application broke out of the loop.</param>
    public void Leave(bool hasFinished)
    {
        lock (_lock)
        {
            if (hasFinished)
            {
                FinishInHand();
            }

            _isAsking = false;
            _isEnumerated = false;
            Progressed();
        }
    }

    /// <summary>Called when an enumeration starts.</summary>
    public void Enter()
    {
        lock (_lock)
        {
            _isEnumerated = true;
        }

        Ask();
    }

    /// <summary>Completes when the application requests records.</summary>
    public async Task WhenAskedAsync(CancellationToken cancellation)
    {
        while (true)
        {
            Task progress;
            lock (_lock)
            {
                if (_isAsking)
                {
                    return;
                }

                progress = WhenProgressed();
            }

            await BackgroundWork.WaitAsync(progress, Timeout.InfiniteTimeSpan, time, cancellation);
        }
    }

    /// <summary>Completes when the application is processing no record of these partitions.</summary>
    public async Task WhenDoneAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellation)
    {
        while (true)
        {
            Task progress;
            lock (_lock)
            {
                if (!_isEnumerated || _isAsking || _inHand is null || !partitions.Contains(_inHand.Partition))
                {
                    return;
                }

                progress = WhenProgressed();
            }

            await BackgroundWork.WaitAsync(progress, Timeout.InfiniteTimeSpan, time, cancellation);
        }
    }

    /// <summary>Adds partitions in the held state.</summary>
    public void Add(IEnumerable<AssignedPartition> partitions)
    {
        lock (_lock)
        {
            CheckNotDisposed();
            foreach (var partition in partitions)
            {
                partition.IsHeld = true;
                _partitions.Add(partition.Partition, partition);
            }

            Order();
        }
    }

    /// <summary>Holds or releases partitions. Ignores those that are not assigned.</summary>
    public void Hold(IEnumerable<TopicPartition> partitions, bool isHeld)
    {
        lock (_lock)
        {
            foreach (var partition in partitions)
            {
                if (_partitions.TryGetValue(partition, out var found))
                {
                    found.IsHeld = isHeld;
                }
            }

            Arrived();
        }
    }

    /// <summary>
    /// The group has given partitions to others. They are held until they are removed, which may take a while; none of their positions is committed any more,
    /// in particular not in the name of the member that the consumer becomes next.
    /// </summary>
    public void Lose(IEnumerable<TopicPartition> partitions)
    {
        lock (_lock)
        {
            foreach (var partition in partitions)
            {
                if (_partitions.TryGetValue(partition, out var found))
                {
                    found.IsHeld = found.IsLost = true;
                    NoteLost(found);
                }
            }

            Arrived();
        }
    }

    /// <summary>Removes partitions without disturbing the others.</summary>
    public void Remove(IEnumerable<TopicPartition> partitions)
    {
        var ended = new List<CancellationTokenSource>();
        lock (_lock)
        {
            foreach (var partition in partitions)
            {
                if (_partitions.Remove(partition, out var found))
                {
                    ended.Add(found.Revoke());
                    NoteLost(found);
                }
            }

            Order();
        }

        Cancel(ended);
    }

    /// <summary>Allows delivery until the given time, in units of <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public void LeaseUntil(long end)
    {
        lock (_lock)
        {
            _leaseEnd = end;
            Arrived();
        }
    }

    /// <summary>Sets the exception that enumerations throw; null for none.</summary>
    public void Trouble(Func<Exception>? trouble)
    {
        lock (_lock)
        {
            if (trouble != _trouble)
            {
                _trouble = trouble;
                Arrived();
            }
        }
    }

    /// <summary>
    /// Continues at an offset of the topic's new creation, unless the application is still processing records of the previous one.
    /// </summary>
    public bool TrySucceed(AssignedPartition partition, int epoch, FetchSession successor, Offset start)
    {
        CancellationTokenSource ended;
        lock (_lock)
        {
            if (partition.Epoch != epoch || (_inHand == partition && _isEnumerated && !_isAsking))
            {
                return false;
            }

            ended = partition.Restart(start);
            (partition.Session, partition.Finished, partition.Begin, partition.Committed) = (successor, start, start, Offset.None);
            Arrived();
        }

        Cancel([ended]);
        return true;
    }

    private bool IsLeaseOver() => _leaseEnd != long.MaxValue && time.GetTimestamp() >= _leaseEnd;

    private void FinishInHand()
    {
        if (_inHand is { } partition)
        {
            _inHand = null;
            partition.Finished = partition.Position;
            Progressed();
        }
    }

    private Task WhenProgressed() =>
        (_progress ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    private void Progressed()
    {
        _progress?.TrySetResult();
        _progress = null;
    }
}
