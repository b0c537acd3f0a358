using Loire.Model;

namespace Loire.Client;

/// <summary>Where to begin in a partition without a position, or whose position does not exist any more.</summary>
public enum AutoOffsetReset
{
    /// <summary>Behind the last record.</summary>
    Latest,

    /// <summary>At the first record.</summary>
    Earliest,

    /// <summary>Fail.</summary>
    None,
}

/// <summary>Which records of transactions are read. Without transactions both read the same.</summary>
public enum IsolationLevel
{
    /// <summary>All.</summary>
    ReadUncommitted,

    /// <summary>Only those of committed transactions.</summary>
    ReadCommitted,
}

/// <summary>How a consumer fetches. The defaults are Kafka's where Kafka has one. Read once, when the consumer is created.</summary>
public class ConsumerOptions
{
    /// <summary>Names the consumer in logs, metrics and traces.</summary>
    public string ClientId { get; set; } = "loire";

    /// <summary>Where to begin without a position; at the end by default, as in Kafka.</summary>
    public AutoOffsetReset AutoOffsetReset { get; set; } = AutoOffsetReset.Latest;

    /// <summary>Which records of transactions are read.</summary>
    public IsolationLevel IsolationLevel { get; set; } = IsolationLevel.ReadUncommitted;

    /// <summary>Bytes that a fetch waits for; at least 1, which is the default, since a fetch that waits for none would be made again at
    /// once.</summary>
    public int FetchMinBytes { get; set; } = 1;

    /// <summary>How long a fetch waits for <see cref="FetchMinBytes"/>. 500 ms by default, from 1 ms to
    /// <see cref="Limits.FetchWait"/>.</summary>
    public TimeSpan FetchMaxWait { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Bytes that one fetch brings of one partition; a larger batch comes whole. 1 MiB by default.</summary>
    public int MaxPartitionFetchBytes { get; set; } = 1024 * 1024;

    /// <summary>
    /// Bytes fetched ahead of what was handed out, for one partition: fetching stops beyond it and goes on when the application has caught
    /// up. 4 MiB by default.
    /// </summary>
    public int MaxBufferedBytesPerPartition { get; set; } = 4 * 1024 * 1024;

    /// <summary>Records that one batch of <c>ConsumeBatchesAsync</c> holds at most. 500 by default.</summary>
    public int MaxPollRecords { get; set; } = 500;

    /// <summary>How long one call waits for an answer beyond <see cref="FetchMaxWait"/>. 30 s by default.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The pause before the first retry; it doubles, with jitter, up to <see cref="RetryBackoffMax"/>. 100 ms by default.</summary>
    public TimeSpan RetryBackoff { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest pause between two attempts. 1 s by default.</summary>
    public TimeSpan RetryBackoffMax { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a partition may be out of reach before the enumeration fails. 60 s by default; <see cref="Timeout.InfiniteTimeSpan"/> for
    /// ever.
    /// </summary>
    public TimeSpan UnavailableTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    internal void Check()
    {
        ArgumentException.ThrowIfNullOrEmpty(ClientId);
        AtLeast(FetchMinBytes, 1, nameof(FetchMinBytes));
        AtLeast(MaxPartitionFetchBytes, 1, nameof(MaxPartitionFetchBytes));
        AtLeast(MaxBufferedBytesPerPartition, 1, nameof(MaxBufferedBytesPerPartition));
        AtLeast(MaxPollRecords, 1, nameof(MaxPollRecords));
        AtLeast(FetchMaxWait, TimeSpan.FromMilliseconds(1), nameof(FetchMaxWait));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(FetchMaxWait, Limits.FetchWait, nameof(FetchMaxWait));
        AtLeast(RequestTimeout, TimeSpan.FromMilliseconds(1), nameof(RequestTimeout));
        AtLeast(RetryBackoff, TimeSpan.FromMilliseconds(1), nameof(RetryBackoff));
        AtLeast(RetryBackoffMax, RetryBackoff, nameof(RetryBackoffMax));
        if (UnavailableTimeout != Timeout.InfiniteTimeSpan)
        {
            AtLeast(UnavailableTimeout, TimeSpan.Zero, nameof(UnavailableTimeout));
        }

        static void AtLeast<T>(T value, T least, string name)
            where T : IComparable<T> => ArgumentOutOfRangeException.ThrowIfLessThan(value, least, name);
    }
}

/// <summary>The options of a consumer with the deserializers of its types.</summary>
/// <typeparam name="TKey">The type of keys.</typeparam>
/// <typeparam name="TValue">The type of values.</typeparam>
public class ConsumerOptions<TKey, TValue> : ConsumerOptions
{
    /// <summary>Deserializes keys; null for the built-in one of the type. At most one of the two may be set.</summary>
    public IDeserializer<TKey>? KeyDeserializer { get; set; }

    /// <summary>Deserializes keys that have to be waited for.</summary>
    public IAsyncDeserializer<TKey>? AsyncKeyDeserializer { get; set; }

    /// <summary>Deserializes values; null for the built-in one of the type. At most one of the two may be set.</summary>
    public IDeserializer<TValue>? ValueDeserializer { get; set; }

    /// <summary>Deserializes values that have to be waited for.</summary>
    public IAsyncDeserializer<TValue>? AsyncValueDeserializer { get; set; }

    /// <summary>A copy that nobody changes.</summary>
    internal ConsumerOptions<TKey, TValue> Copy() => (ConsumerOptions<TKey, TValue>)MemberwiseClone();
}
