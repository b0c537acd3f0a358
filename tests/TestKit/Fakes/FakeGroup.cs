using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.TestKit.Fakes;

/// <summary>A group in memory, without rules of membership: its members and the answers to heartbeats are what a test says.</summary>
public sealed class FakeGroup(string id) : IGroupGrain
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<TopicPartition, CommittedOffset> _offsets = [];
    private bool _exists;

    /// <summary>Its id.</summary>
    public string Id => id;

    /// <summary>Its members; a commit from outside is refused while there are any.</summary>
    public List<MemberDescription> Members { get; } = [];

    /// <summary>The epoch that it tells of.</summary>
    public int Epoch { get; set; }

    /// <summary>What every call but a heartbeat answers instead, if it is set.</summary>
    public ErrorCode? Error { get; set; }

    /// <summary>What every call throws, if it is set.</summary>
    public Exception? Exception { get; set; }

    /// <summary>Answers heartbeats; without it they are refused.</summary>
    public Func<HeartbeatRequest, CancellationToken, ValueTask<HeartbeatResult>>? OnHeartbeat { get; set; }

    /// <summary>Answers those who leave; without it nothing is wrong.</summary>
    public Func<LeaveRequest, ValueTask<ErrorCode>>? OnLeave { get; set; }

    /// <summary>Called before each commit; what it returns, if anything, is the answer.</summary>
    public Func<CommitRequest, ValueTask<CommitResult?>>? BeforeCommit { get; set; }

    /// <summary>The commits that were stored, in their order.</summary>
    public List<CommitRequest> Commits { get; } = [];

    /// <summary>Whether it is listed and described.</summary>
    public bool Exists => _exists || Members.Count > 0;

    /// <summary>The time of commits.</summary>
    public Timestamp Now { get; set; } = new(1_000);

    public ValueTask<HeartbeatResult> Heartbeat(HeartbeatRequest request, CancellationToken cancellation) =>
        Exception is not null ? throw Exception
        : OnHeartbeat is { } answer ? answer(request, cancellation)
        : ValueTask.FromResult(new HeartbeatResult(ErrorCode.GroupAuthorizationFailed, 0, [], TimeSpan.Zero, null));

    public ValueTask<ErrorCode> Leave(LeaveRequest request) =>
        Exception is not null ? throw Exception : OnLeave is { } answer ? answer(request) : ValueTask.FromResult(ErrorCode.None);

    public async ValueTask<CommitResult> Commit(CommitRequest request)
    {
        if (Failure() is var failure && failure != ErrorCode.None)
        {
            return new CommitResult(failure, [], null);
        }

        if (BeforeCommit is { } before && await before(request) is { } answer)
        {
            return answer;
        }

        lock (_lock)
        {
            if (request.MemberId is null && Members.Count > 0)
            {
                return new CommitResult(ErrorCode.UnknownMemberId, [], null);
            }

            _exists = true;
            Commits.Add(request);
            foreach (var offset in request.Offsets)
            {
                _offsets[offset.Partition] = offset with { CommittedAt = Now };
            }

            return new CommitResult(ErrorCode.None, [], null);
        }
    }

    /// <summary>The partitions of which an open transaction may commit another offset.</summary>
    public List<TopicPartition> Pending { get; } = [];

    /// <summary>Has an offset, as when a transaction has committed it.</summary>
    public void Decide(TopicPartition partition, long offset)
    {
        lock (_lock)
        {
            _offsets[partition] = new CommittedOffset(partition, new Offset(offset), LeaderEpoch.None, "", Now);
        }
    }

    /// <summary>How often offsets were asked for.</summary>
    public int Reads { get; private set; }

    public ValueTask<CommitResult> CommitInTransaction(TransactionalCommitRequest request) => throw new NotSupportedException();

    public ValueTask<ClassicJoined> JoinClassic(ClassicJoin join, CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask<ClassicSynced> SyncClassic(ClassicSync sync, CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask<ErrorCode> HeartbeatClassic(ClassicMemberKey member) => throw new NotSupportedException();

    public ValueTask<ClassicLeft> LeaveClassic(ClassicLeaver[] leavers) => throw new NotSupportedException();

    public ValueTask<ErrorCode> EndTransaction(TransactionMarker marker) => throw new NotSupportedException();

    public ValueTask<OffsetsResult> Offsets(TopicPartition[]? partitions)
    {
        var failure = Failure();
        lock (_lock)
        {
            Reads++;
            TopicPartition[] pending = [.. Pending.Where(partition => partitions is null || partitions.Contains(partition))];
            return ValueTask.FromResult(failure != ErrorCode.None ? new OffsetsResult(failure, []) : new OffsetsResult(
                failure, [.. _offsets.Values.Where(offset => partitions is null || partitions.Contains(offset.Partition))],
                pending.Length == 0 ? null : pending));
        }
    }

    public ValueTask<CommitResult> DeleteOffsets(TopicPartition[] partitions)
    {
        var failure = Failure();
        if (failure != ErrorCode.None || !Exists)
        {
            return ValueTask.FromResult(new CommitResult(failure != ErrorCode.None ? failure : ErrorCode.GroupIdNotFound, [], null));
        }

        lock (_lock)
        {
            var subscribed = Members.SelectMany(member => member.Subscription.Topics).ToHashSet();
            var refused = partitions.Where(partition => subscribed.Contains(partition.Topic)).ToArray();
            foreach (var partition in partitions.Except(refused))
            {
                _offsets.Remove(partition);
            }

            return ValueTask.FromResult(new CommitResult(
                ErrorCode.None, [.. refused.Select(partition => new PartitionError(partition, ErrorCode.GroupSubscribedToTopic))], null));
        }
    }

    public ValueTask<GroupResult> Describe()
    {
        var failure = Failure();
        return ValueTask.FromResult(
            failure != ErrorCode.None ? new GroupResult(failure, null)
            : !Exists ? new GroupResult(ErrorCode.GroupIdNotFound, null)
            : new GroupResult(ErrorCode.None, new GroupDescription(
                id,
                Members.Count == 0 ? GroupPhase.Empty
                    : Members.All(member => member.Assigned.SequenceEqual(member.Target)) ? GroupPhase.Stable : GroupPhase.Reconciling,
                Epoch,
                Members.Count == 0 ? "" : Members[0].Subscription.Assignors[0],
                [.. Members.OrderBy(member => member.MemberId)])));
    }

    public ValueTask<ErrorCode> Delete()
    {
        var failure = Failure();
        if (failure != ErrorCode.None || !Exists || Members.Count > 0)
        {
            return ValueTask.FromResult(failure != ErrorCode.None ? failure : Exists ? ErrorCode.NonEmptyGroup : ErrorCode.GroupIdNotFound);
        }

        lock (_lock)
        {
            _exists = false;
            _offsets.Clear();
        }

        return ValueTask.FromResult(ErrorCode.None);
    }

    public ValueTask<ErrorCode> Expire() => throw new NotSupportedException();

    /// <summary>Exists from now on, as after a first commit.</summary>
    public void Create() => _exists = true;

    private ErrorCode Failure() => Exception is not null ? throw Exception : Error ?? ErrorCode.None;
}

/// <summary>Lists the groups of one part that exist.</summary>
internal sealed class FakeGroupCatalog(FakeCluster cluster, int shard) : IGroupCatalogGrain
{
    public ValueTask<GroupList> List(string after, int max)
    {
        if (cluster.GroupCatalogError is { } error)
        {
            return ValueTask.FromResult(new GroupList(error, [], false));
        }

        var ids = cluster.Groups.Select(group => group.Id)
            .Where(id => id.Sum(character => character) % IGroupCatalogGrain.Shards == shard && string.CompareOrdinal(id, after) > 0)
            .Order(StringComparer.Ordinal).ToArray();
        return ValueTask.FromResult(new GroupList(ErrorCode.None, [.. ids.Take(max)], ids.Length > max));
    }

    public ValueTask<ErrorCode> Record(GroupId groupId, bool exists) => throw new NotSupportedException();
}
