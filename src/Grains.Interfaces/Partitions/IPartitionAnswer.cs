namespace Loire.Grains.Interfaces.Partitions;

/// <summary>What every answer of a partition says, so that an edge that caches topics notices that it is behind.</summary>
public interface IPartitionAnswer
{
    /// <summary><see cref="ErrorCode.None"/>, or why the partition did not do what it was asked.</summary>
    ErrorCode Error { get; }

    /// <summary>The version of the topic that the partition acted on; 0 if it has not read the topic yet.</summary>
    long TopicVersion { get; }
}
