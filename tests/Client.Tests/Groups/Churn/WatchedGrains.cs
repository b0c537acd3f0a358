using System.Collections.Concurrent;
using System.Reflection;
using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Client.Tests.Groups.Churn;

/// <summary>A consumer's way to the cluster; what it says to its group and hears from it goes into the history.</summary>
/// <remarks>A proxy, because the two Orleans runtimes give the interface different members, of which the client uses one.</remarks>
public class WatchedGrains : DispatchProxy
{
    private IGrainFactory _grains = null!;
    private Func<IGroupGrain, string, IGroupGrain> _watch = null!;

    /// <summary>A factory whose groups are what <paramref name="watch"/> makes of them.</summary>
    public static IGrainFactory Over(IGrainFactory grains, Func<IGroupGrain, string, IGroupGrain> watch)
    {
        var factory = Create<IGrainFactory, WatchedGrains>();
        ((WatchedGrains)(object)factory)._grains = grains;
        ((WatchedGrains)(object)factory)._watch = watch;
        return factory;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        var grain = targetMethod!.Invoke(_grains, args);
        return grain is IGroupGrain group ? _watch(group, (string)args![0]!) : grain;
    }
}

/// <summary>A group as one consumer reaches it.</summary>
internal sealed class WatchedGroup(IGroupGrain group, string groupId, string consumer, History history) : IGroupGrain
{
    private readonly ConcurrentDictionary<TopicPartition, int> _generations = [];
    private volatile string _memberId = "";

    /// <summary>In whose name the consumer speaks.</summary>
    public string MemberId => _memberId;

    /// <summary>The generation of the last answer that had a partition in it.</summary>
    public int GenerationOf(TopicPartition partition) => _generations[partition];

    public async ValueTask<HeartbeatResult> Heartbeat(HeartbeatRequest request, CancellationToken cancellation)
    {
        _memberId = request.MemberId.Value;
        var begun = history.Now;
        var result = await group.Heartbeat(request, cancellation).ConfigureAwait(true);
        if (result.Error == ErrorCode.None)
        {
            TopicPartition[] assignment = [.. result.Assignment];
            history.Add(new Answered(groupId, consumer, request.MemberId.Value, request.InstanceId?.Value, result.MemberEpoch, assignment, begun));
            foreach (var partition in assignment)
            {
                _generations[partition] = result.MemberEpoch;
            }
        }

        return result;
    }

    public ValueTask<CommitResult> CommitInTransaction(TransactionalCommitRequest request) => group.CommitInTransaction(request);

    public ValueTask<ErrorCode> EndTransaction(TransactionMarker marker) => group.EndTransaction(marker);

    public async ValueTask<CommitResult> Commit(CommitRequest request)
    {
        var begun = history.Now;
        foreach (var offset in request.Offsets)
        {
            begun = history.Add(new Committing(groupId, consumer, offset.Partition, offset.Offset.Value));
        }

        var result = await group.Commit(request).ConfigureAwait(true);
        var refused = result.Refused.ToDictionary(one => one.Partition, one => one.Error);
        foreach (var offset in request.Offsets)
        {
            var error = result.Error != ErrorCode.None ? result.Error : refused.GetValueOrDefault(offset.Partition);
            history.Add(new Committed(groupId, consumer, offset.Partition, offset.Offset.Value, begun, error));
        }

        return result;
    }

    public async ValueTask<OffsetsResult> Offsets(TopicPartition[]? partitions)
    {
        var begun = history.Now;
        var result = await group.Offsets(partitions).ConfigureAwait(true);
        if (result.Error == ErrorCode.None && partitions is not null)
        {
            var found = result.Offsets.ToDictionary(one => one.Partition, one => one.Offset.Value);
            foreach (var partition in partitions)
            {
                history.Add(new OffsetRead(groupId, consumer, partition, found.GetValueOrDefault(partition), begun));
            }
        }

        return result;
    }

    public ValueTask<ErrorCode> Leave(LeaveRequest request) => group.Leave(request);

    public ValueTask<ClassicJoined> JoinClassic(ClassicJoin join, CancellationToken cancellation) => group.JoinClassic(join, cancellation);

    public ValueTask<ClassicSynced> SyncClassic(ClassicSync sync, CancellationToken cancellation) => group.SyncClassic(sync, cancellation);

    public ValueTask<ErrorCode> HeartbeatClassic(ClassicMemberKey member) => group.HeartbeatClassic(member);

    public ValueTask<ClassicLeft> LeaveClassic(ClassicLeaver[] leavers) => group.LeaveClassic(leavers);

    public ValueTask<CommitResult> DeleteOffsets(TopicPartition[] partitions) => group.DeleteOffsets(partitions);

    public ValueTask<GroupResult> Describe() => group.Describe();

    public ValueTask<ErrorCode> Delete() => group.Delete();

    public ValueTask<ErrorCode> Expire() => group.Expire();
}
