using Loire.Edge.Producing;
using Loire.Edge.Topics;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Client;

/// <summary>
/// A topic that a producer writes to: its metadata and the accumulators of its partitions. It lives as long as the producer, across
/// deletions and recreations of the topic, so that one object determines the order of records.
/// </summary>
internal sealed class ProducerTopic(TopicName name, ProducerBuffer buffer) : TopicLoad, IAccumulatorOwner
{
    private readonly Lock _lock = new();
    private volatile TopicRoutes? _known;
    private volatile PartitionAccumulator?[] _queues = [];
    private volatile bool _isGone;
    private int _isRenewing;

    /// <inheritdoc/>
    public override TopicName Topic => name;

    /// <inheritdoc/>
    public override int PartitionsCount => _known?.PartitionsCount ?? 0;

    public ProducerBuffer Buffer => buffer;

    /// <summary>The known routes; null before the topic has been found.</summary>
    public TopicRoutes? Known => _known;

    /// <summary>Whether records can be added without querying the topic's grain first.</summary>
    public bool IsReady => _known is not null && !_isGone;

    /// <summary>The lock that orders waiting calls for the topic.</summary>
    public AsyncFifoLock Line { get; } = new();

    /// <summary>The accumulators in use. If the producer was disposed before this call, later ones are created closed.</summary>
    public IEnumerable<PartitionAccumulator> Queues
    {
        get
        {
            lock (_lock)
            {
                return _queues.OfType<PartitionAccumulator>();
            }
        }
    }

    TopicRoutes IAccumulatorOwner.Routes => _known!;

    Acks IAccumulatorOwner.Acks => buffer.Settings.Options.Acks;

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

    /// <summary>Whether the caller should refresh the metadata; if so, it must call <see cref="EndRenewal"/> afterwards.</summary>
    public bool TryBeginRenewal() => Interlocked.CompareExchange(ref _isRenewing, 1, 0) == 0;

    public void EndRenewal() => Volatile.Write(ref _isRenewing, 0);

    /// <summary>The accumulator of a partition that is known to exist.</summary>
    public PartitionAccumulator Queue(int partition)
    {
        var queues = _queues;
        return partition < queues.Length && queues[partition] is { } queue ? queue : AddQueue(partition);
    }

    // Queued records follow the topic to its next creation.
    bool IAccumulatorOwner.TryFollow(TopicRoutes routes)
    {
        Learn(routes);
        return true;
    }

    // The topic is looked up again before more records are accepted.
    void IAccumulatorOwner.OnTopicGone() => _isGone = true;

    PendingBatch IAccumulatorOwner.OpenBatch(PartitionAccumulator accumulator, RecordBatchBuilder builder) =>
        new ProducerBatch(accumulator, builder);

    void IAccumulatorOwner.OnBatchClosed(int partition) => buffer.OnBatchClosed(this, partition);

    void IAccumulatorOwner.OnAppended(int partition, TimeSpan duration, ErrorCode error) =>
        buffer.Metrics.Appended(name, partition, duration, error);

    private PartitionAccumulator AddQueue(int partition)
    {
        lock (_lock)
        {
            if (_queues.Length <= partition)
            {
                var more = new PartitionAccumulator?[Math.Max(partition + 1, PartitionsCount)];
                _queues.CopyTo(more, 0);
                _queues = more;
            }

            if (_queues[partition] is not { } queue)
            {
                _queues[partition] = queue = new PartitionAccumulator(buffer.Delivery, this, partition);
                if (buffer.IsDisposed)
                {
                    queue.Hurry(close: true);
                }
            }

            return queue;
        }
    }
}
