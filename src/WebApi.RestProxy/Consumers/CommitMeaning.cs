namespace Loire.WebApi.RestProxy.Consumers;

/// <summary>The meaning of the offset in a commit, about which the dialect's servers disagree.</summary>
public enum CommitMeaning
{
    /// <summary>The last record read; the offset after it is stored, and the answer is 200. Confluent's REST Proxy.</summary>
    LastRead,

    /// <summary>
    /// The next record to read, stored as it is, and the answer is 204. Strimzi's bridge, Redpanda's proxy, and Kafka itself.
    /// </summary>
    NextToRead,
}
