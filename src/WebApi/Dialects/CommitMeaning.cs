namespace Loire.WebApi.Dialects;

/// <summary>What the offset in a commit of the v2 dialect is, about which its servers disagree.</summary>
public enum CommitMeaning
{
    /// <summary>
    /// The last record that was read; the offset behind it is stored, and the answer is 200. So has it Confluent's REST Proxy.
    /// </summary>
    LastRead,

    /// <summary>
    /// The next record to read, stored as it is, and the answer is 204. So have it Strimzi's bridge and Redpanda's proxy, and Kafka itself.
    /// </summary>
    NextToRead,
}
