using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Offsets;

/// <summary>
/// Handles requests for a group's offsets, with Kafka's error codes. The membership authenticates the committing member beforehand. These
/// rules do not check whether a partition exists, since a commit must not wait for every topic.
/// </summary>
public static class OffsetsRules
{
    private static readonly OffsetsDecision Nothing = new(ErrorCode.None, null, [], null);

    /// <summary>Stores offsets, each with the time <paramref name="now"/>. The last commit wins, even if its offset is lower.</summary>
    public static OffsetsDecision Commit(OffsetsState state, IReadOnlyList<CommittedOffset> offsets, Timestamp now) => Store(
        state, offsets, now,
        offset => OffsetsState.BytesOf(offset) - (state.TryGet(offset.Partition, out var old) ? OffsetsState.BytesOf(old) : 0),
        stored => new OffsetsRecord.Committed(now, stored));

    /// <summary>
    /// Removes the offsets of partitions for which a consumer commits that it has none. A partition without an offset is no error, and unlike in
    /// <see cref="Delete"/> the topics may have subscribers: it is a commit.
    /// </summary>
    /// <param name="state">The offsets.</param>
    /// <param name="partitions">The partitions, none twice.</param>
    public static OffsetsRecord.Removed? Clear(OffsetsState state, IEnumerable<TopicPartition> partitions)
    {
        TopicPartition[] removed = [.. partitions.Where(partition => state.TryGet(partition, out _))];
        return removed.Length == 0 ? null : new OffsetsRecord.Removed(removed);
    }

    /// <summary>
    /// Stores offsets that count once their transaction commits. What is pending of an earlier transaction of the producer must go first: the coordinator tells
    /// the group of its end until that succeeds, and what it has not told for good, it tells no more, but with the end of this one.
    /// </summary>
    /// <param name="state">The offsets.</param>
    /// <param name="transaction">The transaction, which is open.</param>
    /// <param name="offsets">The offsets.</param>
    /// <param name="now">The current time.</param>
    public static OffsetsDecision Pend(
        OffsetsState state, OpenTransaction transaction, IReadOnlyList<CommittedOffset> offsets, Timestamp now)
    {
        var producerId = transaction.Producer.Id;
        var isKnown = state.Pending.TryGet(producerId, out var open);
        if (isKnown && open != transaction)
        {
            return Refuse(ErrorCode.ConcurrentTransactions, "The group has not been told how another transaction of the producer ended.");
        }

        if (!isKnown && state.Pending.Count >= Limits.PendingTransactionsPerGroup)
        {
            return Refuse(
                ErrorCode.ThrottlingQuotaExceeded, $"At most {Limits.PendingTransactionsPerGroup} transactions can have offsets pending in a group.");
        }

        var decision = Store(
            state, offsets, now, offset => state.Pending.MoreBytes(producerId, offset), stored => new OffsetsRecord.Pended(now, transaction, stored),
            isKnown ? 0 : PendingOffsets.BytesOf(transaction));
        return decision.Record is OffsetsRecord.Pended pended
            && state.Pending.CountOf(producerId) + pended.Offsets.Count(offset => !state.Pending.Contains(producerId, offset.Partition))
                > Limits.PendingOffsetsPerTransaction
                ? Refuse(
                    ErrorCode.InvalidCommitOffsetSize, $"A transaction can have at most {Limits.PendingOffsetsPerTransaction} offsets pending in a group.")
                : decision;
    }

    /// <summary>
    /// Removes offsets, except for topics that a member subscribes to, which are refused. A partition without an offset is no error.
    /// </summary>
    /// <param name="state">The offsets.</param>
    /// <param name="partitions">The partitions whose offsets to remove.</param>
    /// <param name="isSubscribed">Whether a member of the group subscribes to a topic.</param>
    public static OffsetsDecision Delete(
        OffsetsState state, IReadOnlyList<TopicPartition> partitions, Func<TopicName, bool> isSubscribed)
    {
        if (partitions.Count > Limits.OffsetsPerCommit)
        {
            return Refuse(ErrorCode.InvalidRequest, $"A request can name at most {Limits.OffsetsPerCommit} partitions.");
        }

        var refused = partitions.Where(partition => isSubscribed(partition.Topic))
            .Select(partition => new PartitionError(partition, ErrorCode.GroupSubscribedToTopic))
            .ToArray();
        TopicPartition[] removed =
            [.. partitions.Where(partition => state.TryGet(partition, out _) && !isSubscribed(partition.Topic)).Distinct()];
        return new OffsetsDecision(ErrorCode.None, null, refused, removed.Length == 0 ? null : new OffsetsRecord.Removed(removed));
    }

    /// <summary>
    /// Removes expired offsets (<c>offsets.retention.minutes</c>, KIP-211). Without members, the retention starts when the group became
    /// empty or at the commit, whichever is later. With members, it starts at the commit, and only offsets of topics without a subscriber
    /// expire. The offset of a partition that has a pending one stays until the transaction has ended.
    /// </summary>
    /// <param name="state">The offsets.</param>
    /// <param name="now">The current time.</param>
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
            if (offset.CommittedAt.Milliseconds <= before && isSubscribed?.Invoke(offset.Partition.Topic) != true
                && !state.Pending.Contains(offset.Partition))
            {
                (expired ??= []).Add(offset.Partition);
            }
        }

        return expired is null ? null : new OffsetsRecord.Removed(expired);
    }

    /// <summary>
    /// Removes offsets of deleted topics, as Kafka does, even if a topic of the same name exists again. Keeps offsets without a topic id.
    /// </summary>
    /// <param name="state">The offsets.</param>
    /// <param name="topics">The current id of each topic; null for one that does not exist. Topics that are not listed keep their
    /// offsets.</param>
    /// <param name="before">Removes only offsets committed before this time.</param>
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

    private static OffsetsDecision Store(
        OffsetsState state, IReadOnlyList<CommittedOffset> offsets, Timestamp now, Func<CommittedOffset, int> moreBytes,
        Func<IReadOnlyList<CommittedOffset>, OffsetsRecord> record, int bytesOnce = 0)
    {
        if (offsets.Count > Limits.OffsetsPerCommit)
        {
            return Refuse(ErrorCode.InvalidRequest, $"A commit can have at most {Limits.OffsetsPerCommit} offsets.");
        }

        List<PartitionError>? refused = null;
        var stored = new List<CommittedOffset>(offsets.Count);
        var seen = offsets.Count > 1 ? new HashSet<TopicPartition>(offsets.Count) : null;
        var bytes = state.Bytes + bytesOnce;
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

            bytes += moreBytes(offset);
            stored.Add(offset with { CommittedAt = now });
        }

        return bytes > Limits.OffsetBytesPerGroup
            ? Refuse(ErrorCode.InvalidCommitOffsetSize, $"The offsets of a group can take at most {Limits.OffsetBytesPerGroup} bytes.")
            : new OffsetsDecision(
                ErrorCode.None, null, refused ?? (IReadOnlyList<PartitionError>)[], stored.Count == 0 ? null : record(stored));
    }

    private static ErrorCode Check(CommittedOffset offset) =>
        offset.Partition.Topic.Value.Length == 0 || offset.Partition.Partition is < 0 or >= Limits.PartitionsPerTopic
            ? ErrorCode.UnknownTopicOrPartition
        : offset.Offset < Offset.Zero || offset.LeaderEpoch < LeaderEpoch.None ? ErrorCode.InvalidRequest
        : offset.Metadata.Length > Limits.OffsetMetadataLength ? ErrorCode.OffsetMetadataTooLarge
        : ErrorCode.None;

    private static OffsetsDecision Refuse(ErrorCode error, string detail) => Nothing with { Error = error, Detail = detail };
}
