using Loire.Edge.Fetching;
using Loire.Model;

namespace Loire.Client;

/// <summary>
/// The partitions of a consumer. Fetch loops wait here for buffer space, and the reader waits for records. One lock guards all state; no
/// application code runs while it is held.
/// </summary>
internal sealed partial class PartitionSet(ConsumerOptions options, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TopicPartition, AssignedPartition> _partitions = [];
    private AssignedPartition[] _ring = [];
    private TaskCompletionSource? _arrival;
    private int _turn;
    private bool _isDisposed;

    public bool IsDisposed => Volatile.Read(ref _isDisposed);

    /// <exception cref="ObjectDisposedException">The consumer was disposed.</exception>
    public void CheckNotDisposed()
    {
        if (IsDisposed)
        {
            throw new ObjectDisposedException("consumer");
        }
    }

    public AssignedPartition? Find(TopicPartition partition)
    {
        lock (_lock)
        {
            return _partitions.GetValueOrDefault(partition);
        }
    }

    public T Read<T>(TopicPartition partition, Func<AssignedPartition, T> read)
    {
        lock (_lock)
        {
            return read(Assigned(partition));
        }
    }

    /// <summary>The partitions that satisfy <paramref name="which"/>, in ordinal order.</summary>
    public TopicPartition[] List(Func<AssignedPartition, bool> which)
    {
        lock (_lock)
        {
            return [.. _ring.Where(which).Select(partition => partition.Partition)];
        }
    }

    /// <summary>Replaces the partitions; those that are already assigned are not changed.</summary>
    public void Replace(IReadOnlyCollection<AssignedPartition> partitions)
    {
        var ended = new List<CancellationTokenSource>();
        lock (_lock)
        {
            CheckNotDisposed();
            ended.AddRange(_partitions.Values.Except(partitions).Select(partition => partition.Revoke()));
            _partitions.Clear();
            foreach (var partition in partitions)
            {
                _partitions.Add(partition.Partition, partition);
            }

            Order();
        }

        Cancel(ended);
    }

    /// <summary>Discards a partition's prefetched batches and continues at another offset.</summary>
    public void Seek(TopicPartition partition, Offset offset)
    {
        CancellationTokenSource ended;
        lock (_lock)
        {
            ended = Seek(Assigned(partition), offset);
        }

        Cancel([ended]);
    }

    /// <summary>
    /// Continues at another offset of the partition of the records delivered last, unless it was taken from the consumer since: then it begins elsewhere, if it
    /// is the consumer's again.
    /// </summary>
    public void SeekInHand(TopicPartition partition, Offset offset)
    {
        CancellationTokenSource ended;
        lock (_lock)
        {
            if (_inHand is not { IsRevoked: false, IsLost: false } sought || sought.Partition != partition)
            {
                return;
            }

            ended = Seek(sought, offset);
        }

        Cancel([ended]);
    }

    /// <summary>Discards a partition's prefetched batches and fetches again from its position.</summary>
    public void Refetch(AssignedPartition partition, int epoch)
    {
        CancellationTokenSource ended;
        lock (_lock)
        {
            if (partition.Epoch != epoch)
            {
                return;
            }

            ended = partition.Restart(partition.Position);
        }

        Cancel([ended]);
    }

    public void Pause(IEnumerable<TopicPartition> partitions) => ForEach(partitions, static partition => partition.Pause());

    public void Resume(IEnumerable<TopicPartition> partitions) => ForEach(partitions, static partition => partition.Resume());

    /// <summary>Ends all partitions and wakes all waiters.</summary>
    public void Dispose()
    {
        var ended = new List<CancellationTokenSource>();
        lock (_lock)
        {
            _isDisposed = true;
            ended.AddRange(_partitions.Values.Select(partition => partition.Revoke()));
            _partitions.Clear();
            Order();
        }

        Cancel(ended);
    }

    /// <summary>
    /// Finds something to read: the next partition in turn that has some.
    /// </summary>
    /// <param name="only">The only partition to consider; null for all.</param>
    /// <param name="found">The partition, its epoch and its batches.</param>
    /// <param name="arrival">If nothing is available, completes when that may have changed.</param>
    /// <exception cref="ConsumeException">The partition whose turn it is cannot be read.</exception>
    public bool TryPick(
        AssignedPartition? only, out (AssignedPartition Partition, int Epoch, FetchedBatches Batches, Offset Position) found,
        out Task arrival)
    {
        arrival = Task.CompletedTask;
        lock (_lock)
        {
            CheckNotDisposed();
            if (only is null && _trouble is { } trouble)
            {
                throw trouble();
            }

            for (var i = 0; i < _ring.Length && !IsLeaseOver(); i++)
            {
                var turn = (_turn + i) % _ring.Length;
                var partition = _ring[turn];
                if (partition.IsPaused || partition.IsHeld || (only is not null && only != partition))
                {
                    continue;
                }

                if (partition.Head is { } head)
                {
                    _turn = turn + 1;
                    found = (partition, partition.Epoch, head, partition.Position);
                    return true;
                }

                if (only is null && partition.Failure is not null)
                {
                    _turn = turn + 1;
                    throw partition.TakeFailure()!;
                }
            }

            found = default;
            if (only is null)
            {
                arrival = (_arrival ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }

            return false;
        }
    }

    /// <summary>Advances the position, unless the partition was paused, sought, revoked or disposed meanwhile.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="epoch">The epoch in which the records were found.</param>
    /// <param name="position">The new position.</param>
    /// <param name="isHandedOut">Whether the records before it are delivered to the application; false if there are none.</param>
    public bool TryAdvance(AssignedPartition partition, int epoch, Offset position, bool isHandedOut)
    {
        lock (_lock)
        {
            // Delivering new records finishes those delivered before.
            FinishInHand();
            if (!partition.MayHandOut(epoch) || IsLeaseOver())
            {
                return false;
            }

            partition.Position = position;
            if (isHandedOut)
            {
                _inHand = partition;
                _isAsking = false;
                _activity++;
            }
            else
            {
                partition.Finished = position;
                partition.Begin = Offset.Min(partition.Begin, position);
            }

            return true;
        }
    }

    /// <summary>Removes the batches that <see cref="TryPick"/> found, once they are consumed.</summary>
    public void Finish(AssignedPartition partition, int epoch)
    {
        lock (_lock)
        {
            if (partition.Epoch == epoch)
            {
                partition.RemoveHead();
            }
        }
    }

    /// <summary>Waits until a partition needs a fetch; null once the assignment has ended.</summary>
    public async ValueTask<(FetchSession Session, Offset From, int Epoch, CancellationToken EpochEnd)?> NextFetchAsync(
        AssignedPartition partition)
    {
        while (true)
        {
            Task change;
            lock (_lock)
            {
                if (partition.IsRevoked)
                {
                    return null;
                }

                if (partition.WantsFetch(options.MaxPartitionFetchBytes, options.MaxBufferedBytesPerPartition))
                {
                    return (partition.Session, partition.FetchFrom, partition.Epoch, partition.EpochEnd.Token);
                }

                change = partition.WhenChanged();
            }

            await change;
        }
    }

    /// <summary>Adds fetched batches.</summary>
    public void Add(AssignedPartition partition, int epoch, FetchedBatches fetched)
    {
        lock (_lock)
        {
            if (partition.Epoch == epoch)
            {
                partition.Add(fetched);
                Arrived();
            }
        }
    }

    /// <summary>Stops fetching a partition until the failure has been thrown.</summary>
    public void Fail(AssignedPartition partition, int epoch, ConsumeException failure)
    {
        lock (_lock)
        {
            if (partition.Epoch == epoch)
            {
                partition.Fail(failure);
                Arrived();
            }
        }
    }

    private static CancellationTokenSource Seek(AssignedPartition sought, Offset offset)
    {
        sought.Finished = offset;
        sought.Begin = Offset.Min(sought.Begin, offset);
        return sought.Restart(offset);
    }

    private void ForEach(IEnumerable<TopicPartition> partitions, Action<AssignedPartition> action)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        lock (_lock)
        {
            foreach (var partition in partitions.Select(Assigned).ToArray())
            {
                action(partition);
            }

            Arrived();
        }
    }

    private AssignedPartition Assigned(TopicPartition partition)
    {
        CheckNotDisposed();
        return _partitions.GetValueOrDefault(partition)
            ?? throw new InvalidOperationException($"The partition {partition} is not assigned.");
    }

    private void Order()
    {
        _ring =
        [
            .. _partitions.Values.OrderBy(one => one.Partition),
        ];
        _turn = 0;
        Arrived();
    }

    private void Arrived()
    {
        _arrival?.TrySetResult();
        _arrival = null;
    }

    private static void Cancel(IEnumerable<CancellationTokenSource> ended)
    {
        foreach (var one in ended)
        {
            one.Cancel();
        }
    }
}
