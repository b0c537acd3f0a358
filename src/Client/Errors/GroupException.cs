using Loire.Model;

namespace Loire.Client;

/// <summary>A consumer cannot be a member of its group, or an offset could not be committed or read.</summary>
public sealed class GroupException : LoireException
{
    private readonly bool _isFatal;

    /// <param name="code">Why.</param>
    /// <param name="groupId">The group.</param>
    /// <param name="message">One sentence about this case.</param>
    /// <param name="inner">The cause.</param>
    /// <param name="isFatal">Whether the consumer is out of the group and stays so.</param>
    /// <param name="partitions">Which partitions it is about; none for all.</param>
    public GroupException(
        ErrorCode code, GroupId groupId, string? message = null, Exception? inner = null, bool isFatal = false,
        IReadOnlyList<TopicPartition>? partitions = null)
        : base(code, message, inner) => (GroupId, _isFatal, Partitions) = (groupId, isFatal, partitions ?? []);

    /// <summary>The group.</summary>
    public GroupId GroupId { get; }

    /// <summary>The partitions whose offsets were refused, where others were stored; empty if it is about all.</summary>
    public IReadOnlyList<TopicPartition> Partitions { get; }

    /// <summary>Whether the consumer is out of the group and stays so until it subscribes anew, as after
    /// <see cref="ErrorCode.FencedInstanceId"/>: another consumer has its instance id.</summary>
    public override bool IsFatal => _isFatal;
}
