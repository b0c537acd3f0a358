namespace Loire.Kafka.Handlers.Cluster;

/// <summary>What a client may do, as a bit for each operation of Kafka (KIP-430): everything, since there is no authorization.</summary>
internal static class AuthorizedOperations
{
    /// <summary>The client did not ask.</summary>
    public const int NotAsked = int.MinValue;

    /// <summary>All operations on a topic.</summary>
    public const int OfTopic = 3576;

    /// <summary>All operations on the cluster.</summary>
    public const int OfCluster = 8096;

    /// <summary>All operations on a group.</summary>
    public const int OfGroup = 3400;
}
