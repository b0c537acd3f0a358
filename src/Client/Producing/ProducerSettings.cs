using Loire.Edge.Producing;
using Loire.Model;

namespace Loire.Client;

/// <summary>The validated options of a producer, isolated from later changes.</summary>
internal sealed class ProducerSettings
{
    private static readonly TimeSpan Longest = ProducePolicy.LongestTimeout;

    private const int MaxBatchSize = Limits.BatchBytes;

    // The overhead of a batch with one record, even with the maximum number of headers, is less than 64 KiB.
    private const int LargestRecord = Limits.BatchBytes - (64 * 1024);

    public ProducerSettings(ProducerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options.ClientId, "options.ClientId");
        Require(Enum.IsDefined(options.Acks), options.Acks, nameof(options.Acks), "must be None, Leader or All");
        Require(options.Linger >= TimeSpan.Zero, options.Linger, nameof(options.Linger), "must not be negative");
        Require(
            options.BatchSize is >= 1 and <= MaxBatchSize, options.BatchSize, nameof(options.BatchSize), $"must lie between 1 and {MaxBatchSize}");
        Require(options.BufferMemory >= 1, options.BufferMemory, nameof(options.BufferMemory), "must be positive");
        Require(
            options.MaxBlock >= TimeSpan.Zero && options.MaxBlock <= Longest, options.MaxBlock, nameof(options.MaxBlock), InRange("zero"));
        Require(
            options.MaxRecordBytes is >= 1 and <= LargestRecord, options.MaxRecordBytes, nameof(options.MaxRecordBytes),
            $"must lie between 1 and {LargestRecord}");
        Require(
            Enum.IsDefined(options.Compression), options.Compression, nameof(options.Compression),
            "must be None, Gzip, Snappy, Lz4 or Zstd");
        Require(options.Retries >= 0, options.Retries, nameof(options.Retries), "must not be negative");
        Require(
            options.RequestTimeout > TimeSpan.Zero && options.RequestTimeout <= Longest, options.RequestTimeout,
            nameof(options.RequestTimeout), InRange("above zero"));
        Require(
            options.DeliveryTimeout <= Longest && options.DeliveryTimeout >= options.Linger + options.RequestTimeout,
            options.DeliveryTimeout, nameof(options.DeliveryTimeout), "must be at least Linger and RequestTimeout together (as in Kafka), and at most 24 days");
        Require(
            options.RetryBackoff >= TimeSpan.Zero && options.RetryBackoff <= options.RetryBackoffMax, options.RetryBackoff,
            nameof(options.RetryBackoff), "must lie between zero and RetryBackoffMax");
        Require(options.RetryBackoffMax <= Longest, options.RetryBackoffMax, nameof(options.RetryBackoffMax), InRange("zero"));
        Require(options.MaxInFlight >= 1, options.MaxInFlight, nameof(options.MaxInFlight), "must be at least 1");
        Require(
            options.EnableIdempotence is not true || options.Acks == Acks.All, options.Acks, nameof(options.Acks),
            "must be All if EnableIdempotence is true (as in Kafka)");
        Require(
            options.TransactionalId is null || options.IsIdempotent, options.TransactionalId, nameof(options.TransactionalId),
            "needs an idempotent producer: Acks.All, and EnableIdempotence not false");
        Require(
            options.TransactionTimeout >= TimeSpan.FromMilliseconds(1) && options.TransactionTimeout <= Longest, options.TransactionTimeout,
            nameof(options.TransactionTimeout), InRange("at least 1 ms"));
        Require(options.MetadataMaxAge >= TimeSpan.Zero, options.MetadataMaxAge, nameof(options.MetadataMaxAge), "must not be negative");

        Options = options.Copy();
        Partitioner = options.Partitioner ?? Partitioners.Default();
        Policy = new ProducePolicy
        {
            BatchBytes = options.BatchSize,
            Compression = options.Compression,
            Linger = options.Linger,
            IsIdempotent = options.IsIdempotent,
            Transaction = options.TransactionalId is { } id ? new ProducerTransaction(id) : null,
            MaxInFlight = options.IsIdempotent ? 1 : options.MaxInFlight,
            RequestTimeout = options.RequestTimeout,
            DeliveryTimeout = options.DeliveryTimeout,
            Retries = options.Retries,
            RetryBackoff = options.RetryBackoff,
            RetryBackoffMax = options.RetryBackoffMax,
            RetryUnknownOutcomes = options.RetryUnknownOutcomes,
            UnacknowledgedIsOneWay = true,
        };
    }

    /// <summary>A private copy of the options.</summary>
    public ProducerOptions Options { get; }

    public IPartitioner Partitioner { get; }

    /// <summary>How batches are collected, sent and retried.</summary>
    public ProducePolicy Policy { get; }

    private static string InRange(string from) => $"must be {from} and at most 24 days";

    private static void Require<T>(bool isMet, T value, string name, string rule)
    {
        if (!isMet)
        {
            throw new ArgumentOutOfRangeException($"options.{name}", value, $"{name} {rule}.");
        }
    }
}
