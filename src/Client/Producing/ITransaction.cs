using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Client;

/// <summary>
/// Records for any partitions, and positions of consumers, that count together or not at all (KIP-98). Consumers that read what is committed, as they do by
/// default, get the records once the transaction has been committed. Thread-safe. Disposing of it aborts it unless it was committed:
/// <code>
///   await using var transaction = await producer.BeginTransactionAsync();
///   await transaction.EnqueueAsync("orders", message);
///   await transaction.SendOffsetsAsync(consumer);
///   await transaction.CommitAsync();
/// </code>
/// After the first record that was not delivered, or positions that were not stored, it can only be aborted.
/// </summary>
/// <typeparam name="TKey">The type of keys.</typeparam>
/// <typeparam name="TValue">The type of values.</typeparam>
public interface ITransaction<TKey, TValue> : IAsyncDisposable
{
    /// <summary>The transactional id.</summary>
    TransactionalId Id { get; }

    /// <summary>Whether something of it has failed, so that it can only be aborted.</summary>
    bool HasFailed { get; }

    /// <inheritdoc cref="IProducer{TKey, TValue}.ProduceAsync(TopicName, Message{TKey, TValue}, CancellationToken)"/>
    /// <exception cref="InvalidOperationException">The transaction has ended.</exception>
    ValueTask<DeliveryResult> ProduceAsync(TopicName topic, Message<TKey, TValue> message, CancellationToken cancellation = default);

    /// <inheritdoc cref="IProducer{TKey, TValue}.ProduceAsync(TopicPartition, Message{TKey, TValue}, CancellationToken)"/>
    /// <exception cref="InvalidOperationException">The transaction has ended.</exception>
    ValueTask<DeliveryResult> ProduceAsync(TopicPartition target, Message<TKey, TValue> message, CancellationToken cancellation = default);

    /// <summary>Accepts a record and returns, immediately or when there is room in the buffer. <see cref="CommitAsync"/> reports failures.</summary>
    /// <exception cref="ProduceException">There was no room within <see cref="ProducerOptions.MaxBlock"/>, the topic is unknown, or the
    /// record is too large.</exception>
    /// <exception cref="InvalidOperationException">The transaction has ended.</exception>
    ValueTask EnqueueAsync(TopicName topic, Message<TKey, TValue> message, CancellationToken cancellation = default);

    /// <inheritdoc cref="EnqueueAsync(TopicName, Message{TKey, TValue}, CancellationToken)"/>
    ValueTask EnqueueAsync(TopicPartition target, Message<TKey, TValue> message, CancellationToken cancellation = default);

    /// <summary>
    /// Adds the positions after the records that a consumer has delivered, and that were not committed before. The consumer must not commit automatically
    /// (<see cref="ConsumerOptions.EnableAutoCommit"/>).
    /// </summary>
    /// <param name="consumer">A consumer that this library has created, with a group.</param>
    /// <param name="cancellation">Ends the wait; the transaction can only be aborted then.</param>
    /// <exception cref="ArgumentException">The consumer has no group, or commits automatically.</exception>
    /// <exception cref="GroupException">The positions are not stored, for example because the consumer has lost its partitions; the transaction can only be
    /// aborted.</exception>
    /// <exception cref="InvalidOperationException">The transaction has ended.</exception>
    ValueTask SendOffsetsAsync<TConsumedKey, TConsumedValue>(
        IConsumer<TConsumedKey, TConsumedValue> consumer, CancellationToken cancellation = default);

    /// <summary>Adds positions: the next offsets to read. At most one for each partition.</summary>
    /// <inheritdoc cref="SendOffsetsAsync{TConsumedKey, TConsumedValue}(IConsumer{TConsumedKey, TConsumedValue}, CancellationToken)"/>
    ValueTask SendOffsetsAsync(IEnumerable<TopicPartitionOffset> positions, ConsumerGroupMetadata group, CancellationToken cancellation = default);

    /// <summary>
    /// Sends what is buffered and commits. When the call returns, the outcome is durable; readers get the records as soon as the partitions have heard of it.
    /// </summary>
    /// <param name="cancellation">Ends the wait; it is unknown then whether the transaction is committed.</param>
    /// <exception cref="TransactionException">The transaction is not committed, or it is unknown whether it is.</exception>
    /// <exception cref="InvalidOperationException">The transaction has ended.</exception>
    ValueTask CommitAsync(CancellationToken cancellation = default);

    /// <summary>Aborts: none of the records and positions will ever count. Buffered records are not sent.</summary>
    /// <exception cref="TransactionException">The coordinator does not answer, and aborts it after its timeout, or the producer was fenced.</exception>
    /// <exception cref="InvalidOperationException">The transaction has ended, or it is being committed.</exception>
    ValueTask AbortAsync(CancellationToken cancellation = default);
}
