using Loire.Edge.Fetching;
using Loire.Edge.Scheduling;
using Loire.Model;

namespace Loire.Client;

/// <content>What the application asks for and has finished, and what a group lets it read.</content>
internal sealed partial class PartitionSet
{
    private AssignedPartition? _inHand;
    private bool _isEnumerated;
    private bool _isAsking;
    private long _activity;
    private long _leaseEnd = long.MaxValue;
    private Func<Exception>? _trouble;
    private TaskCompletionSource? _progress;

    /// <summary>Whether the application waits for records now, and a number that grows with what it gets.</summary>
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

    /// <summary>The application asks for records: it is done with what was handed out before.</summary>
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

    /// <summary>The application does not ask for more.</summary>
    /// <param name="hasFinished">Whether it is done with what it was given; otherwise it broke off.</param>
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

    /// <summary>An enumeration begins.</summary>
    public void Enter()
    {
        lock (_lock)
        {
            _isEnumerated = true;
        }

        Ask();
    }

    /// <summary>Ends when the application asks for records.</summary>
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

    /// <summary>Ends when the application works on none of these partitions' records.</summary>
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

    /// <summary>Adds partitions, which are held.</summary>
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

    /// <summary>Holds partitions, or releases them. Those that are not assigned are ignored.</summary>
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

    /// <summary>Ends partitions; the others are not disturbed.</summary>
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
                }
            }

            Order();
        }

        Cancel(ended);
    }

    /// <summary>Records are handed out until a moment, in units of <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public void LeaseUntil(long end)
    {
        lock (_lock)
        {
            _leaseEnd = end;
            Arrived();
        }
    }

    /// <summary>What enumerations throw from now on; nothing if null.</summary>
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
    /// Continues at an offset of the topic's new creation, unless the application still works on records of the one before.
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
