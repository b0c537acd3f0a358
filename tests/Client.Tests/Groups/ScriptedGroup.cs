using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.Model.Groups;
using Loire.TestKit;
using Loire.TestKit.Fakes;

namespace Loire.Client.Tests.Groups;

/// <summary>The members of a fake group, whose assignments a test makes. It remembers what it was told.</summary>
internal sealed class ScriptedGroup
{
    private readonly FakeGroup _group;
    private readonly Dictionary<MemberId, Member> _members = [];

    private sealed class Member(TopicPartition[] assignment)
    {
        public TopicPartition[] Assignment { get; set; } = assignment;

        public bool HasNews { get; set; }

        public TaskCompletionSource News { get; set; } = new();
    }

    public ScriptedGroup(FakeGroup group)
    {
        _group = group;
        group.OnHeartbeat = Heartbeat;
        group.OnLeave = Leave;
        group.BeforeCommit = Commit;
    }

    /// <summary>Whose time a heartbeat waits in.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>What a member gets when it joins.</summary>
    public Func<MemberId, TopicPartition[]> AtJoin { get; set; } = _ => [];

    /// <summary>Awaited by each heartbeat; what it returns is the answer if it is an error.</summary>
    public Func<HeartbeatRequest, Task<ErrorCode>>? BeforeHeartbeat { get; set; }

    /// <summary>Awaited by each commit; what it returns is the answer if it is an error.</summary>
    public Func<CommitRequest, Task<ErrorCode>>? BeforeCommit { get; set; }

    /// <summary>Everyone who ever joined, in that order.</summary>
    public List<MemberId> Joined { get; } = [];

    /// <summary>Every heartbeat.</summary>
    public List<HeartbeatRequest> Heartbeats { get; } = [];

    /// <summary>Everyone who left.</summary>
    public List<LeaveRequest> Leaves { get; } = [];

    /// <summary>How many partitions have an offset.</summary>
    public int CommittedCount => _group.Offsets(null).Result.Offsets.Length;

    public int Epoch { get; private set; } = 1;

    /// <summary>A committed offset; −1 if there is none.</summary>
    public long Committed(TopicPartition partition) =>
        _group.Offsets([partition]).Result.Offsets is [var offset] ? offset.Offset.Value : -1;

    /// <summary>Has an offset from before.</summary>
    public void HasCommitted(TopicPartition partition, long offset) => Assert.True(_group.Commit(new CommitRequest(
        null, -1, [new CommittedOffset(partition, new Offset(offset), LeaderEpoch.None, "", Timestamp.None)])).IsCompletedSuccessfully);

    /// <summary>Forgets the offsets.</summary>
    public void ForgetOffsets() => Assert.True(_group.Delete().IsCompletedSuccessfully);

    /// <summary>Gives a member other partitions.</summary>
    public void Assign(MemberId member, params TopicPartition[] partitions)
    {
        Epoch++;
        _members[member].Assignment = partitions;
        Tell(_members[member]);
    }

    /// <summary>Takes a member for dead.</summary>
    public void Remove(MemberId member)
    {
        Epoch++;
        _members.Remove(member, out var gone);
        Tell(gone!);
    }

    private async ValueTask<HeartbeatResult> Heartbeat(HeartbeatRequest request, CancellationToken cancellation)
    {
        Heartbeats.Add(request);
        if (BeforeHeartbeat is { } before && await before(request) is var error && error != ErrorCode.None)
        {
            return new HeartbeatResult(error, 0, [], TimeSpan.Zero, "As the test wants it.");
        }

        if (request.MemberEpoch == 0)
        {
            Joined.Add(request.MemberId);
            Epoch++;
            _members[request.MemberId] = new Member(AtJoin(request.MemberId)) { HasNews = true };
        }

        if (_members.TryGetValue(request.MemberId, out var member) && !member.HasNews && request.MaxWait > TimeSpan.Zero)
        {
            var wait = Time is ManualTime manual ? manual.Delay(request.MaxWait, cancellation) : Task.Delay(request.MaxWait, Time, cancellation);
            await Task.WhenAny(member.News.Task, wait);
            cancellation.ThrowIfCancellationRequested();
            _members.TryGetValue(request.MemberId, out member);
        }

        if (member is null)
        {
            return new HeartbeatResult(ErrorCode.UnknownMemberId, 0, [], TimeSpan.Zero, null);
        }

        member.HasNews = false;
        return new HeartbeatResult(ErrorCode.None, Epoch, [.. member.Assignment], TimeSpan.FromSeconds(3), null);
    }

    private ValueTask<ErrorCode> Leave(LeaveRequest request)
    {
        Leaves.Add(request);
        _members.Remove(request.MemberId.GetValueOrDefault());
        return ValueTask.FromResult(ErrorCode.None);
    }

    private async ValueTask<CommitResult?> Commit(CommitRequest request)
    {
        var error = BeforeCommit is { } before ? await before(request) : ErrorCode.None;
        error = error != ErrorCode.None ? error
            : (request.MemberId is { } member ? !_members.ContainsKey(member) : _members.Count > 0) ? ErrorCode.UnknownMemberId
            : ErrorCode.None;
        return error == ErrorCode.None ? null : new CommitResult(error, [], null);
    }

    private static void Tell(Member member)
    {
        member.HasNews = true;
        var news = member.News;
        member.News = new TaskCompletionSource();
        news.TrySetResult();
    }
}
