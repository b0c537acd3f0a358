namespace Loire.Client;

/// <summary>The content of a record to produce.</summary>
/// <typeparam name="TKey">The type of the key; <see cref="Null"/> if there is none.</typeparam>
/// <typeparam name="TValue">The type of the value.</typeparam>
public sealed record Message<TKey, TValue>
{
    /// <summary>
    /// The key; null for none. Records with equal keys go to the same partition while the number of partitions does not change.
    /// </summary>
    public TKey? Key { get; init; }

    /// <summary>The value; null is a tombstone, which deletes the key from a compacted topic.</summary>
    public TValue? Value { get; init; }

    /// <summary>Headers in order; null for none.</summary>
    public Headers? Headers { get; init; }

    /// <summary>
    /// The record's time, in whole milliseconds; null for the time of the call. A topic with <c>message.timestamp.type=LogAppendTime</c>
    /// replaces it.
    /// </summary>
    public DateTimeOffset? Timestamp { get; init; }
}
