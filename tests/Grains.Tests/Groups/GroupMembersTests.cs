using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Tests.Benches;
using Loire.Grains.Turns;
using Loire.Log;
using Loire.Model;
using Loire.Coordination.Groups.Assignors;
using Loire.Model.Groups;
using Loire.TestKit;

namespace Loire.Grains.Tests.Groups;

public class GroupMembersTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);
    private readonly GroupBench _bench = new();

    public GroupMembersTests() => _bench.Topics["t"] = 4;

    [Fact]
    public void A_parked_heartbeat_is_answered_with_the_new_assignment()
    {
        var join = _bench.Heartbeat("a", 0, ["t"], wait: Long).Now();
        Assert.Equal((ErrorCode.None, 0, TimeSpan.FromSeconds(3)), (join.Error, join.Assignment.Length, join.HeartbeatInterval));
        _bench.Advance(TimeSpan.FromSeconds(1));
        var waiting = _bench.Heartbeat("a", join.MemberEpoch, wait: Long);
        Assert.False(waiting.IsCompleted);
        _bench.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("t-0 t-1 t-2 t-3", Text(waiting.Now()));
    }

    [Fact]
    public void Without_news_a_parked_heartbeat_is_answered_after_its_wait_or_the_interval()
    {
        var a = Settled("a");
        var half = TimeSpan.FromMilliseconds(500);
        foreach (var (wait, answered) in new[] { (half, half), (Long, TimeSpan.FromSeconds(3)) })
        {
            var waiting = _bench.Heartbeat("a", a.MemberEpoch, owned: a.Assignment, wait: wait);
            _bench.Advance(answered - TimeSpan.FromMilliseconds(1));
            Assert.False(waiting.IsCompleted);
            _bench.Advance(TimeSpan.FromMilliseconds(1));
            Assert.Equal("t-0 t-1 t-2 t-3", Text(waiting.Now()));
        }

        Assert.Equal(0, _bench.Driver.WaitingHeartbeats);
    }

    [Fact]
    public void A_partition_is_granted_once_its_owner_has_confirmed_the_revocation()
    {
        var a = Settled("a");
        var waitingA = _bench.Heartbeat("a", a.MemberEpoch, owned: a.Assignment, wait: Long);
        var b = _bench.Heartbeat("b", 0, ["t"], assignor: "cooperative-sticky").Now();
        _bench.Advance(TimeSpan.FromMilliseconds(200));
        var given = waitingA.Now();
        Assert.Equal("t-0 t-1", Text(given));
        b = _bench.Heartbeat("b", b.MemberEpoch).Now();
        Assert.Equal("", Text(b));
        Assert.Equal(GroupPhase.Reconciling, _bench.Describe().Group!.Phase);
        var waitingB = _bench.Heartbeat("b", b.MemberEpoch, wait: Long);
        Assert.False(waitingB.IsCompleted);
        Assert.Equal("t-0 t-1", Text(_bench.Heartbeat("a", given.MemberEpoch, owned: given.Assignment).Now()));
        Assert.Equal("t-2 t-3", Text(waitingB.Now()));
        var group = _bench.Describe().Group!;
        Assert.Equal((GroupPhase.Stable, "cooperative-sticky", 2), (group.Phase, group.Assignor, group.Members.Length));
        Assert.Equal(["a", "b"], group.Members.Select(member => member.MemberId));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_reactivated_group_keeps_its_members_and_their_assignments(bool kill)
    {
        var a = Settled("a");
        Assert.Equal(ErrorCode.None, _bench.CommitAs("a", a.MemberEpoch, ("t", 1, 9)).Error);
        _bench.Fault = call => call.StartsWith("describe", StringComparison.Ordinal) ? ErrorCode.CoordinatorNotAvailable : ErrorCode.None;
        _bench.Restart(kill);
        var back = _bench.Heartbeat("a", a.MemberEpoch, owned: a.Assignment).Now();
        Assert.Equal((ErrorCode.None, a.MemberEpoch, Text(a)), (back.Error, back.MemberEpoch, Text(back)));
        _bench.Advance(TimeSpan.FromSeconds(10));
        _bench.Fault = _ => ErrorCode.None;
        for (var i = 0; i < 30; i++)
        {
            var next = _bench.Heartbeat("a", back.MemberEpoch, owned: back.Assignment, wait: Long);
            _bench.Advance(TimeSpan.FromSeconds(3));
            back = next.Now();
            Assert.Equal((a.MemberEpoch, Text(a)), (back.MemberEpoch, Text(back)));
        }

        Assert.Equal("t-1:9", _bench.Offsets());
        Assert.Equal(ErrorCode.None, _bench.CommitAs("a", a.MemberEpoch, ("t", 1, 10)).Error);
    }

    [Fact]
    public void A_silent_member_is_removed_and_a_restart_gives_it_a_fresh_session()
    {
        Settled("a");
        _bench.Advance(TimeSpan.FromSeconds(44));
        _bench.Restart();
        Assert.Single(_bench.Describe().Group!.Members);
        _bench.Advance(TimeSpan.FromSeconds(44));
        Assert.Single(_bench.Describe().Group!.Members);
        _bench.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(GroupPhase.Empty, _bench.Describe().Group!.Phase);
        _bench.Restart();
        Assert.Equal(GroupPhase.Empty, _bench.Describe().Group!.Phase);
    }

    [Fact]
    public void A_fenced_member_cannot_commit_and_learns_that_it_is_fenced()
    {
        var a = Settled("a");
        Assert.Equal(ErrorCode.None, _bench.CommitAs("a", a.MemberEpoch, ("t", 0, 1)).Error);
        Assert.Equal(ErrorCode.StaleMemberEpoch, _bench.CommitAs("a", a.MemberEpoch + 5, ("t", 0, 2)).Error);
        Assert.Equal(ErrorCode.UnknownMemberId, _bench.Commit(("t", 0, 3)).Error);
        var some = _bench.CommitAs("a", a.MemberEpoch, ("t", 1, 1), ("t", 7, 1));
        Assert.Equal(ErrorCode.None, some.Error);
        Assert.Equal([new PartitionError(GroupBench.Partition("t", 7), ErrorCode.StaleMemberEpoch)], some.Refused);
        _bench.Advance(TimeSpan.FromSeconds(46));
        Assert.Equal(ErrorCode.UnknownMemberId, _bench.CommitAs("a", a.MemberEpoch, ("t", 0, 4)).Error);
        Assert.Equal(ErrorCode.UnknownMemberId, _bench.Heartbeat("a", a.MemberEpoch, owned: a.Assignment).Now().Error);
        Assert.Equal("t-0:1 t-1:1", _bench.Offsets());
        Assert.Equal(ErrorCode.None, _bench.Commit(("t", 0, 5)).Error);
    }

    [Fact]
    public void Offsets_in_use_by_members_are_neither_deleted_nor_expired()
    {
        _bench.Commit(("t", 0, 1), ("u", 0, 1));
        var a = Settled("a");
        Assert.Equal(ErrorCode.NonEmptyGroup, _bench.Delete());
        var removed = _bench.Thread.Finish(
            () => _bench.Driver.DeleteOffsetsAsync([GroupBench.Partition("t", 0), GroupBench.Partition("u", 0)]));
        Assert.Equal([new PartitionError(GroupBench.Partition("t", 0), ErrorCode.GroupSubscribedToTopic)], removed.Refused);
        Assert.Equal("t-0:1", _bench.Offsets());
        for (var time = TimeSpan.Zero; time < TimeSpan.FromDays(8); time += TimeSpan.FromHours(12))
        {
            _bench.Restart();
            Assert.Equal(ErrorCode.None, _bench.Heartbeat("a", a.MemberEpoch, owned: a.Assignment).Now().Error);
            _bench.Time.Advance(TimeSpan.FromHours(12));
        }

        _bench.Restart();
        Assert.Equal(ErrorCode.None, _bench.Thread.Finish(() => _bench.Driver.LeaveAsync(new LeaveRequest("a", null, "done"))));
        Assert.Equal("t-0:1", _bench.Offsets());
        _bench.Time.Advance(TimeSpan.FromDays(7));
        _bench.Restart();
        Assert.Equal("", _bench.Offsets());
    }

    [Fact]
    public void A_newer_heartbeat_of_a_member_ends_the_older_one()
    {
        var a = Settled("a");
        var older = _bench.Heartbeat("a", a.MemberEpoch, owned: a.Assignment, wait: Long);
        var newer = _bench.Heartbeat("a", a.MemberEpoch, owned: a.Assignment, wait: Long);
        Assert.Equal(ErrorCode.RequestTimedOut, older.Now().Error);
        Assert.False(newer.IsCompleted);
        Assert.Equal(1, _bench.Driver.WaitingHeartbeats);
        var again = _bench.Heartbeat("a", 0, ["t"], assignor: "cooperative-sticky");
        Assert.Equal(ErrorCode.FencedMemberEpoch, newer.Now().Error);
        Assert.Equal(ErrorCode.None, again.Now().Error);
    }

    [Fact]
    public void A_cancelled_heartbeat_leaves()
    {
        var a = Settled("a");
        using var cancellation = new CancellationTokenSource();
        var waiting = _bench.Heartbeat("a", a.MemberEpoch, owned: a.Assignment, wait: Long, cancellation: cancellation.Token);
        _bench.Thread.After(cancellation.Cancel);
        Assert.True(waiting.IsCanceled);
        Assert.Equal(0, _bench.Driver.WaitingHeartbeats);
    }

    [Fact]
    public void Parked_heartbeats_get_a_retriable_error_when_the_group_deactivates()
    {
        var a = Settled("a");
        var waiting = _bench.Heartbeat("a", a.MemberEpoch, owned: a.Assignment, wait: Long);
        _bench.Restart(kill: false);
        Assert.Equal(ErrorCode.NotCoordinator, waiting.Now().Error);
    }

    [Fact]
    public void A_member_that_leaves_frees_its_partitions_at_once()
    {
        var (a, b) = SettledPair();
        var waiting = _bench.Heartbeat("a", a.MemberEpoch, owned: a.Assignment, wait: Long);
        var waitingB = _bench.Heartbeat("b", b.MemberEpoch, owned: b.Assignment, wait: Long);
        Assert.Equal(ErrorCode.None, _bench.Thread.Finish(() => _bench.Driver.LeaveAsync(new LeaveRequest("b", null, null))));
        _bench.Advance(TimeSpan.FromMilliseconds(200));
        Assert.Equal("t-0 t-1 t-2 t-3", Text(waiting.Now()));
        Assert.Equal(ErrorCode.UnknownMemberId, waitingB.Now().Error);
    }

    [Fact]
    public void Created_extended_and_deleted_topics_are_detected()
    {
        var a = Settled("a", pattern: "t|v.*");
        (string, int, string)[] steps = [("t", 5, "t-0 t-1 t-2 t-3 t-4"), ("v1", 1, "t-0 t-1 t-2 t-3 t-4 v1-0"), ("t", 0, "v1-0")];
        foreach (var (topic, count, expected) in steps)
        {
            _bench.Topics[topic] = count;
            if (count == 0)
            {
                _bench.Topics.Remove(topic);
            }

            for (var i = 0; i < 3; i++)
            {
                var beat = _bench.Heartbeat("a", a.MemberEpoch, owned: a.Assignment, wait: Long);
                _bench.Advance(TimeSpan.FromSeconds(3));
                a = beat.Now();
            }

            Assert.Equal(expected, Text(a));
        }
    }

    [Fact]
    public void An_unreachable_topic_is_not_taken_for_a_deleted_one()
    {
        var a = Settled("a");
        _bench.Fault = call => call == "describe t" ? ErrorCode.CoordinatorNotAvailable : ErrorCode.None;
        for (var i = 0; i < 10; i++)
        {
            var beat = _bench.Heartbeat("a", a.MemberEpoch, owned: a.Assignment, wait: Long);
            _bench.Advance(TimeSpan.FromSeconds(3));
            Assert.Equal((a.MemberEpoch, Text(a)), (beat.Now().MemberEpoch, Text(beat.Now())));
        }
    }

    [Fact]
    public void Topics_are_queried_at_a_bounded_rate_and_not_at_all_without_members()
    {
        Settled("a");
        var asked = _bench.Asked;
        _bench.Advance(TimeSpan.FromSeconds(30));
        Assert.InRange(_bench.Asked - asked, 5, 7);
        _bench.Advance(TimeSpan.FromSeconds(30));
        asked = _bench.Asked;
        _bench.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(asked, _bench.Asked);
        Assert.Null(_bench.Time.NextDue);
    }

    [Fact]
    public void A_topic_that_the_silo_watches_is_called_when_it_changes_and_once_a_minute()
    {
        var a = Settled("a");
        var topic = _bench.WatchCalls[^1];
        Assert.Equal("t", topic.Name.Value);
        _bench.WatchedTopics[topic.Name] = topic;
        var asked = _bench.Asked;
        Stay(TimeSpan.FromMinutes(5));
        Assert.InRange(_bench.Asked - asked, 4, 6);

        // The topic has grown, and no watch shows it yet.
        _bench.Topics["t"] = 4;
        Stay(TimeSpan.FromSeconds(6));
        _bench.WatchedTopics[topic.Name] = topic with { PartitionsCount = 4 };
        Stay(TimeSpan.FromSeconds(6));
        Assert.Equal(4, a.Assignment.Length);

        void Stay(TimeSpan time)
        {
            for (var left = time; left > TimeSpan.Zero; left -= TimeSpan.FromSeconds(3))
            {
                var beat = _bench.Heartbeat("a", a.MemberEpoch, owned: a.Assignment, wait: Long);
                _bench.Advance(TimeSpan.FromSeconds(3));
                a = beat.Now();
            }
        }
    }

    [Fact]
    public void A_join_that_cannot_be_made_durable_is_refused_and_other_members_continue()
    {
        var a = Settled("a");
        var waiting = _bench.Heartbeat("a", a.MemberEpoch, owned: a.Assignment, wait: Long);
        _bench.Storage.Faults = call => Task.FromResult(
            call.Operation == StorageOperation.Write ? StorageFault.Refuse(new StorageFullException("no space left")) : StorageFault.None);
        Assert.Equal(ErrorCode.KafkaStorageError, _bench.Heartbeat("b", 0, ["t"], assignor: "cooperative-sticky").Now().Error);
        Assert.Equal(ErrorCode.KafkaStorageError, waiting.Now().Error);
        _bench.Restart(kill: false);
        var back = _bench.Heartbeat("a", a.MemberEpoch, owned: a.Assignment).Now();
        Assert.Equal((ErrorCode.None, a.MemberEpoch, Text(a)), (back.Error, back.MemberEpoch, Text(back)));
    }

    [Fact]
    public void A_heartbeat_without_a_member_id_is_rejected()
    {
        var valid = new HeartbeatRequest("a", null, 0, "client", "host", null, [], TimeSpan.Zero);
        foreach (var request in new[] { valid with { MemberId = default }, valid with { InstanceId = default(GroupInstanceId) } })
        {
            var answer = _bench.Thread.Finish(() => _bench.Driver.HeartbeatAsync(request, default));
            Assert.Equal(ErrorCode.InvalidRequest, answer.Error);
            Assert.NotNull(answer.Detail);
            Assert.Empty(_bench.Storage.Keys);
        }
    }

    [Fact]
    public void A_refused_join_creates_no_group()
    {
        Assert.Equal(ErrorCode.UnsupportedAssignor, _bench.Heartbeat("a", 0, ["t"], assignor: "none").Now().Error);
        Assert.Empty(_bench.Storage.Keys);
        Assert.False(_bench.IsListed);
    }

    private static string Text(HeartbeatResult answer)
    {
        Assert.Equal(ErrorCode.None, answer.Error);
        return string.Join(' ', answer.Assignment);
    }

    private HeartbeatResult Settled(string member, string? pattern = null)
    {
        var joined = _bench.Heartbeat(member, 0, pattern is null ? ["t"] : [], pattern: pattern, assignor: "cooperative-sticky").Now();
        Assert.Equal(ErrorCode.None, joined.Error);
        _bench.Advance(TimeSpan.FromSeconds(3));
        joined = _bench.Heartbeat(member, joined.MemberEpoch).Now();
        Assert.Equal("t-0 t-1 t-2 t-3", Text(joined));
        return _bench.Heartbeat(member, joined.MemberEpoch, owned: joined.Assignment).Now();
    }

    private (HeartbeatResult A, HeartbeatResult B) SettledPair()
    {
        var a = Settled("a");
        var b = _bench.Heartbeat("b", 0, ["t"], assignor: "cooperative-sticky").Now();
        for (var round = 0; round < 3; round++)
        {
            _bench.Advance(TimeSpan.FromMilliseconds(200));
            a = _bench.Heartbeat("a", a.MemberEpoch, owned: a.Assignment).Now();
            b = _bench.Heartbeat("b", b.MemberEpoch, owned: b.Assignment).Now();
        }

        Assert.Equal(("t-0 t-1", "t-2 t-3"), (Text(a), Text(b)));
        return (a, b);
    }

    [Fact]
    public void Parked_heartbeats_are_answered_when_the_silo_stops_and_later_ones_at_once()
    {
        var a = Settled("a");
        var active = new ActiveDrivers();
        _bench.Thread.Finish(() => Add(_bench));
        var waiting = _bench.Heartbeat("a", a.MemberEpoch, owned: a.Assignment, wait: Long);
        Assert.False(waiting.IsCompleted);
        _bench.Thread.After(() => active.RetireAll(CancellationToken.None));
        Assert.Equal(ErrorCode.NotCoordinator, waiting.Now().Error);
        Assert.Equal(ErrorCode.NotCoordinator, _bench.Heartbeat("a", a.MemberEpoch, wait: Long).Now().Error);
        Assert.True(_bench.Drops > 0);

        var late = new GroupBench(_bench.Storage);
        late.Thread.Finish(() => Add(late));
        Assert.Equal(ErrorCode.NotCoordinator, late.Heartbeat("a", a.MemberEpoch, wait: Long).Now().Error);

        Task<bool> Add(GroupBench bench)
        {
            active.Add(bench.Driver, null!);
            return Task.FromResult(true);
        }
    }

    [Fact]
    public void Offsets_of_a_deleted_topic_are_removed_and_those_of_its_successor_stay()
    {
        var (first, second) = (new TopicId(Guid.NewGuid()), new TopicId(Guid.NewGuid()));
        (_bench.Topics["u"], _bench.TopicIds["t"], _bench.TopicIds["u"]) = (1, first, first);
        var a = _bench.Heartbeat("a", 0, ["t", "u"]).Now();
        _bench.Advance(TimeSpan.FromSeconds(3));
        a = _bench.Heartbeat("a", a.MemberEpoch).Now();
        Commit(("t", 0, first), ("t", 1, default), ("u", 0, first));
        _bench.Topics.Remove("u");
        _bench.TopicIds["t"] = second;
        Commit(("t", 2, second));
        _bench.Advance(TimeSpan.FromSeconds(2));
        _bench.Heartbeat("a", a.MemberEpoch, owned: a.Assignment);
        _bench.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal("t-1:7 t-2:7", _bench.Offsets());
        _bench.Restart();
        Assert.Equal("t-1:7 t-2:7", _bench.Offsets());

        void Commit(params (string Topic, int Partition, TopicId Id)[] offsets) => Assert.Empty(_bench.Thread.Finish(
            () => _bench.Driver.CommitAsync(new CommitRequest("a", a.MemberEpoch, [.. offsets.Select(one => new CommittedOffset(
                GroupBench.Partition(one.Topic, one.Partition), new Offset(7), LeaderEpoch.None, "", Timestamp.None, one.Id))]))).Refused);
    }

    [Fact]
    public void An_assignor_that_throws_is_logged_and_the_group_continues()
    {
        var bench = new GroupBench(configure: null, assignors: [new Thrower()]);
        bench.Topics["t"] = 4;
        var a = bench.Heartbeat("a", 0, ["t"], assignor: "thrower").Now();
        bench.Advance(TimeSpan.FromSeconds(3));
        Assert.Contains("The assignor thrower of group g failed", Assert.Single(bench.Errors), StringComparison.Ordinal);
        var waiting = bench.Heartbeat("a", a.MemberEpoch, wait: Long);
        Assert.False(waiting.IsCompleted);
        bench.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(
            (ErrorCode.UnknownServerError, "The assignor thrower fails. It threw: Not today."), (waiting.Now().Error, waiting.Now().Detail));
        Assert.Equal(ErrorCode.None, bench.CommitAs("a", a.MemberEpoch).Error);
        Assert.Equal(0, bench.Drops);
        waiting = bench.Heartbeat("a", a.MemberEpoch, ["t"], wait: Long, assignor: "range");
        Assert.Equal("t-0 t-1 t-2 t-3", Text(waiting.Now()));
    }

    private sealed class Thrower : IAssignor
    {
        public string Name => "thrower";

        public bool IsCooperative => true;

        public IReadOnlyDictionary<MemberId, IReadOnlyList<TopicPartition>> Assign(
            IReadOnlyCollection<GroupSubscription> members, IReadOnlyDictionary<TopicName, int> partitionsCounts) =>
            throw new InvalidOperationException("Not today.");
    }
}
