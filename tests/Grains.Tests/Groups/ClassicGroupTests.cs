using System.Text;
using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Tests.Benches;
using Loire.Model;
using Loire.Model.Groups;
using Loire.TestKit;

namespace Loire.Grains.Tests.Groups;

/// <summary>Classic members at a group's driver: what is durable, what waits, and what kind a group is.</summary>
public class ClassicGroupTests
{
    private readonly GroupBench _bench = new(configure: NoDelay);

    internal static void NoDelay(Loire.Grains.Groups.GroupOptions options) =>
        options.Members = options.Members with { InitialRebalanceDelay = TimeSpan.Zero };

    [Fact]
    public void Members_join_sync_and_leave_and_the_group_stays_with_its_offsets()
    {
        var (a, b) = Two(_bench);
        Assert.True(_bench.IsListed);
        Assert.Equal(ErrorCode.None, Beat(_bench, a));
        var described = _bench.Describe().Group!;
        Assert.Equal(
            (GroupKind.Classic, GroupPhase.Stable, 2, "range", "consumer"),
            (described.Kind, described.Phase, described.Epoch, described.Assignor, described.ProtocolType));
        Assert.Equal(["a", "b"], described.Members.Select(member => Text(member.Classic!.Assignment)));
        Assert.Equal(ErrorCode.None, Commit(a.MemberId, 2, 5).Error);
        Assert.Equal(ErrorCode.IllegalGeneration, Commit(a.MemberId, 1, 6).Error);
        Assert.Equal(ErrorCode.UnknownMemberId, _bench.Commit(("t", 0, 7)).Error);
        Assert.Equal((ErrorCode.NonEmptyGroup, "t-0:5"), (_bench.Delete(), _bench.Offsets()));
        Assert.Equal([ErrorCode.None, ErrorCode.None, ErrorCode.UnknownMemberId], Leave(_bench, a.MemberId, b.MemberId, "nobody"));
        Assert.Equal((GroupPhase.Empty, ErrorCode.None), (_bench.Describe().Group!.Phase, _bench.Commit(("t", 0, 8)).Error));
        Assert.Equal(ErrorCode.None, _bench.Delete());
        _bench.Restart();
        Assert.Equal(ErrorCode.GroupIdNotFound, _bench.Describe().Error);
    }

    [Fact]
    public void A_group_that_does_not_exist_has_no_members_and_comes_into_being_only_by_a_join_without_an_id()
    {
        Assert.Equal(ErrorCode.UnknownMemberId, Join(_bench, "a", "nobody").Now().Error);
        Assert.Equal(ErrorCode.UnknownMemberId, Sync(_bench, "nobody", 1).Now().Error);
        Assert.Equal(ErrorCode.UnknownMemberId, _bench.Thread.Finish(() => _bench.Driver.Classic.HeartbeatAsync(new ClassicMemberKey("nobody", null, 1))));
        Assert.Equal([ErrorCode.UnknownMemberId], Leave(_bench, "nobody"));
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, Join(_bench, "a", type: "").Now().Error);
        Assert.False(_bench.IsListed);
        Assert.Equal(ErrorCode.MemberIdRequired, Join(_bench, "a", version: 4).Now().Error);
        Assert.True(_bench.IsListed);
        Assert.Equal((GroupPhase.Empty, GroupKind.Classic), (_bench.Describe().Group!.Phase, _bench.Describe().Group!.Kind));
    }

    [Fact]
    public void After_the_death_of_its_silo_a_generation_goes_on()
    {
        var (a, b) = Two(_bench);
        _bench.Restart();
        Assert.Equal((ErrorCode.None, ErrorCode.None), (Beat(_bench, a), Beat(_bench, b)));
        Assert.Equal("b", Text(Sync(_bench, b.MemberId, 2).Now().Assignment));
        Assert.Equal(2, Join(_bench, "b", b.MemberId).Now().Generation);
    }

    [Fact]
    public void A_call_that_waits_is_ended_when_the_group_moves_and_later_ones_do_not_wait()
    {
        var (a, b) = Two(_bench);
        var join = Join(_bench, "b", b.MemberId, metadata: "other");
        Assert.Equal((false, 1), (join.IsCompleted, _bench.Driver.Classic.Waiting));
        _bench.Thread.After(_bench.Driver.EndWaits);
        Assert.Equal(ErrorCode.NotCoordinator, join.Now().Error);
        Assert.Equal(ErrorCode.NotCoordinator, Join(_bench, "b", b.MemberId, metadata: "other").Now().Error);
        Assert.Equal((ErrorCode.RebalanceInProgress, 0), (Beat(_bench, a), _bench.Driver.Classic.Waiting));
    }

    [Fact]
    public void A_call_that_waits_is_ended_when_the_group_retires_and_when_its_caller_goes()
    {
        var (a, b) = Two(_bench);
        using var gone = new CancellationTokenSource();
        var cancelled = Join(_bench, "b", b.MemberId, metadata: "other", cancellation: gone.Token);
        _bench.Thread.After(gone.Cancel);
        Assert.True(cancelled.IsCanceled);

        // Who is gone has joined nevertheless.
        Assert.Equal(3, Join(_bench, "a", a.MemberId).Now().Generation);
        var sync = Sync(_bench, b.MemberId, 3);
        Assert.False(sync.IsCompleted);
        _bench.Thread.After(_bench.Driver.Retire);
        Assert.Equal(ErrorCode.NotCoordinator, sync.Now().Error);
    }

    [Fact]
    public void A_rebalance_ends_by_itself_and_no_call_waits_for_ever()
    {
        var (a, b) = Two(_bench);
        var join = Join(_bench, "b", b.MemberId, metadata: "other");
        _bench.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal((3, b.MemberId), (join.Now().Generation, join.Now().Leader));
        Assert.Equal(ErrorCode.UnknownMemberId, Beat(_bench, a));
        _bench.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(GroupPhase.Empty, _bench.Describe().Group!.Phase);
    }

    [Fact]
    public void Without_storage_nobody_is_answered_and_the_next_activation_goes_on_from_what_is_durable()
    {
        var (a, _) = Two(_bench);
        var join = Join(_bench, "c");
        _bench.Storage.Faults = _ => Task.FromResult(StorageFault.Refuse(new IOException("no storage")));
        Join(_bench, "a", a.MemberId);
        _bench.Advance(TimeSpan.FromSeconds(1));
        Assert.False(join.IsCompleted);
        _bench.Storage.Faults = null;
        _bench.Restart();
        Assert.Equal((ErrorCode.None, 2), (Beat(_bench, a), _bench.Describe().Group!.Epoch));
    }

    [Fact]
    public void A_group_has_one_kind_while_it_has_members_and_may_change_it_without()
    {
        _bench.Topics["t"] = 2;
        var (a, b) = Two(_bench);
        Commit(a.MemberId, 2, 5);

        // What its members subscribe to cannot be read, so it cannot assign to them.
        var refused = _bench.Heartbeat("server", 0, ["t"]).Now();
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, refused.Error);
        Assert.Contains("'consumer'", refused.Detail, StringComparison.Ordinal);
        Leave(_bench, a.MemberId, b.MemberId);
        Assert.Equal(ErrorCode.None, _bench.Heartbeat("server", 0, ["t"]).Now().Error);
        Assert.Equal(GroupKind.Server, _bench.Describe().Group!.Kind);
        _bench.Restart();
        Assert.Equal((GroupKind.Server, 1), (_bench.Describe().Group!.Kind, _bench.Describe().Group!.Members.Length));
        _bench.Thread.Finish(() => _bench.Driver.LeaveAsync(new("server", null, null)));
        Assert.Equal((1, "t-0:5"), (Join(_bench, "c").Now().Generation, _bench.Offsets()));
        _bench.Restart();
        Assert.Equal((GroupKind.Classic, GroupPhase.Empty, "t-0:5"), (_bench.Describe().Group!.Kind, _bench.Describe().Group!.Phase, _bench.Offsets()));
    }

    [Fact]
    public void A_group_of_consumers_assigns_itself_once_another_member_joins_and_is_a_classic_one_again_when_that_leaves()
    {
        _bench.Topics["t"] = 2;
        var classic = Join(_bench, "c", metadata: Subscription).Now();
        Sync(_bench, classic.MemberId, 1, (classic.MemberId, Assignment(0, 1)));
        var server = _bench.Heartbeat("server", 0, ["t"], assignor: "cooperative-sticky").Now();
        Assert.Equal((ErrorCode.None, 0), (server.Error, server.Assignment.Length));
        var group = _bench.Describe().Group!;
        Assert.Equal((GroupKind.Server, "t-0 t-1"), (group.Kind, string.Join(' ', group.Members.Single(member => member.Classic is not null).Assigned)));
        Assert.Equal(ErrorCode.None, _bench.CommitAs(classic.MemberId, 1, ("t", 0, 4)).Error);
        _bench.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(ErrorCode.RebalanceInProgress, Beat(_bench, classic));

        // It is told to give one up, says what it keeps, and rests; the other one gets its share.
        classic = Join(_bench, "c", classic.MemberId, metadata: Owning(0, 1)).Now();
        Assert.Equal((ErrorCode.None, ""), (classic.Error, classic.Leader));
        var kept = Sync(_bench, classic.MemberId, classic.Generation).Now().Assignment.Span[^5];
        Assert.Equal(ErrorCode.RebalanceInProgress, Beat(_bench, classic));
        var before = classic.Generation;
        classic = Join(_bench, "c", classic.MemberId, metadata: Owning(kept)).Now();
        Sync(_bench, classic.MemberId, classic.Generation).Now();
        Assert.Equal(ErrorCode.None, Beat(_bench, classic));
        Assert.True(classic.Generation >= before);
        server = _bench.Heartbeat("server", server.MemberEpoch).Now();
        Assert.Equal(GroupBench.Partition("t", 1 - kept), Assert.Single(server.Assignment));

        // In a group that was activated anew as well.
        _bench.Restart();
        Assert.Equal((GroupKind.Server, 2), (_bench.Describe().Group!.Kind, _bench.Describe().Group!.Members.Length));
        classic = Join(_bench, "c", classic.MemberId, metadata: Owning(kept)).Now();
        _bench.Thread.Finish(() => _bench.Driver.LeaveAsync(new("server", null, null)));
        group = _bench.Describe().Group!;
        Assert.Equal((GroupKind.Classic, GroupPhase.PreparingRebalance, 1), (group.Kind, group.Phase, group.Members.Length));
        Assert.Equal(ErrorCode.RebalanceInProgress, Beat(_bench, classic));
        _bench.Restart();
        Assert.Equal((GroupKind.Classic, GroupPhase.Stable), (_bench.Describe().Group!.Kind, _bench.Describe().Group!.Phase));
        Assert.Equal(ErrorCode.None, Beat(_bench, classic));
        Assert.Equal(classic.MemberId, Join(_bench, "c", classic.MemberId, metadata: Owning(kept)).Now().Leader);
        Assert.Equal([ErrorCode.None], Leave(_bench, classic.MemberId));
        Assert.Equal((GroupPhase.Empty, "t-0:4"), (_bench.Describe().Group!.Phase, _bench.Offsets()));
    }

    [Fact]
    public void What_waits_in_a_classic_group_joins_again_when_that_assigns_itself()
    {
        _bench.Topics["t"] = 2;
        var a = Join(_bench, "a", metadata: Subscription).Now();
        Sync(_bench, a.MemberId, 1, (a.MemberId, Assignment(0, 1)));
        var b = Join(_bench, "b", metadata: Subscription);
        Assert.Equal(ErrorCode.UnsupportedAssignor, _bench.Heartbeat("server", 0, ["t"], assignor: "nobody's").Now().Error);
        Assert.False(b.IsCompleted);
        _bench.Heartbeat("server", 0, ["t"]);
        Assert.Equal(ErrorCode.RebalanceInProgress, b.Now().Error);
        Assert.Equal(ErrorCode.None, Join(_bench, "b", b.Now().MemberId, metadata: Subscription).Now().Error);
        Assert.Equal(3, _bench.Describe().Group!.Members.Length);
    }

    [Fact]
    public void Members_join_only_once_all_brokers_read_what_is_stored_of_them()
    {
        _bench.AreClassicGroupsAllowed = false;
        Assert.Equal(ErrorCode.UnsupportedVersion, Join(_bench, "a").Now().Error);
        Assert.False(_bench.IsListed);
        _bench.AreClassicGroupsAllowed = true;
        Assert.Equal(ErrorCode.None, Join(_bench, "a").Now().Error);
    }

    [Fact]
    public void Offsets_of_a_topic_that_members_read_are_not_deleted_and_do_not_expire()
    {
        _bench.Commit(("t", 0, 1), ("other", 0, 2));
        var a = Join(_bench, "a", metadata: "\0\0\0\0\0\u0001\0\u0001t").Now();
        Sync(_bench, a.MemberId, 1);
        var result = _bench.Thread.Finish(() => _bench.Driver.DeleteOffsetsAsync([GroupBench.Partition("t", 0), GroupBench.Partition("other", 0)]));
        Assert.Equal([ErrorCode.GroupSubscribedToTopic], result.Refused.Select(one => one.Error));
        Assert.Equal("t-0:1", _bench.Offsets());
        var b = new GroupBench(configure: NoDelay);
        b.Commit(("t", 0, 1));
        Join(b, "a", type: "connect");
        result = b.Thread.Finish(() => b.Driver.DeleteOffsetsAsync([GroupBench.Partition("t", 0)]));
        Assert.Equal((ErrorCode.NonEmptyGroup, "t-0:1"), (result.Error, b.Offsets()));
    }

    [Fact]
    public void A_consumer_that_joins_a_group_that_assigns_itself_gets_its_share()
    {
        _bench.Topics["t"] = 2;
        var server = _bench.Heartbeat("server", 0, ["t"], assignor: "cooperative-sticky").Now();
        _bench.Advance(TimeSpan.FromSeconds(1));
        server = _bench.Heartbeat("server", server.MemberEpoch).Now();
        Assert.Equal(2, server.Assignment.Length);

        Assert.Equal(ErrorCode.InconsistentGroupProtocol, Join(_bench, "c", type: "connect").Now().Error);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, Join(_bench, "c", metadata: "?").Now().Error);
        Assert.Equal(ErrorCode.MemberIdRequired, Join(_bench, "c", metadata: Subscription, version: 5).Now().Error);
        var joined = Join(_bench, "c", metadata: Subscription).Now();
        Assert.Equal((ErrorCode.None, "", "range", 0), (joined.Error, joined.Leader, joined.Protocol, joined.Members.Length));

        // Its sync waits until the group has assigned: it has nothing yet, since the other one must give it up first.
        var sync = Sync(_bench, joined.MemberId, joined.Generation);
        _bench.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal("0000" + "00000000" + "FFFFFFFF", Convert.ToHexString(sync.Now().Assignment.Span));
        server = _bench.Heartbeat("server", server.MemberEpoch, owned: server.Assignment).Now();
        Assert.Single(server.Assignment);
        Assert.Equal(ErrorCode.None, Beat(_bench, joined));
        _bench.Heartbeat("server", server.MemberEpoch, owned: server.Assignment);
        Assert.Equal(ErrorCode.RebalanceInProgress, Beat(_bench, joined));

        joined = Join(_bench, "c", joined.MemberId, metadata: Subscription).Now();
        var assignment = Sync(_bench, joined.MemberId, joined.Generation).Now();
        Assert.Matches("^0000" + "00000001" + "000174" + "00000001" + "0000000[01]" + "FFFFFFFF$", Convert.ToHexString(assignment.Assignment.Span));
        Assert.Equal(ErrorCode.None, Beat(_bench, joined));
        var own = assignment.Assignment.Span[^5] == 1 ? 1 : 0;
        Assert.Equal(ErrorCode.None, _bench.CommitAs(joined.MemberId, joined.Generation, ("t", own, 9)).Error);
        Assert.Equal(ErrorCode.IllegalGeneration, _bench.CommitAs(joined.MemberId, joined.Generation, ("t", 1 - own, 9)).Error);

        // After the silo's death it is not known what it was told, so it joins once more, and keeps what it has.
        _bench.Restart();
        Assert.Equal(ErrorCode.RebalanceInProgress, Beat(_bench, joined));
        joined = Join(_bench, "c", joined.MemberId, metadata: Subscription).Now();
        Assert.Equal(assignment.Assignment.ToArray(), Sync(_bench, joined.MemberId, joined.Generation).Now().Assignment.ToArray());
        Assert.Equal(ErrorCode.None, Beat(_bench, joined));
        Assert.NotNull(_bench.Describe().Group!.Members.Single(member => member.MemberId == MemberId.Parse(joined.MemberId)).Classic);
        Assert.Equal([ErrorCode.None, ErrorCode.UnknownMemberId, ErrorCode.UnknownMemberId], Leave(_bench, joined.MemberId, joined.MemberId, "server"));
    }

    [Fact]
    public void A_heartbeat_beside_a_sync_that_waits_does_not_end_it()
    {
        _bench.Topics["t"] = 2;
        _bench.Heartbeat("server", 0, ["t"]).Now();
        _bench.Advance(TimeSpan.FromSeconds(1));

        // The group has just assigned, and does it once in a while only.
        _bench.Heartbeat("other", 0, ["t"]).Now();
        var joined = Join(_bench, "c", metadata: Subscription).Now();
        var sync = Sync(_bench, joined.MemberId, joined.Generation);
        Assert.False(sync.IsCompleted);
        Beat(_bench, joined);
        Assert.False(sync.IsCompleted);
        _bench.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(ErrorCode.None, sync.Now().Error);
    }

    [Fact]
    public void A_consumer_gives_up_what_it_no_longer_owns_when_it_joins_again()
    {
        _bench.Topics["t"] = 2;
        _bench.Heartbeat("server", 0, ["none"], assignor: "cooperative-sticky");
        var joined = Join(_bench, "c", metadata: Subscription, rebalance: 30).Now();
        _bench.Advance(TimeSpan.FromSeconds(1));
        joined = Join(_bench, "c", joined.MemberId, metadata: Subscription, rebalance: 30).Now();
        Assert.EndsWith("00000002" + "00000000" + "00000001" + "FFFFFFFF", Convert.ToHexString(Sync(_bench, joined.MemberId, joined.Generation).Now().Assignment.Span), StringComparison.Ordinal);

        _bench.Heartbeat("other", 0, ["t"], assignor: "cooperative-sticky");
        _bench.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(ErrorCode.RebalanceInProgress, Beat(_bench, joined));

        // It says that it has both still, is told which one stays, and has to come again to confirm.
        joined = Join(_bench, "c", joined.MemberId, metadata: Owning(0, 1), rebalance: 30).Now();
        var kept = Sync(_bench, joined.MemberId, joined.Generation).Now().Assignment.Span[^5];
        Assert.Equal(ErrorCode.RebalanceInProgress, Beat(_bench, joined));
        joined = Join(_bench, "c", joined.MemberId, metadata: Owning(kept), rebalance: 30).Now();
        Assert.Equal(kept, Sync(_bench, joined.MemberId, joined.Generation).Now().Assignment.Span[^5]);
        Assert.Equal(ErrorCode.None, Beat(_bench, joined));
        Assert.Equal(GroupPhase.Stable, _bench.Describe().Group!.Phase);
    }

    private const string Subscription = "\0\0\0\0\0\u0001\0\u0001t";

    private static string Owning(params byte[] partitions) =>
        "\0\u0001\0\0\0\u0001\0\u0001t\0\0\0\0" + "\0\0\0\u0001\0\u0001t\0\0\0" + (char)partitions.Length + string.Concat(partitions.Select(one => "\0\0\0" + (char)one));

    private static string Assignment(params byte[] partitions) =>
        "\0\0\0\0\0\u0001\0\u0001t\0\0\0" + (char)partitions.Length + string.Concat(partitions.Select(one => "\0\0\0" + (char)one)) + "\0\0\0\0";

    internal static (ClassicJoined A, ClassicJoined B) Two(GroupBench bench)
    {
        var a = Join(bench, "a").Now();
        Sync(bench, a.MemberId, 1, (a.MemberId, "x"));
        var joining = Join(bench, "b");
        a = Join(bench, "a", a.MemberId).Now();
        var b = joining.Now();
        var sync = Sync(bench, b.MemberId, 2);
        Assert.False(sync.IsCompleted);
        Assert.Equal("a", Text(Sync(bench, a.MemberId, 2, (a.MemberId, "a"), (b.MemberId, "b")).Now().Assignment));
        Assert.Equal("b", Text(sync.Now().Assignment));
        return (a, b);
    }

    internal static Task<ClassicJoined> Join(
        GroupBench bench, string client, string? id = null, string metadata = "!", string type = "consumer", int version = 3, double rebalance = 10,
        CancellationToken cancellation = default) => bench.Thread.Start(() => bench.Driver.Classic.JoinAsync(
            new ClassicJoin(
                id is null ? default(MemberId?) : MemberId.Parse(id), null, client, "host", type, [new ClassicProtocol("range", Encoding.UTF8.GetBytes(metadata))],
                TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(rebalance), version >= 4, version >= 9),
            cancellation));

    internal static Task<ClassicSynced> Sync(GroupBench bench, string id, int generation, params (string Id, string Assignment)[] assignments) =>
        bench.Thread.Start(() => bench.Driver.Classic.SyncAsync(
            new ClassicSync(
                new ClassicMemberKey(MemberId.Parse(id), null, generation), null, null,
                [.. assignments.Select(one => new ClassicAssignment(one.Id, Encoding.UTF8.GetBytes(one.Assignment)))]),
            default));

    internal static ErrorCode Beat(GroupBench bench, ClassicJoined member) => bench.Thread.Finish(() => bench.Driver.Classic.HeartbeatAsync(
        new ClassicMemberKey(MemberId.Parse(member.MemberId), null, member.Generation)));

    private CommitResult Commit(string member, int generation, long offset) => _bench.CommitAs(MemberId.Parse(member), generation, ("t", 0, offset));

    private static ErrorCode[] Leave(GroupBench bench, params string[] ids) => bench.Thread.Finish(() => bench.Driver.Classic.LeaveAsync(
        [.. ids.Select(id => new ClassicLeaver(MemberId.Parse(id), null))])).Errors;

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);
}
