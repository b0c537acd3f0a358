using Loire.Edge.Topics;
using Loire.Model;

namespace Loire.Client;

/// <summary>
/// A topic that a producer writes to: what is known of it, and the queues of its partitions. Lives as long as the producer, through
/// deletions and re-creations of the topic, so that the order of records is decided in one place.
/// </summary>
internal sealed class ProducerTopic(TopicName name, Accumulator accumulator) : TopicLoad
{
    private readonly Lock _lock = new();
    private volatile TopicRoutes? _known;
    private volatile PartitionQueue?[] _queues = [];
    private volatile bool _isGone;
    private int _isRenewing;

    /// <inheritdoc/>
    public override TopicName Topic => name;

    /// <inheritdoc/>
    public override int PartitionsCount => _known?.PartitionsCount ?? 0;

    /// <summary>What is known; null before the topic has been found.</summary>
    public TopicRoutes? Known => _known;

    /// <summary>Whether it can be written to without asking its grain first.</summary>
    public bool IsReady => _known is not null && !_isGone;

    /// <summary>Where calls for the topic wait.</summary>
    public AsyncFifoLock Line { get; } = new();

    /// <summary>The queues that are in use.</summary>
    public IEnumerable<PartitionQueue> Queues => _queues.OfType<PartitionQueue>();

    /// <inheritdoc/>
    public override long QueuedBytes(int partition)
    {
        var queues = _queues;
        return partition < queues.Length && queues[partition] is { } queue ? queue.QueuedBytes : 0;
    }

    public void Learn(TopicRoutes known)
    {
        _known = known;
        _isGone = false;
    }

    /// <summary>Its grain says that it does not exist: ask again before taking more records.</summary>
    public void Vanish() => _isGone = true;

    /// <summary>Whether it is the caller who shall renew what is known; then <see cref="EndRenewal"/> follows.</summary>
    public bool TryBeginRenewal() => Interlocked.CompareExchange(ref _isRenewing, 1, 0) == 0;

    public void EndRenewal() => Volatile.Write(ref _isRenewing, 0);

    /// <summary>The queue of a partition, which exists as far as is known.</summary>
    public PartitionQueue Queue(int partition)
    {
        var queues = _queues;
        return partition < queues.Length && queues[partition] is { } queue ? queue : AddQueue(partition);
    }

    private PartitionQueue AddQueue(int partition)
    {
        lock (_lock)
        {
            if (_queues.Length <= partition)
            {
                var more = new PartitionQueue?[Math.Max(partition + 1, PartitionsCount)];
                _queues.CopyTo(more, 0);
                _queues = more;
            }

            return _queues[partition] ??= new PartitionQueue(accumulator, this, partition);
        }
    }
}
