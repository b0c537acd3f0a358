using Loire.Kafka.Handlers.Cluster;

namespace Loire.Kafka.Handlers.Topics;

/// <summary>
/// Manual assignments of partitions to brokers. The store replicates, so a partition has one replica; and the cluster itself spreads the partitions, so an assignment is
/// checked and otherwise not kept.
/// </summary>
internal static class Assignments
{
    /// <summary>Why the replicas of a partition are not acceptable, in one sentence; null if they are.</summary>
    public static string? Problem(IReadOnlyList<int> brokers, ReachableBrokers cluster) =>
        brokers.Count != 1 ? "A partition has one replica: the store does the replication."
        : cluster.All.All(broker => broker.Id != brokers[0]) ? $"There is no broker {brokers[0]}."
        : null;
}
