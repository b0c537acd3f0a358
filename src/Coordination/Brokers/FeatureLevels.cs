using Loire.Model;

namespace Loire.Coordination.Brokers;

/// <summary>
/// The feature levels of a cluster (the idea of Kafka's <c>metadata.version</c>). Brokers write only the formats of the cluster's level, so that
/// brokers of two versions can serve one store during a rolling upgrade; an operator raises the level once every broker supports a higher one. It
/// is never lowered.
/// <code>
///   0   what stores had before there was a level
///   1   topics record preferred leaders (TopicRecord kinds 6 and 7); the registry keeps the level, the levels of each broker, and removed brokers;
///       answers to fetches have their batches in one piece (BatchBytes)
///   2   topics record what partitions report of their logs (TopicRecord kinds 8 and 9); what later versions add to a report, the first ones skip
///   3   logs have tables (section 9 of a head, objects of kind 5): compacted ones of their keys, and those of idempotent producers of what these
///       appended last
///   4   logs have transactional batches and their markers, and tables of producers say so (ProducerPage layouts 2 and 3); coordinators of transactions
///       have journals, and those of groups have offsets that are pending
///   5   partitions know producers that stand for a client's key (KeyedProducer), their batches without records, and appends that expect an end of the
///       log (AppendRequest.ExpectedOffset), of which earlier versions would not take notice
///   6   groups have classic members (GroupJournalRecord kinds 4 and 5, GroupRecord layout 3)
/// </code>
/// A new form of stored data or of messages takes the next level, and is not written below it; unless all versions that support the level skip what
/// is new, and lose no more than that by it.
/// </summary>
public static class FeatureLevels
{
    /// <summary>The lowest level that this version supports.</summary>
    public const int Lowest = 0;

    /// <summary>The highest level that this version supports.</summary>
    public const int Highest = 6;

    /// <summary>From this level on topics record preferred leaders.</summary>
    public const int PreferredLeaders = 1;

    /// <summary>From this level on the registry keeps the level, the levels of each broker, and removed brokers.</summary>
    public const int Registry = 1;

    /// <summary>From this level on answers to fetches have their batches in one piece.</summary>
    public const int CompactBatches = 1;

    /// <summary>From this level on topics record what partitions report of their logs, and closed partitions apply retention and are compacted.</summary>
    public const int PartitionReports = 2;

    /// <summary>From this level on tables are stored beside logs.</summary>
    public const int StoredTables = 3;

    /// <summary>From this level on there are transactions.</summary>
    public const int Transactions = 4;

    /// <summary>From this level on members may join groups by JoinGroup.</summary>
    public const int ClassicGroups = 6;

    /// <summary>The levels that this version supports.</summary>
    public static FeatureRange Supported { get; } = new(Lowest, Highest);
}
