using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.Model.Groups;
using Loire.Model.Transactions;

namespace Loire.Client;

/// <summary>One transaction of a producer. Its records go the producer's way; see <see cref="TransactionalProducer"/> for the rest.</summary>
internal sealed class Transaction<TKey, TValue>(Producer<TKey, TValue> producer, TransactionalProducer transactions) : ITransaction<TKey, TValue>
{
    private readonly long _number = transactions.Number;
    private readonly List<(IDeliveredPositions Source, ReadPosition Position)> _sent = [];
    private volatile bool _hasEnded;

    public TransactionalId Id => transactions.Id;

    public bool HasFailed => transactions.HasFailed;

    public ValueTask<DeliveryResult> ProduceAsync(TopicName topic, Message<TKey, TValue> message, CancellationToken cancellation = default) =>
        Open().ProduceAsync(topic, null, message, cancellation);

    public ValueTask<DeliveryResult> ProduceAsync(TopicPartition target, Message<TKey, TValue> message, CancellationToken cancellation = default) =>
        Open().ProduceAsync(target.Topic, target.Partition, message, cancellation);

    public ValueTask EnqueueAsync(TopicName topic, Message<TKey, TValue> message, CancellationToken cancellation = default) =>
        Open().EnqueueAsync(topic, null, message, cancellation);

    public ValueTask EnqueueAsync(TopicPartition target, Message<TKey, TValue> message, CancellationToken cancellation = default) =>
        Open().EnqueueAsync(target.Topic, target.Partition, message, cancellation);

    public async ValueTask SendOffsetsAsync<TConsumedKey, TConsumedValue>(
        IConsumer<TConsumedKey, TConsumedValue> consumer, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(consumer);
        Open();
        var source = consumer as IDeliveredPositions
            ?? throw new ArgumentException("The consumer is not one of this library: give the positions and its group.", nameof(consumer));
        if (source.CommitsAutomatically)
        {
            throw new ArgumentException(
                "The consumer commits automatically, so its positions could be stored without the transaction: set EnableAutoCommit to false.", nameof(consumer));
        }

        var (group, positions) = source.Delivered();
        await SendAsync(group, positions, cancellation);
        lock (_sent)
        {
            _sent.AddRange(positions.Select(position => (source, position)));
        }
    }

    public async ValueTask SendOffsetsAsync(
        IEnumerable<TopicPartitionOffset> positions, ConsumerGroupMetadata group, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(positions);
        ArgumentNullException.ThrowIfNull(group);
        Open();
        ReadPosition[] wanted = [.. positions.Select(position => new ReadPosition(position, default))];
        if (wanted.DistinctBy(one => one.Partition).Count() < wanted.Length || wanted.Any(one => one.Offset.Offset < 0))
        {
            throw new ArgumentException("Each partition must be given once, with an offset of at least 0.", nameof(positions));
        }

        await SendAsync(group, wanted, cancellation);
    }

    public async ValueTask CommitAsync(CancellationToken cancellation = default)
    {
        Open();
        await transactions.CommitAsync(_number, cancellation);
        _hasEnded = true;
        lock (_sent)
        {
            foreach (var (source, position) in _sent)
            {
                source.Committed(position);
            }
        }
    }

    public async ValueTask AbortAsync(CancellationToken cancellation = default)
    {
        Open();
        await transactions.AbortAsync(_number, cancellation);
        _hasEnded = true;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_hasEnded)
        {
            _hasEnded = true;
            await transactions.LeaveAsync(_number);
        }
    }

    private async ValueTask SendAsync(ConsumerGroupMetadata group, IReadOnlyList<ReadPosition> positions, CancellationToken cancellation)
    {
        foreach (var some in positions.Chunk(Limits.OffsetsPerCommit))
        {
            CommittedOffset[] offsets =
            [
                .. some.Select(one => new CommittedOffset(
                    one.Partition, one.Offset.Offset, LeaderEpoch.None, one.Offset.Metadata ?? "", Timestamp.None, one.TopicId)),
            ];
            await transactions.CommitOffsetsAsync(_number, group.GroupId, new CommitRequest(group.MemberId, group.MemberEpoch, offsets), cancellation);
        }
    }

    private Producer<TKey, TValue> Open() =>
        _hasEnded || transactions.Number != _number ? throw new InvalidOperationException("The transaction has ended.") : producer;
}

/// <summary>The positions that a consumer has reached, for transactions that commit them.</summary>
internal interface IDeliveredPositions
{
    /// <summary>Whether the consumer commits positions by itself.</summary>
    bool CommitsAutomatically { get; }

    /// <summary>The positions after delivered records that are not committed, and as whom the consumer has reached them.</summary>
    /// <exception cref="ArgumentException">The consumer has no group.</exception>
    /// <exception cref="GroupException">A partition of records that were delivered since was lost.</exception>
    (ConsumerGroupMetadata Group, IReadOnlyList<ReadPosition> Positions) Delivered();

    /// <summary>A position was committed.</summary>
    void Committed(ReadPosition position);

    /// <summary>Goes back to an offset of the partition of the records delivered last, unless it was lost.</summary>
    void Return(TopicPartition partition, Offset offset);
}
