using Loire.Model;

namespace Loire.WebApi;

/// <summary>Bounds of the HTTP API. Each keeps one client from taking what all need; checked when the host starts.</summary>
public sealed class LoireApiOptions
{
    /// <summary>Connections at once. Kestrel has no bound of its own; 20,000 idle long polls fit into a few hundred megabytes.</summary>
    public int MaxConnections { get; set; } = 20_000;

    /// <summary>
    /// How long the line and the headers of a request may take: headers that trickle are the cheapest way to hold a connection.
    /// </summary>
    public TimeSpan HeadersTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Bytes of a JSON body that is not a produce. The largest, a topic with every setting, takes a few kilobytes.</summary>
    public int MaxDocumentBytes { get; set; } = 1024 * 1024;

    /// <summary>
    /// Bytes of an <c>application/json</c> produce, which is held in memory as a whole; the streaming types have no such bound.
    /// </summary>
    public int MaxJsonProduceBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>Records of one <c>application/json</c> produce; the answer has an entry for each.</summary>
    public int MaxJsonProduceRecords { get; set; } = 10_000;

    /// <summary>
    /// Bytes at which a batch under construction is sent, less where the topic's <c>max.message.bytes</c> is lower. Large enough that one
    /// append in flight for each partition keeps a disk busy, small enough that an acknowledgement comes soon.
    /// </summary>
    public int BatchBytes { get; set; } = 256 * 1024;

    /// <summary>
    /// Bytes that one produce request may hold in batches that are under construction or on their way; beyond it reading stops. Record
    /// batches, which are gathered while an append is in flight, may take it twice.
    /// </summary>
    public int MaxPendingBytesPerRequest { get; set; } = 4 * 1024 * 1024;

    /// <summary>
    /// Bytes that all requests hold together: bodies that are read as a whole, records on their way to partitions, and records that were
    /// fetched and are being written. A request waits for room as long as <see cref="MemoryWait"/>, and is then refused with a retriable error.
    /// </summary>
    public long RequestBytes { get; set; } = 256 * 1024 * 1024;

    /// <summary>
    /// How long calls are repeated that do no harm twice while their grain moves to another silo, or after its silo has been lost. Zero for one
    /// attempt each. Longer than a cluster takes to notice the end of a process, shorter than clients wait for an answer.
    /// </summary>
    public TimeSpan CallPatience { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a request waits for room in <see cref="RequestBytes"/>.</summary>
    public TimeSpan MemoryWait { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How records that arrive one by one are compressed. Not at all by default: it costs the node's processor, not the client's.
    /// </summary>
    public CompressionType ProduceCompression { get; set; } = CompressionType.None;

    /// <summary>The greatest <c>max_bytes</c> of a fetch.</summary>
    public int MaxFetchBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>Partitions that one live tail follows at once; each has a long poll of its own.</summary>
    public int MaxTailPartitions { get; set; } = 256;

    /// <summary>
    /// Silence after which a live tail sends a heartbeat, so that proxies keep the connection and a dead client is noticed.
    /// </summary>
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// How long a body may pause before the request is ended with 408. A source may trickle (that is what streaming is for), so there is no
    /// minimum data rate, but a client that vanished must not hold its connection.
    /// </summary>
    public TimeSpan StreamIdleTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Bodies of requests and answers that are compressed or decompressed at once. Each holds the state of its coding, up to 16 MiB, until its
    /// client has sent or received it. Beyond it a compressed request is refused with 429, and answers are not compressed.
    /// </summary>
    public int MaxCodedBodies { get; set; } = 512;

    /// <summary>
    /// Names this node in the transactional ids of the transactions that it runs for clients. Unique in the cluster, and the same after a restart, so that the
    /// node ends what it left open; null for a name of this process.
    /// </summary>
    public string? NodeName { get; set; }

    /// <summary>
    /// Transactions that the node runs for clients at once, each with a transactional id of its own. A request beyond it waits as long as
    /// <see cref="MemoryWait"/>, and is then refused with a retriable error.
    /// </summary>
    public int MaxTransactions { get; set; } = 64;

    /// <summary>Topics of one transaction over HTTP, and groups.</summary>
    public int MaxTransactionTopics { get; set; } = 100;

    /// <summary>
    /// How long a transaction that the node runs may stay open. If the node dies, readers with read_committed wait for as long; well above
    /// <see cref="CallPatience"/>, after which the node gives up.
    /// </summary>
    public TimeSpan TransactionTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>The first invalid bound, in one sentence; null if all are valid.</summary>
    public string? FindProblem() =>
        MaxConnections < 1 ? $"{nameof(MaxConnections)} must be at least 1."
        : HeadersTimeout <= TimeSpan.Zero ? $"{nameof(HeadersTimeout)} must be positive."
        : MaxDocumentBytes < 1024 ? $"{nameof(MaxDocumentBytes)} must be at least 1024."
        : MaxJsonProduceBytes < 1024 ? $"{nameof(MaxJsonProduceBytes)} must be at least 1024."
        : MaxJsonProduceRecords < 1 ? $"{nameof(MaxJsonProduceRecords)} must be at least 1."
        : BatchBytes < 1024 || BatchBytes > Limits.BatchBytes ? $"{nameof(BatchBytes)} must lie between 1024 and {Limits.BatchBytes}."
        : MaxPendingBytesPerRequest < BatchBytes ? $"{nameof(MaxPendingBytesPerRequest)} must be at least {nameof(BatchBytes)}."
        : RequestBytes < 1 ? $"{nameof(RequestBytes)} must be at least 1."
        : MemoryWait < TimeSpan.Zero || MemoryWait > TimeSpan.FromMinutes(1) ? $"{nameof(MemoryWait)} must lie between 0 and a minute."
        : CallPatience < TimeSpan.Zero || CallPatience > TimeSpan.FromMinutes(1) ? $"{nameof(CallPatience)} must lie between 0 and a minute."
        : MaxFetchBytes < 1024 ? $"{nameof(MaxFetchBytes)} must be at least 1024."
        : MaxTailPartitions < 1 ? $"{nameof(MaxTailPartitions)} must be at least 1."
        : HeartbeatInterval < TimeSpan.FromMilliseconds(10) || HeartbeatInterval > Limits.FetchWait
            ? $"{nameof(HeartbeatInterval)} must lie between 10 ms and {Limits.FetchWait.TotalSeconds} s."
        : StreamIdleTimeout < TimeSpan.FromMilliseconds(10) ? $"{nameof(StreamIdleTimeout)} must be at least 10 ms."
        : NodeName?.Length > 128 ? $"{nameof(NodeName)} must have at most 128 characters."
        : MaxTransactions < 1 ? $"{nameof(MaxTransactions)} must be at least 1."
        : MaxTransactionTopics < 1 ? $"{nameof(MaxTransactionTopics)} must be at least 1."
        : TransactionTimeout < TimeSpan.FromSeconds(1) || TransactionTimeout > TimeSpan.FromMinutes(15)
            ? $"{nameof(TransactionTimeout)} must lie between 1 s and 15 minutes."
        : MaxCodedBodies < 0 ? $"{nameof(MaxCodedBodies)} must not be negative."
        : null;
}
