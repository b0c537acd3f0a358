using Loire.Model;

namespace Loire.Client;

/// <summary>
/// Appends records to topics. Thread-safe; one instance serves a whole process. Records of one partition keep the order of the calls, even
/// across retries and if calls are not awaited individually, unless <see cref="ProducerOptions.MaxInFlight"/> exceeds 1.
/// <para>
/// The producer accepts a record when there is room in the buffer, usually immediately. Cancelling a call before that has no effect on the
/// log; cancelling it later ends only the wait. A cancelled <c>EnqueueAsync</c> has therefore accepted nothing, while after any other
/// cancelled call the record may or may not be delivered. Disposal delivers all accepted records, within
/// <see cref="ProducerOptions.DeliveryTimeout"/>; calls that are waiting for room then, and all later ones, end with
/// <see cref="ObjectDisposedException"/>.
/// </para>
/// <para>
/// Every record has exactly one outcome: a <see cref="DeliveryResult"/>, or a <see cref="ProduceException"/> that states whether the record
/// may have been stored nevertheless.
/// </para>
/// </summary>
/// <typeparam name="TKey">The type of keys.</typeparam>
/// <typeparam name="TValue">The type of values.</typeparam>
public interface IProducer<TKey, TValue> : IAsyncDisposable
{
    /// <summary>Appends a record to the partition that the partitioner chooses, and completes when it is acknowledged.</summary>
    /// <exception cref="ProduceException">The record was not delivered, or it is unknown whether it was.</exception>
    /// <exception cref="SerializationException">The key or the value cannot be serialized.</exception>
    ValueTask<DeliveryResult> ProduceAsync(TopicName topic, Message<TKey, TValue> message, CancellationToken cancellation = default);

    /// <summary>Like <see cref="ProduceAsync(TopicName, Message{TKey, TValue}, CancellationToken)"/>, to a partition of the caller's
    /// choice.</summary>
    ValueTask<DeliveryResult> ProduceAsync(TopicPartition target, Message<TKey, TValue> message, CancellationToken cancellation = default);

    /// <summary>
    /// Accepts a record and returns, immediately or when there is room in the buffer. <see cref="FlushAsync"/> reports failures.
    /// </summary>
    /// <exception cref="ProduceException">There was no room within <see cref="ProducerOptions.MaxBlock"/>, the topic is unknown, or the
    /// record is too large.</exception>
    ValueTask EnqueueAsync(TopicName topic, Message<TKey, TValue> message, CancellationToken cancellation = default);

    /// <summary>Like <see cref="EnqueueAsync(TopicName, Message{TKey, TValue}, CancellationToken)"/>, to a partition of the caller's
    /// choice.</summary>
    ValueTask EnqueueAsync(TopicPartition target, Message<TKey, TValue> message, CancellationToken cancellation = default);

    /// <summary>Appends several records and completes when all have an outcome. The operation is not atomic: some records may be delivered
    /// and others not.</summary>
    /// <returns>One outcome per message, in order; does not throw for failed records.</returns>
    ValueTask<ProduceOutcome[]> ProduceBatchAsync(
        TopicName topic, IReadOnlyList<Message<TKey, TValue>> messages, CancellationToken cancellation = default);

    /// <summary>Like <see cref="ProduceAsync(TopicName, Message{TKey, TValue}, CancellationToken)"/>, but returns a failure instead of
    /// throwing it.</summary>
    ValueTask<ProduceOutcome> TryProduceAsync(TopicName topic, Message<TKey, TValue> message, CancellationToken cancellation = default);

    /// <summary>
    /// Sends buffered records without lingering and completes when every record accepted before this call has an outcome.
    /// </summary>
    /// <exception cref="ProduceException">Enqueued records failed since the last flush; it is the first failure and states how many there
    /// were.</exception>
    ValueTask FlushAsync(CancellationToken cancellation = default);

    /// <summary>
    /// Begins a transaction of a producer with a <see cref="ProducerOptions.TransactionalId"/>. Such a producer writes by its transactions only, of which one is
    /// open at a time. The first call fences producers that had the same id before, and aborts what they have left open.
    /// </summary>
    /// <param name="cancellation">Ends the wait for the coordinator; no transaction is open then.</param>
    /// <returns>The transaction, which aborts when it is disposed of unless it was committed.</returns>
    /// <exception cref="InvalidOperationException">The producer has no transactional id, or a transaction is open.</exception>
    /// <exception cref="TransactionException">The coordinator refuses, or does not answer within <see cref="ProducerOptions.MaxBlock"/>.</exception>
    ValueTask<ITransaction<TKey, TValue>> BeginTransactionAsync(CancellationToken cancellation = default);
}

/// <summary>The outcome of one record.</summary>
/// <param name="Result">The record's position, if <paramref name="Failure"/> is null.</param>
/// <param name="Failure">Why it was not delivered: a <see cref="ProduceException"/> or a <see cref="SerializationException"/>.</param>
public readonly record struct ProduceOutcome(DeliveryResult Result, LoireException? Failure)
{
    /// <summary>Whether the record was acknowledged.</summary>
    public bool IsDelivered => Failure is null;
}
