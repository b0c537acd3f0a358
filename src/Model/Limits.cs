namespace Loire.Model;

/// <summary>
/// All bounds on lengths, counts and sizes that do not depend on configuration.
/// </summary>
public static class Limits
{
    /// <summary>Characters in a topic name (Kafka's Topic.MAX_NAME_LENGTH).</summary>
    public const int TopicNameLength = 249;

    /// <summary>Partitions of one topic. Kafka has no bound; this one keeps a mistyped number from creating millions of grains.</summary>
    public const int PartitionsPerTopic = 10_000;

    /// <summary>Topics of a cluster; one catalog holds all their names in memory.</summary>
    public const int Topics = 1_000_000;

    /// <summary>Brokers that a cluster has ever had; one registry holds them all.</summary>
    public const int Brokers = 1_000;

    /// <summary>Topics whose routes a process caches; about a kilobyte each, plus a hundred bytes for each partition in use.</summary>
    public const int CachedTopics = 10_000;

    /// <summary>Topics whose names a process knows by their ids; about 150 bytes each.</summary>
    public const int TopicNamesById = 200_000;

    /// <summary>Bytes of one record batch including its header, regardless of <c>max.message.bytes</c>.</summary>
    public const int BatchBytes = 64 * 1024 * 1024;

    /// <summary>The default of <c>max.message.bytes</c>: 1 MiB and the 12 bytes of offset and length, as in Kafka.</summary>
    public const int DefaultMaxMessageBytes = 1024 * 1024 + 12;

    /// <summary>Headers of one record.</summary>
    public const int HeadersPerRecord = 1_000;

    /// <summary>Record batches in one append.</summary>
    public const int BatchesPerAppend = 10_000;

    /// <summary>
    /// Idempotent producers that one partition remembers, about 200 bytes each. Beyond it the one that appended the longest time ago is forgotten, and a retry
    /// of its last batches is taken for new ones. As many keyed ones are remembered beside them.
    /// </summary>
    public const int ProducersPerPartition = 10_000;

    /// <summary>Partitions of one transaction, which a coordinator keeps in memory and tells of its end.</summary>
    public const int PartitionsPerTransaction = 100_000;

    /// <summary>Consumer groups whose offsets one transaction commits.</summary>
    public const int GroupsPerTransaction = 1_000;

    /// <summary>
    /// Aborted transactions in one partition's log, 32 bytes each in memory. Beyond it no transaction begins there until retention, deletion or compaction has
    /// removed some.
    /// </summary>
    public const int AbortedTransactionsPerPartition = 1_000_000;

    /// <summary>Bytes of one append, all its batches together.</summary>
    public const int AppendBytes = BatchBytes;

    /// <summary>
    /// Bytes that one fetch can request; a larger request is reduced to this. The default of Kafka's <c>fetch.max.bytes</c>.
    /// </summary>
    public const int FetchBytes = 50 * 1024 * 1024;

    /// <summary>Fetches that wait for data on one partition; a few hundred bytes of memory each.</summary>
    public const int WaitingFetchesPerPartition = 20_000;

    /// <summary>
    /// Bytes after which an answer to the fetches of a session takes no further partition: more would delay other messages on the same connection.
    /// </summary>
    public const int BrokerFetchBytes = 4 * 1024 * 1024;

    /// <summary>
    /// Bytes of batches that one process has under way to or from one other broker; other messages on the same connection wait behind them.
    /// </summary>
    public const int TransferBytes = 4 * 1024 * 1024;

    /// <summary>Sessions of fetches at one broker: one for each process that consumes.</summary>
    public const int FetchSessionsPerBroker = 10_000;

    /// <summary>Fetches that one session has under way at a time.</summary>
    public const int FetchesPerSession = 100_000;

    /// <summary>Fetches of one partition that read from storage concurrently; each may return <see cref="FetchBytes"/>.</summary>
    public const int ReadsAtOncePerPartition = 8;

    /// <summary>Names in one page of the catalog.</summary>
    public const int TopicsPerPage = 10_000;

    /// <summary>Characters of a group id, a member id or an instance id.</summary>
    public const int GroupIdLength = 249;

    /// <summary>Members of one group.</summary>
    public const int MembersPerGroup = 10_000;

    /// <summary>Topics that one member names in its subscription, and characters of its pattern.</summary>
    public const int SubscriptionLength = 1_000;

    /// <summary>Assignors that one member lists.</summary>
    public const int AssignorsPerMember = 16;

    /// <summary>Characters of a client id, and of the host where it runs.</summary>
    public const int ClientNameLength = 1_000;

    /// <summary>Characters of a group member's user data.</summary>
    public const int MemberUserDataLength = 4096;

    /// <summary>Protocols that a member of a classic group lists.</summary>
    public const int ProtocolsPerMember = 64;

    /// <summary>Bytes of the metadata of all protocols of one member of a classic group, and of its assignment.</summary>
    public const int ClassicBytesPerMember = 1024 * 1024;

    /// <summary>
    /// Bytes of the metadata and the assignments of all members of a classic group, each, which are held in memory while the group is active and written as one
    /// record: with <see cref="OffsetBytesPerGroup"/> they fit into one snapshot.
    /// </summary>
    public const int ClassicBytesPerGroup = 16 * 1024 * 1024;

    /// <summary>Offsets in one commit.</summary>
    public const int OffsetsPerCommit = 10_000;

    /// <summary>Characters of the metadata of a committed offset (Kafka's <c>offset.metadata.max.bytes</c>).</summary>
    public const int OffsetMetadataLength = 4096;

    /// <summary>
    /// Bytes of the committed offsets of one group, which are held in memory while the group is active and written as one snapshot. Enough
    /// for 10,000 partitions with a kilobyte of metadata each.
    /// </summary>
    public const int OffsetBytesPerGroup = 16 * 1024 * 1024;

    /// <summary>
    /// Transactions that have offsets pending in one group, a few hundred bytes each with their offsets, which count as <see cref="OffsetBytesPerGroup"/>: one
    /// for each member.
    /// </summary>
    public const int PendingTransactionsPerGroup = MembersPerGroup;

    /// <summary>Offsets that one transaction has pending in one group.</summary>
    public const int PendingOffsetsPerTransaction = 20_000;

    /// <summary>Group ids in one part of the group catalog, held in memory.</summary>
    public const int GroupsPerCatalog = 100_000;

    /// <summary>Ids in one page of groups.</summary>
    public const int GroupsPerPage = 10_000;

    /// <summary>Transactional ids in one part of their catalog, held in memory.</summary>
    public const int TransactionalIdsPerCatalog = 100_000;

    /// <summary>Ids in one page of transactional ids.</summary>
    public const int TransactionalIdsPerPage = 10_000;

    /// <summary>UTF-8 bytes of a state name and a grain id, which together form the key of a stored object.</summary>
    public const int StorageKeyBytes = 4096;

    /// <summary>Bytes of one stored object.</summary>
    public const int StoredObjectBytes = 1024 * 1024 * 1024;

    /// <summary>How long a lookup by key waits while its partition learns its keys.</summary>
    public static readonly TimeSpan KeyLearningWait = TimeSpan.FromSeconds(8);

    /// <summary>The longest wait of a fetch for data.</summary>
    public static readonly TimeSpan FetchWait = TimeSpan.FromSeconds(60);
}
