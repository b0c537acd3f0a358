using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Offsets;

/// <summary>
/// What becomes of requests for a group's offsets, with Kafka's error codes. Whether the committer is who it says is the membership's to
/// judge, before; whether a partition exists is not asked, as a commit must not wait for every topic.
/// </summary>
public static class OffsetsRules
{
    private static readonly OffsetsDecision Nothing = new(ErrorCode.None, null, [], null);

    /// <summary>Stores offsets, each with the time <paramref name="now"/>. The newest commit counts, whether higher or lower.</summary>
    public static OffsetsDecision Commit(OffsetsState state, IReadOnlyList<CommittedOffset> offsets, Timestamp now)
    {
        if (offsets.Count > Limits.OffsetsPerCommit)
        {
            return Refuse(ErrorCode.InvalidRequest, $"One commit has at most {Limits.OffsetsPerCommit} offsets.");
        }

        List<PartitionError>? refused = null;
        var stored = new List<CommittedOffset>(offsets.Count);
        var seen = offsets.Count > 1 ? new HashSet<TopicPartition>(offsets.Count) : null;
        var bytes = state.Bytes;
        foreach (var offset in offsets)
        {
            if (seen is not null && !seen.Add(offset.Partition))
            {
                return Refuse(ErrorCode.InvalidRequest, $"Partition {offset.Partition} is given twice.");
            }

            var error = Check(offset);
            if (error != ErrorCode.None)
            {
                (refused ??= []).Add(new PartitionError(offset.Partition, error));
                continue;
            }

            bytes += OffsetsState.BytesOf(offset) - (state.TryGet(offset.Partition, out var old) ? OffsetsState.BytesOf(old) : 0);
            stored.Add(offset with { CommittedAt = now });
        }

        return bytes > Limits.OffsetBytesPerGroup
            ? Refuse(ErrorCode.InvalidCommitOffsetSize, $"The offsets of one group take at most {Limits.OffsetBytesPerGroup} bytes.")
            : new OffsetsDecision(
                ErrorCode.None, null, refused ?? (IReadOnlyList<PartitionError>)[],
                stored.Count == 0 ? null : new OffsetsRecord.Committed(now, stored));
    }

    /// <summary>
    /// Removes offsets; those of topics that a member subscribes to are refused. A partition without an offset is no error.
    /// </summary>
    /// <param name="state">The offsets.</param>
    /// <param name="partitions">Whose to remove.</param>
    /// <param name="isSubscribed">Whether a member of the group subscribes to a topic.</param>
    public static OffsetsDecision Delete(
        OffsetsState state, IReadOnlyList<TopicPartition> partitions, Func<TopicName, bool> isSubscribed)
    {
        if (partitions.Count > Limits.OffsetsPerCommit)
        {
            return Refuse(ErrorCode.InvalidRequest, $"One request names at most {Limits.OffsetsPerCommit} partitions.");
        }

        var refused = partitions.Where(partition => isSubscribed(partition.Topic))
            .Select(partition => new PartitionError(partition, ErrorCode.GroupSubscribedToTopic))
            .ToArray();
        TopicPartition[] removed =
            [.. partitions.Where(partition => state.TryGet(partition, out _) && !isSubscribed(partition.Topic)).Distinct()];
        return new OffsetsDecision(ErrorCode.None, null, refused, removed.Length == 0 ? null : new OffsetsRecord.Removed(removed));
    }

    /// <summary>
    /// Removes what has expired (<c>offsets.retention.minutes</c>, KIP-211). Without members the time counts from when the group became
    /// empty, or from the commit if that is later. With members only offsets of topics expire that none of them subscribes to, from the
    /// commit on.
    /// </summary>
    /// <param name="state">The offsets.</param>
    /// <param name="now">The time.</param>
    /// <param name="retention">How long offsets are kept.</param>
    /// <param name="isSubscribed">Whether a member of the group subscribes to a topic; null if there are no members.</param>
    public static OffsetsRecord.Removed? Expire(
        OffsetsState state, Timestamp now, TimeSpan retention, Func<TopicName, bool>? isSubscribed)
    {
        var before = now.Milliseconds - (long)retention.TotalMilliseconds;
        if (isSubscribed is null && state.EmptiedAt.Milliseconds > before)
        {
            return null;
        }

        List<TopicPartition>? expired = null;
        foreach (var offset in state.All)
        {
            if (offset.CommittedAt.Milliseconds <= before && isSubscribed?.Invoke(offset.Partition.Topic) != true)
            {
                (expired ??= []).Add(offset.Partition);
            }
        }

        return expired is null ? null : new OffsetsRecord.Removed(expired);
    }

    /// <summary>
    /// Removes offsets of topics that were deleted, as Kafka does, whether there is one of the same name again or not. An offset that does not
    /// say which creation of its topic it is of stays.
    /// </summary>
    /// <param name="state">The offsets.</param>
    /// <param name="topics">Which creation a topic is; null for one that does not exist.</param>
    /// <param name="before">Only what was committed before.</param>
    public static OffsetsRecord.Removed? RemoveOutlived(
        OffsetsState state, IReadOnlyDictionary<TopicName, TopicId?> topics, Timestamp before)
    {
        List<TopicPartition>? outlived = null;
        foreach (var offset in state.All)
        {
            if (offset.TopicId != default && offset.CommittedAt < before
                && topics.TryGetValue(offset.Partition.Topic, out var id) && id != offset.TopicId)
            {
                (outlived ??= []).Add(offset.Partition);
            }
        }

        return outlived is null ? null : new OffsetsRecord.Removed(outlived);
    }

    private static ErrorCode Check(CommittedOffset offset) =>
        offset.Partition.Topic.Value.Length == 0 || offset.Partition.Partition is < 0 or >= Limits.PartitionsPerTopic
            ? ErrorCode.UnknownTopicOrPartition
        : offset.Offset < Offset.Zero || offset.LeaderEpoch < LeaderEpoch.None ? ErrorCode.InvalidRequest
        : offset.Metadata.Length > Limits.OffsetMetadataLength ? ErrorCode.OffsetMetadataTooLarge
        : ErrorCode.None;

    private static OffsetsDecision Refuse(ErrorCode error, string detail) => Nothing with { Error = error, Detail = detail };
}
