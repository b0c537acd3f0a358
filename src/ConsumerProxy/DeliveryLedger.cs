using Loire.Client;
using Loire.Grains.Interfaces.Consumers;
using Loire.Model;

namespace Loire.ConsumerProxy;

/// <summary>
/// What a consumer holds ready, has delivered, and knows to be finished. One lock guards all of it, because requests and rebalances come on
/// different threads: a record that is held when its partition is revoked is not delivered afterwards. The rules are
/// <see cref="DeliveryTracker"/>'s.
/// </summary>
/// <param name="life">Names this life of the consumer in receipts.</param>
/// <param name="lostInHand">The partition of the records that arrived last, if it was lost since.</param>
/// <param name="time">The clock.</param>
internal sealed class DeliveryLedger(string life, Func<TopicPartition?> lostInHand, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly DeliveryTracker _deliveries = new(life);
    private readonly HeldRecords _held = new();
    private TaskCompletionSource? _progress;
    private bool _isStreaming;
    private bool _isEnding;

    /// <inheritdoc cref="DeliveryTracker.Receipt"/>
    public string Receipt
    {
        get
        {
            lock (_lock)
            {
                return _deliveries.Receipt;
            }
        }
    }

    /// <summary>Applies what the client says about earlier deliveries.</summary>
    /// <returns>What was lost on the way: the positions to go back to.</returns>
    public IReadOnlyList<(TopicPartition Partition, Offset From)> Settle(TakeRequest request)
    {
        lock (_lock)
        {
            _isStreaming = request.PreviousDelivery == PreviousDelivery.Pending;
            IReadOnlyList<(TopicPartition Partition, Offset From)> lost = [];
            if (request.PreviousDelivery == PreviousDelivery.Finished)
            {
                _deliveries.FinishAll();
            }
            else if (request.PreviousDelivery == PreviousDelivery.FinishedUpToReceipt)
            {
                lost = _deliveries.FinishUpTo(request.Receipt ?? "");
            }

            Progressed();
            return lost;
        }
    }

    /// <summary>Holds records for the next deliveries, unless their partition was lost after they had arrived.</summary>
    public void Hold(PartitionSlices? records)
    {
        lock (_lock)
        {
            // Asked under the lock: a loss that comes later drops what is held.
            if (records is not null && records.Partition != lostInHand())
            {
                _held.Add(records);
            }
        }
    }

    /// <inheritdoc cref="HeldRecords.IsShortOf"/>
    public bool HoldsLessThan(long leastBytes, int maxRecords)
    {
        lock (_lock)
        {
            return _held.IsShortOf(leastBytes, maxRecords);
        }
    }

    /// <summary>Moves what is held into a delivery.</summary>
    /// <returns>Whether there is room for more.</returns>
    public bool Fill(Delivery delivery)
    {
        lock (_lock)
        {
            var isNew = delivery.IsEmpty;
            while (_held.MoveTo(delivery) is var (partition, from, next))
            {
                if (isNew)
                {
                    _deliveries.Open();
                    isNew = false;
                }

                _deliveries.Add(partition, from, next);
            }

            return !delivery.IsFull;
        }
    }

    /// <summary>Starts reading partitions at positions, which need no commit themselves.</summary>
    public void Begin(TopicPartitionOffset[] positions)
    {
        lock (_lock)
        {
            foreach (var position in positions)
            {
                _deliveries.Begin(position.TopicPartition, position.Offset);
            }
        }
    }

    /// <summary>Stops reading partitions.</summary>
    public void End(IReadOnlyCollection<TopicPartition> partitions)
    {
        lock (_lock)
        {
            _held.Drop(partitions);
            _deliveries.End(partitions);
        }
    }

    /// <summary>Records a seek of the client.</summary>
    public void Move(TopicPartition partition, Offset position)
    {
        lock (_lock)
        {
            _held.Drop([partition]);
            _deliveries.Move(partition, position);
        }
    }

    /// <summary>Records that a partition was sought back to where the client's losses begin.</summary>
    public void WentBack(TopicPartition partition)
    {
        lock (_lock)
        {
            _held.Drop([partition]);
            _deliveries.WentBack(partition);
        }
    }

    /// <summary>Drops what is held; from now until <see cref="Resume"/> no rebalance waits for the client to finish records.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _held.Clear();
            _isEnding = true;
            Progressed();
        }
    }

    /// <summary>Undoes <see cref="Stop"/>.</summary>
    public void Resume()
    {
        lock (_lock)
        {
            _isEnding = false;
        }
    }

    /// <summary>Marks everything that was delivered as finished.</summary>
    /// <returns>The offsets to commit.</returns>
    public IReadOnlyList<TopicPartitionOffset> FinishAll()
    {
        lock (_lock)
        {
            _deliveries.FinishAll();
            Progressed();
            return _deliveries.Uncommitted();
        }
    }

    /// <inheritdoc cref="DeliveryTracker.Uncommitted"/>
    public IReadOnlyList<TopicPartitionOffset> Uncommitted(IReadOnlyCollection<TopicPartition>? among)
    {
        lock (_lock)
        {
            return _deliveries.Uncommitted(among);
        }
    }

    /// <summary>Records a commit by the client: what is before the offsets is finished.</summary>
    public void Commit(IEnumerable<TopicPartitionOffset> offsets)
    {
        lock (_lock)
        {
            foreach (var offset in offsets)
            {
                _deliveries.Commit(offset.TopicPartition, offset.Offset);
            }

            Progressed();
        }
    }

    /// <summary>Records an automatic commit of finished offsets.</summary>
    public void Committed(IEnumerable<TopicPartitionOffset> offsets)
    {
        lock (_lock)
        {
            foreach (var offset in offsets)
            {
                _deliveries.Committed(offset.TopicPartition, offset.Offset);
            }
        }
    }

    /// <summary>
    /// Waits until the client has finished its records of partitions: it asks for more, or commits. A stream that does not say what has arrived
    /// is not waited for.
    /// </summary>
    public async Task WhenFinishedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation)
    {
        while (true)
        {
            Task progress;
            lock (_lock)
            {
                if (_isStreaming || _isEnding || cancellation.IsCancellationRequested || !_deliveries.HasUnfinished(partitions))
                {
                    return;
                }

                _progress ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                progress = _progress.Task;
            }

            await Task.WhenAny(progress, Task.Delay(Timeout.InfiniteTimeSpan, time, cancellation));
        }
    }

    private void Progressed()
    {
        _progress?.TrySetResult();
        _progress = null;
    }
}
