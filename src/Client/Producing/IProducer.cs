using Loire.Model;

namespace Loire.Client;

/// <summary>
/// Appends records to topics. Thread-safe; one instance serves a whole process. Records of one partition keep the order of the calls, also
/// across retries and where calls are not awaited one by one, unless <see cref="ProducerOptions.MaxInFlight"/> says otherwise.
/// <para>
/// A record is taken over when there is room for it in the buffer, at once as a rule. Cancelling a call before that leaves nothing behind;
/// cancelling later ends the wait and not the record. So a cancelled <c>EnqueueAsync</c> has taken nothing over, and after any other
/// cancelled call the record may or may not be delivered. Disposal delivers what has been taken over, which takes no longer than
/// <see cref="ProducerOptions.DeliveryTimeout"/>; calls that wait for room then, and all later ones, end with
/// <see cref="ObjectDisposedException"/>.
/// </para>
/// <para>
/// Every record ends in exactly one way: a <see cref="DeliveryResult"/>, or a <see cref="ProduceException"/> that says whether the record
/// may be in the log nevertheless.
/// </para>
/// </summary>
/// <typeparam name="TKey">The type of keys.</typeparam>
/// <typeparam name="TValue">The type of values.</typeparam>
public interface IProducer<TKey, TValue> : IAsyncDisposable
{
    /// <summary>Appends a record to the partition that the partitioner chooses, and ends when it is acknowledged.</summary>
    /// <exception cref="ProduceException">It was not delivered, or nobody knows.</exception>
    /// <exception cref="SerializationException">The key or the value cannot be serialized.</exception>
    ValueTask<DeliveryResult> ProduceAsync(TopicName topic, Message<TKey, TValue> message, CancellationToken cancellation = default);

    /// <summary>As <see cref="ProduceAsync(TopicName, Message{TKey, TValue}, CancellationToken)"/>, to a partition of the caller's
    /// choice.</summary>
    ValueTask<DeliveryResult> ProduceAsync(TopicPartition target, Message<TKey, TValue> message, CancellationToken cancellation = default);

    /// <summary>
    /// Takes a record over and returns: at once, or when there is room in the buffer. What becomes of it, <see cref="FlushAsync"/> says.
    /// </summary>
    /// <exception cref="ProduceException">There was no room within <see cref="ProducerOptions.MaxBlock"/>, or the topic is unknown, or the
    /// record is too large.</exception>
    ValueTask EnqueueAsync(TopicName topic, Message<TKey, TValue> message, CancellationToken cancellation = default);

    /// <summary>As <see cref="EnqueueAsync(TopicName, Message{TKey, TValue}, CancellationToken)"/>, to a partition of the caller's
    /// choice.</summary>
    ValueTask EnqueueAsync(TopicPartition target, Message<TKey, TValue> message, CancellationToken cancellation = default);

    /// <summary>Appends several records and ends when each of them has ended. They are not one unit: some may be delivered and others
    /// not.</summary>
    /// <returns>One outcome for each message, in their order; it does not throw for a record that failed.</returns>
    ValueTask<ProduceOutcome[]> ProduceBatchAsync(
        TopicName topic, IReadOnlyList<Message<TKey, TValue>> messages, CancellationToken cancellation = default);

    /// <summary>As <see cref="ProduceAsync(TopicName, Message{TKey, TValue}, CancellationToken)"/>, but a record that fails is an outcome and
    /// not an exception.</summary>
    ValueTask<ProduceOutcome> TryProduceAsync(TopicName topic, Message<TKey, TValue> message, CancellationToken cancellation = default);

    /// <summary>Sends what is buffered without lingering and ends when every record taken over before this call has ended.</summary>
    /// <exception cref="ProduceException">Enqueued records failed since the last flush; it tells how many and is the first of their
    /// failures.</exception>
    ValueTask FlushAsync(CancellationToken cancellation = default);
}

/// <summary>What became of one record.</summary>
/// <param name="Result">Where it is, if <paramref name="Failure"/> is null.</param>
/// <param name="Failure">Why it was not delivered: a <see cref="ProduceException"/> or a <see cref="SerializationException"/>.</param>
public readonly record struct ProduceOutcome(DeliveryResult Result, LoireException? Failure)
{
    /// <summary>Whether the record was acknowledged.</summary>
    public bool IsDelivered => Failure is null;
}
