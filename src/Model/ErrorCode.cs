namespace Loire.Model;

/// <summary>Why a request failed: Kafka's numbers, names and meanings (org.apache.kafka.common.protocol.Errors).</summary>
[GenerateSerializer, Alias("loire.ErrorCode")]
public enum ErrorCode : short
{
    /// <summary>An unexpected failure of the server.</summary>
    UnknownServerError = -1,

    /// <summary>No error.</summary>
    None = 0,

    /// <summary>The topic or the partition does not exist.</summary>
    UnknownTopicOrPartition = 3,

    /// <summary>The number of partitions is not allowed.</summary>
    InvalidPartitions = 37,

    /// <summary>The request took too long; it may or may not have had its effect.</summary>
    RequestTimedOut = 7,
}
