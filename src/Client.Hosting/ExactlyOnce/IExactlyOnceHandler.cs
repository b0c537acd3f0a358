using Loire.Model;

namespace Loire.Client.Hosting;

/// <summary>
/// Transforms the records of a topic, exactly once: what it writes to its output counts if and only if the position after the record does. Each call has its own
/// service scope. A call that throws leaves no output, and is retried according to <see cref="RetryOptions"/>. What the handler does besides writing to its output
/// may be done several times.
/// </summary>
/// <typeparam name="TKey">The type of keys read.</typeparam>
/// <typeparam name="TValue">The type of values read.</typeparam>
/// <typeparam name="TNewKey">The type of keys written.</typeparam>
/// <typeparam name="TNewValue">The type of values written.</typeparam>
public interface IExactlyOnceHandler<TKey, TValue, TNewKey, TNewValue>
{
    /// <summary>Handles one record.</summary>
    /// <param name="context">The record, and how often it was tried.</param>
    /// <param name="output">Takes what is to be written, until the call ends.</param>
    /// <param name="cancellation">Cancelled when <see cref="RecordHandlingOptions.HandlerTimeout"/> has passed, and when the host stops, which aborts the
    /// transaction: its records are handled again.</param>
    ValueTask HandleAsync(ConsumeContext<TKey, TValue> context, IHandlerOutput<TNewKey, TNewValue> output, CancellationToken cancellation);
}

/// <summary>
/// What one call of a handler writes. It is sent when the call has succeeded, in its order, in the transaction that commits the position after the record.
/// Thread-safe.
/// </summary>
/// <typeparam name="TKey">The type of keys.</typeparam>
/// <typeparam name="TValue">The type of values.</typeparam>
public interface IHandlerOutput<TKey, TValue>
{
    /// <summary>Adds a record for a topic; equal keys go to the same partition.</summary>
    /// <exception cref="SerializationException">The key or the value cannot be serialized; nothing is added.</exception>
    /// <exception cref="InvalidOperationException">The handler's call has ended.</exception>
    ValueTask EnqueueAsync(TopicName topic, Message<TKey, TValue> message, CancellationToken cancellation = default);

    /// <summary>Adds a record for a partition.</summary>
    /// <inheritdoc cref="EnqueueAsync(TopicName, Message{TKey, TValue}, CancellationToken)"/>
    ValueTask EnqueueAsync(TopicPartition target, Message<TKey, TValue> message, CancellationToken cancellation = default);
}
