namespace Loire.Client;

/// <summary>A record that was read.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TValue">The type of the value.</typeparam>
public sealed record ConsumeResult<TKey, TValue>
{
    /// <summary>The topic.</summary>
    public required string Topic { get; init; }

    /// <summary>The partition.</summary>
    public required int Partition { get; init; }

    /// <summary>The offset of the record.</summary>
    public required long Offset { get; init; }

    /// <summary>The key; the default of its type if the record has none.</summary>
    public TKey? Key { get; init; }

    /// <summary>The value; the default of its type for a tombstone.</summary>
    public TValue? Value { get; init; }

    /// <summary>Whether the record is a tombstone.</summary>
    public bool IsTombstone { get; init; }

    /// <summary>The headers in their order; never null.</summary>
    public required Headers Headers { get; init; }

    /// <summary>The record's time; null if it has none.</summary>
    public DateTimeOffset? Timestamp { get; init; }

    /// <summary>The partition.</summary>
    public TopicPartition TopicPartition => new(Topic, Partition);
}
