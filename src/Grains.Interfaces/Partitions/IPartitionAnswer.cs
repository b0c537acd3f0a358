namespace Loire.Grains.Interfaces.Partitions;

/// <summary>The fields of every answer of a partition that let an edge detect that its cached topic is outdated.</summary>
public interface IPartitionAnswer
{
    /// <summary><see cref="ErrorCode.None"/>, or why the request failed.</summary>
    ErrorCode Error { get; }

    /// <summary>The version of the topic that the partition acted on; 0 if it has not read the topic yet.</summary>
    long TopicVersion { get; }
}
