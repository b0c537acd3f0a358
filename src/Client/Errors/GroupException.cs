using Loire.Model;

namespace Loire.Client;

/// <summary>A consumer cannot be a member of its group, or an offset could not be committed or read.</summary>
public sealed class GroupException : LoireException
{
    private readonly bool _isFatal;

    /// <param name="code">Kafka's error.</param>
    /// <param name="groupId">The group.</param>
    /// <param name="message">Human-readable detail; null for the error table's text.</param>
    /// <param name="inner">The cause; null if there is none.</param>
    /// <param name="isFatal">Whether the consumer has left the group permanently.</param>
    /// <param name="partitions">The affected partitions; empty for all.</param>
    public GroupException(
        ErrorCode code, GroupId groupId, string? message = null, Exception? inner = null, bool isFatal = false,
        IReadOnlyList<TopicPartition>? partitions = null)
        : base(code, message, inner) => (GroupId, _isFatal, Partitions) = (groupId, isFatal, partitions ?? []);

    /// <summary>The group.</summary>
    public GroupId GroupId { get; }

    /// <summary>The partitions whose offsets were refused while others were stored; empty if all are affected.</summary>
    public IReadOnlyList<TopicPartition> Partitions { get; }

    /// <summary>Whether the consumer is out of the group until it subscribes again, for example after
    /// <see cref="ErrorCode.FencedInstanceId"/>, when another consumer has taken over its instance id.</summary>
    public override bool IsFatal => _isFatal;
}
