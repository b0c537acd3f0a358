using Loire.Edge.Scheduling;
using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Client;

/// <summary>Commits offsets to a group and reads them. Commits are serialized, so that an older one cannot overwrite a newer one.</summary>
internal sealed class GroupCommits(
    GroupId groupId, IGroupGrain group, PartitionSet set, ConsumerOptions options, TimeProvider time, Func<RetryBackoff> newPatience)
{
    private readonly SemaphoreSlim _turn = new(1);
    private volatile MemberIdentity _identity = MemberIdentity.Outside;

    /// <summary>The identity to commit with.</summary>
    public MemberIdentity Identity
    {
        set => _identity = value;
    }

    /// <summary>As which member positions are committed now.</summary>
    public ConsumerGroupMetadata Metadata => new(groupId, _identity.MemberId, _identity.Epoch);

    /// <summary>The positions after delivered records that are not committed, and as whom they were reached.</summary>
    /// <exception cref="GroupException">A partition of records that were delivered since was lost.</exception>
    public (ConsumerGroupMetadata Group, IReadOnlyList<ReadPosition> Positions) Delivered()
    {
        // What is taken from the consumer after this question was among the positions; before it, the records would be committed without theirs.
        var delivered = (Metadata, set.Uncommitted(null, areFinished: false));
        return set.TakeLost() is { } lost ? throw NotOurs([lost]) : delivered;
    }

    /// <summary>Commits offsets.</summary>
    /// <exception cref="GroupException">They, or some of them, are not stored.</exception>
    public ValueTask CommitAsync(IReadOnlyList<TopicPartitionOffset> offsets, CancellationToken cancellation) =>
        _identity.MemberId is not null && set.LostInHand is { } lost && offsets.Any(one => one.TopicPartition == lost)
            ? throw NotOurs([lost])
            : CommitAsync(() => set.Locate(offsets), cancellation);

    /// <summary>Commits a position before the records before it are delivered.</summary>
    /// <exception cref="GroupException">It is not stored.</exception>
    public ValueTask CommitAheadAsync(TopicPartitionOffset position, CancellationToken cancellation) =>
        CommitAsync(() => set.Locate([position]), cancellation);

    /// <summary>Commits positions after delivered records.</summary>
    /// <exception cref="GroupException">They, or some of them, are not stored.</exception>
    public ValueTask CommitBehindAsync(IReadOnlyList<TopicPartitionOffset> records, CancellationToken cancellation) =>
        _identity.MemberId is not null && set.Outlived(records) is { Length: > 0 } lost
            ? throw NotOurs(lost)
            : CommitAsync(records, cancellation);

    /// <summary>Commits the uncommitted positions; see <see cref="PartitionSet.Uncommitted"/>.</summary>
    /// <exception cref="GroupException">They, or some of them, are not stored.</exception>
    public ValueTask CommitAsync(IReadOnlyCollection<TopicPartition>? among, bool areFinished, CancellationToken cancellation) =>
        !areFinished && _identity.MemberId is not null && set.LostInHand is { } lost
            ? throw NotOurs([lost])
            : CommitAsync(() => set.Uncommitted(among, areFinished), cancellation);

    /// <summary>
    /// Returns the committed offsets of partitions, except for those without one, each with the creation of its topic, if known. While an open
    /// transaction may commit other offsets of any of them, asks again, as Kafka's consumers do (KIP-447): records would be processed twice otherwise.
    /// </summary>
    /// <exception cref="GroupException">The group does not answer, or a transaction stays open for too long.</exception>
    public async ValueTask<List<ReadPosition>> FindAsync(IEnumerable<TopicPartition> partitions, CancellationToken cancellation)
    {
        var asked = partitions.ToArray();
        var result = await newPatience().TryAsync(
            async () =>
            {
                var answer = await AnswerAsync(() => group.Offsets(asked), cancellation);
                return answer.Error != ErrorCode.None ? throw Failure(answer.Error, null)
                    : answer.Pending is [var unstable, ..] ? throw Failure(
                        ErrorCode.UnstableOffsetCommit, $"A transaction that is still open has committed an offset of the partition {unstable}.")
                    : answer;
            },
            cancellation);
        return
        [
            .. result.Offsets.Select(one => new ReadPosition(
                new TopicPartitionOffset(one.Partition, one.Offset)
                {
                    Metadata = one.Metadata.Length == 0 ? null : one.Metadata,
                },
                one.TopicId)),
        ];
    }

    private async ValueTask CommitAsync(Func<IReadOnlyList<ReadPosition>> choose, CancellationToken cancellation)
    {
        // Positions are valid only in the life in which they were reached: in the next one, another member may have advanced further.
        var life = _identity.MemberId;
        await _turn.WaitAsync(cancellation);
        try
        {
            foreach (var some in choose().Chunk(Limits.OffsetsPerCommit))
            {
                CommittedOffset[] offsets =
                [
                    .. some.Select(one => new CommittedOffset(
                        one.Partition, one.Offset.Offset, LeaderEpoch.None, one.Offset.Metadata ?? "", Timestamp.None, one.TopicId)),
                ];
                var result = await newPatience().TryAsync(() => CommitOnceAsync(life, offsets, cancellation), cancellation);
                var refused = result.Refused.ToDictionary(one => one.Partition, one => one.Error);
                foreach (var stored in some.Where(one => !refused.ContainsKey(one.Partition)))
                {
                    set.Committed(stored);
                }

                if (refused.Count > 0)
                {
                    var error = refused.Values.First();
                    throw new GroupException(
                        error, groupId, $"{refused.Count} of {some.Length} offsets are not committed.", partitions: [.. refused.Keys]);
                }
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    private async ValueTask<CommitResult> CommitOnceAsync(MemberId? life, CommittedOffset[] offsets, CancellationToken cancellation)
    {
        var identity = _identity;
        if (identity.MemberId != life)
        {
            throw NotOurs(Array.ConvertAll(offsets, one => one.Partition));
        }

        var request = new CommitRequest(identity.MemberId, identity.Epoch, offsets);
        var result = await AnswerAsync(() => group.Commit(request), cancellation);
        return result.Error == ErrorCode.None ? result : throw Failure(result.Error, result.Detail);
    }

    private async ValueTask<T> AnswerAsync<T>(Func<ValueTask<T>> call, CancellationToken cancellation)
    {
        try
        {
            var task = call().AsTask();
            await BackgroundWork.WaitAsync(task, options.RequestTimeout, time, cancellation);
            return await task;
        }
        catch (Exception exception) when (GrainCallFailures.CodeOf(exception, cancellation) is { } code)
        {
            throw new GroupException(code, groupId, $"The group '{groupId}' cannot be reached: {exception.Message}", exception);
        }
    }

    private GroupException NotOurs(TopicPartition[] lost) => new(
        ErrorCode.UnknownMemberId, groupId,
        $"The partition {lost[0]} was taken from this consumer after it had got these records: others get them again.", partitions: lost);

    private GroupException Failure(ErrorCode code, string? detail) => new(code, groupId, detail);
}
