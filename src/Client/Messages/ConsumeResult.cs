using Loire.Model;

namespace Loire.Client;

/// <summary>A consumed record.</summary>
/// <typeparam name="TKey">The type of the key.</typeparam>
/// <typeparam name="TValue">The type of the value.</typeparam>
public sealed record ConsumeResult<TKey, TValue>
{
    private const long NoTimestamp = -1;
    private const long LastTimestamp = 253_402_300_799_999;

    // Whole milliseconds take a third of the space of a DateTimeOffset?, and most readers never use the timestamp.
    private readonly long _timestamp = NoTimestamp;

    /// <summary>The topic.</summary>
    public required TopicName Topic { get; init; }

    /// <summary>The partition.</summary>
    public required int Partition { get; init; }

    /// <summary>The offset of the record.</summary>
    public required Offset Offset { get; init; }

    /// <summary>The key; the default of its type if the record has none.</summary>
    public TKey? Key { get; init; }

    /// <summary>The value; the default of its type for a tombstone.</summary>
    public TValue? Value { get; init; }

    /// <summary>Whether the record is a tombstone.</summary>
    public bool IsTombstone { get; init; }

    /// <summary>The headers in order; never null.</summary>
    public required Headers Headers { get; init; }

    /// <summary>The record's time, in whole milliseconds; null if it has none, or one beyond the year 9999.</summary>
    public DateTimeOffset? Timestamp
    {
        get => _timestamp is > NoTimestamp and <= LastTimestamp ? DateTimeOffset.FromUnixTimeMilliseconds(_timestamp) : null;
        init => _timestamp = value?.ToUnixTimeMilliseconds() ?? NoTimestamp;
    }

    /// <summary>The record's time in Unix milliseconds; −1 if it has none.</summary>
    public long UnixTimeMilliseconds
    {
        get => _timestamp;
        internal init => _timestamp = value;
    }

    /// <summary>The topic and the partition.</summary>
    public TopicPartition TopicPartition => new(Topic, Partition);
}
