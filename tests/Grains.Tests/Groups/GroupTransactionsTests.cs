using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Interfaces.Transactions;
using Loire.Grains.Tests.Benches;
using Loire.Model;
using Loire.Model.Transactions;
using Loire.TestKit;

namespace Loire.Grains.Tests.Groups;

public class GroupTransactionsTests
{
    private readonly GroupBench _bench = new();

    [Fact]
    public void Offsets_pend_until_their_transaction_commits_also_over_a_restart()
    {
        _bench.Commit(("t", 0, 1));
        Assert.Equal(ErrorCode.None, Pend(1, ("t", 0, 5), ("t", 1, 6)).Error);
        Assert.Equal(("t-0:1", "t-0 t-1"), Seen());
        _bench.Restart();
        Assert.Equal(("t-0:1", "t-0 t-1"), Seen());
        _bench.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(ErrorCode.None, End(1, commits: true));
        Assert.Equal(("t-0:5 t-1:6", ""), Seen());
        var committed = _bench.Thread.Finish(() => _bench.Driver.OffsetsAsync(null)).Offsets;
        Assert.All(committed, offset => Assert.Equal(Timestamp.From(_bench.Time.GetUtcNow()), offset.CommittedAt));
        _bench.Restart();
        Assert.Equal(("t-0:5 t-1:6", ""), Seen());
    }

    [Fact]
    public void Offsets_of_an_aborted_transaction_never_count_and_the_group_stays()
    {
        Pend(1, ("t", 0, 5));
        Assert.True(_bench.IsListed);
        Assert.Equal(ErrorCode.None, End(1, commits: false));
        Assert.Equal(("", ""), Seen());
        Assert.Equal(ErrorCode.None, _bench.Describe().Error);
        _bench.Restart();
        Assert.Equal(("", ""), Seen());
    }

    [Fact]
    public void Only_the_partitions_asked_for_are_listed_as_pending()
    {
        Pend(1, ("t", 0, 5), ("t", 3, 5));
        var asked = _bench.Thread.Finish(() => _bench.Driver.OffsetsAsync([GroupBench.Partition("t", 3), GroupBench.Partition("t", 1)]));
        Assert.Equal([GroupBench.Partition("t", 3)], asked.Pending!);
        Assert.Null(_bench.Thread.Finish(() => _bench.Driver.OffsetsAsync([GroupBench.Partition("t", 1)])).Pending);
    }

    [Fact]
    public void Only_committed_offsets_are_mirrored()
    {
        Pend(1, ("t", 0, 5));
        Pend(2, ("t", 1, 6));
        _bench.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(0, _bench.MirrorAppends);
        End(1, commits: true);
        End(2, commits: false);
        _bench.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(["g/t-0"], _bench.Mirror.Keys);
        Assert.Equal((5, Timestamp.From(_bench.Time.GetUtcNow() - TimeSpan.FromSeconds(2))), (
            _bench.Mirror["g/t-0"].Offset.Value, _bench.Mirror["g/t-0"].CommittedAt));
    }

    [Theory]
    [InlineData(TransactionVersion.V1, ErrorCode.InvalidTxnState)]
    [InlineData(TransactionVersion.V2, ErrorCode.None)]
    public void A_group_is_added_by_its_first_offsets_in_the_second_dialect_and_by_the_producer_in_the_first(
        TransactionVersion version, ErrorCode expected)
    {
        Assert.Equal(expected, Pend(Request(1, version, ("t", 0, 5))).Error);
        Assert.Equal(expected == ErrorCode.None, _bench.Storage.Keys.Count > 0);
        Assert.Equal(expected == ErrorCode.None, _bench.IsListed);
        _bench.Transactions.Add(1);
        Assert.Equal(ErrorCode.None, Pend(Request(1, version, ("t", 0, 5))).Error);
    }

    [Theory]
    [InlineData(ErrorCode.ProducerFenced, TransactionVersion.V1, ErrorCode.InvalidProducerEpoch)]
    [InlineData(ErrorCode.ProducerFenced, TransactionVersion.V2, ErrorCode.InvalidProducerEpoch)]
    [InlineData(ErrorCode.InvalidTxnState, TransactionVersion.V2, ErrorCode.TransactionAbortable)]
    [InlineData(ErrorCode.InvalidProducerIdMapping, TransactionVersion.V1, ErrorCode.InvalidProducerIdMapping)]
    [InlineData(ErrorCode.ConcurrentTransactions, TransactionVersion.V2, ErrorCode.ConcurrentTransactions)]
    [InlineData(ErrorCode.CoordinatorNotAvailable, TransactionVersion.V2, ErrorCode.CoordinatorNotAvailable)]
    public void Nothing_is_stored_or_created_without_the_coordinator(ErrorCode answer, TransactionVersion version, ErrorCode expected)
    {
        _bench.Transactions.Add(1);
        _bench.Fault = call => call == "enlist" ? answer : ErrorCode.None;
        Assert.Equal(expected, Pend(Request(1, version, ("t", 0, 5))).Error);
        Assert.Empty(_bench.Storage.Keys);
        Assert.False(_bench.IsListed);
        Assert.Equal(1, _bench.Drops);
        _bench.Fault = _ => ErrorCode.None;
        Assert.Equal(ErrorCode.None, Pend(Request(1, version, ("t", 0, 5))).Error);
    }

    [Fact]
    public void The_coordinator_is_asked_once_for_each_transaction()
    {
        Pend(1, ("t", 0, 5));
        Pend(1, ("t", 1, 5));
        Assert.Equal(1, _bench.Transactions.Asked);
        End(1, commits: true);
        Pend(1, ("t", 2, 5));
        Assert.Equal((2, ("t-0:5 t-1:5", "t-2")), (_bench.Transactions.Asked, Seen()));
        _bench.Restart();
        Pend(1, ("t", 3, 5));
        Assert.Equal((3, ("t-0:5 t-1:5", "t-2 t-3")), (_bench.Transactions.Asked, Seen()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_was_verified_before_a_marker_is_not_stored_after_it(bool exists)
    {
        if (exists)
        {
            _bench.Commit(("t", 7, 7));
        }

        var held = new Gate();
        _bench.Transactions.HoldNextAnswer = held.Opened;
        var late = _bench.Thread.Start(() => _bench.Driver.CommitInTransactionAsync(Request(1, TransactionVersion.V2, ("t", 0, 5))));
        Assert.Equal(ErrorCode.None, End(1, commits: false));
        _bench.Thread.After(held.Open);
        Assert.Equal(ErrorCode.ConcurrentTransactions, late.Now().Error);
        Assert.Equal((exists ? "t-7:7" : "", ""), Seen());
        Assert.Equal(exists, _bench.IsListed);
        Assert.Equal(exists, _bench.Storage.Keys.Count > 0);
    }

    [Fact]
    public void A_marker_that_comes_while_the_group_is_being_created_leaves_nothing()
    {
        var held = new Gate();
        _bench.HoldNextRecord = held.Opened;
        var late = _bench.Thread.Start(() => _bench.Driver.CommitInTransactionAsync(Request(1, TransactionVersion.V2, ("t", 0, 5))));
        Assert.Equal(ErrorCode.None, End(1, commits: false));
        _bench.Thread.After(held.Open);
        Assert.Equal(ErrorCode.ConcurrentTransactions, late.Now().Error);
        Assert.Empty(_bench.Storage.Keys);
        Assert.False(_bench.IsListed);
    }

    [Fact]
    public void An_activation_that_was_superseded_stores_nothing_after_a_marker_that_its_successor_was_told()
    {
        _bench.Commit(("t", 7, 7));
        var rival = _bench.Rival();
        var held = new Gate();
        rival.Transactions.HoldNextAnswer = held.Opened;
        var late = rival.Thread.Start(() => rival.Driver.CommitInTransactionAsync(Request(1, TransactionVersion.V2, ("t", 0, 5))));
        Assert.Equal(ErrorCode.None, End(1, commits: false));
        rival.Thread.After(held.Open);
        Assert.Equal(ErrorCode.NotCoordinator, late.Now().Error);
        _bench.Restart();
        Assert.Equal(("t-7:7", ""), Seen());
    }

    [Fact]
    public void An_activation_that_missed_the_creation_of_the_group_does_not_confirm_a_marker()
    {
        var rival = _bench.Rival();
        Assert.Equal("", rival.Offsets());
        Pend(1, ("t", 0, 5));
        var marker = _bench.Transactions.End(1, commits: true);
        Assert.Equal(ErrorCode.NotCoordinator, rival.Thread.Finish(() => rival.Driver.EndTransactionAsync(marker)));
        Assert.Equal(ErrorCode.None, Tell(marker));
        Assert.Equal(("t-0:5", ""), Seen());
    }

    [Fact]
    public void A_marker_that_is_told_again_or_late_does_nothing()
    {
        Pend(1, ("t", 0, 5));
        var first = _bench.Transactions.End(1, commits: true, raises: false);
        Assert.Equal((ErrorCode.None, ErrorCode.None), (Tell(first), Tell(first)));
        _bench.Transactions.Told(1);
        _bench.Commit(("t", 0, 2));
        Assert.Equal(ErrorCode.None, Tell(first));
        Assert.Equal(("t-0:2", ""), Seen());

        Pend(1, ("t", 0, 8));
        Assert.Equal(ErrorCode.None, Tell(first));
        Assert.Equal(("t-0:2", "t-0"), Seen());
        Assert.Equal(ErrorCode.None, End(1, commits: false));
        Assert.Equal(("t-0:2", ""), Seen());
    }

    [Fact]
    public void A_marker_creates_no_group()
    {
        Assert.Equal(ErrorCode.None, Tell(new TransactionMarker("tx-1", new ProducerIdentity(1, 1), true, true, 1)));
        Assert.Empty(_bench.Storage.Keys);
        Assert.False(_bench.IsListed);
        Assert.Equal(1, _bench.Drops);
        Assert.Equal(ErrorCode.InvalidRequest, Tell(new TransactionMarker("tx-1", ProducerIdentity.None, true, true, 1)));
    }

    [Fact]
    public void A_marker_is_answered_when_it_is_durable()
    {
        Pend(1, ("t", 0, 5));
        var held = new TaskCompletionSource();
        _bench.Storage.Faults = async call =>
        {
            await (call.Operation == StorageOperation.Write ? held.Task : Task.CompletedTask).ConfigureAwait(false);
            return StorageFault.None;
        };
        var told = _bench.Thread.Start(() => _bench.Driver.EndTransactionAsync(_bench.Transactions.End(1, commits: true)));
        var read = _bench.Thread.Start(() => _bench.Driver.OffsetsAsync(null));
        Assert.False(told.IsCompleted || read.IsCompleted, "nobody is told what may still be lost");
        _bench.Thread.After(held.SetResult);
        Assert.Equal((ErrorCode.None, "t-0:5"), (told.Now(), GroupBench.Text(read.Now())));
    }

    [Fact]
    public void A_group_is_deleted_with_its_pending_offsets_and_the_marker_then_does_nothing()
    {
        Pend(1, ("t", 0, 5));
        Assert.Equal(ErrorCode.None, _bench.Delete());
        _bench.Restart(kill: false);
        Assert.Equal(ErrorCode.None, End(1, commits: true));
        Assert.Equal(("", ""), Seen());
        Assert.Empty(_bench.Storage.Keys);
    }

    [Fact]
    public void A_group_with_pending_offsets_does_not_expire()
    {
        Pend(1, ("t", 0, 5));
        _bench.Advance(TimeSpan.FromDays(30));
        Assert.Equal(ErrorCode.None, _bench.Sweep());
        Assert.Equal(("", "t-0"), Seen());
        End(1, commits: false);
        Assert.Equal(ErrorCode.None, _bench.Sweep());
        Assert.Empty(_bench.Storage.Keys);
    }

    [Fact]
    public void Deleting_a_committed_offset_leaves_the_pending_one()
    {
        _bench.Commit(("t", 0, 1));
        Pend(1, ("t", 0, 5));
        _bench.Thread.Finish(() => _bench.Driver.DeleteOffsetsAsync([GroupBench.Partition("t", 0)]));
        Assert.Equal(("", "t-0"), Seen());
        End(1, commits: true);
        Assert.Equal(("t-0:5", ""), Seen());
    }

    [Fact]
    public void What_pends_of_a_transaction_whose_end_was_told_is_forgotten_by_the_sweep_after_an_hour()
    {
        Pend(1, ("t", 0, 5));
        Pend(2, ("t", 1, 5));
        Pend(3, ("t", 2, 5));
        _bench.Transactions.End(1, commits: true);
        _bench.Transactions.Told(1);
        _bench.Transactions.Forget(2);
        Assert.Equal(ErrorCode.None, _bench.Sweep());
        Assert.Equal(("", "t-0 t-1 t-2"), Seen());
        _bench.Advance(TimeSpan.FromMinutes(61));
        _bench.Fault = call => call == "describe transaction" ? ErrorCode.CoordinatorNotAvailable : ErrorCode.None;
        Assert.Equal(ErrorCode.None, _bench.Sweep());
        Assert.Equal(("", "t-0 t-1 t-2"), Seen());
        _bench.Fault = _ => ErrorCode.None;
        Assert.Equal(ErrorCode.None, _bench.Sweep());
        Assert.Equal(("", "t-2"), Seen());
    }

    [Fact]
    public void Below_the_feature_level_nothing_is_written()
    {
        _bench.AreTransactionsAllowed = false;
        Assert.Equal(ErrorCode.UnsupportedVersion, Pend(1, ("t", 0, 5)).Error);
        Assert.Equal(ErrorCode.UnsupportedVersion, Tell(new TransactionMarker("tx-1", new ProducerIdentity(1, 1), true, true, 1)));
        Assert.Empty(_bench.Storage.Keys);
        Assert.Equal(0, _bench.Transactions.Asked);
    }

    [Theory]
    [InlineData(null, -1, ErrorCode.None, "a producer that knows no group")]
    [InlineData("m", -1, ErrorCode.None, "a member without an epoch of a group without members")]
    [InlineData(null, 5, ErrorCode.IllegalGeneration, "an epoch of a group that does not exist")]
    [InlineData("m", 5, ErrorCode.IllegalGeneration, "a member of a group that does not exist")]
    public void A_group_that_does_not_exist_fences_members(string? member, int epoch, ErrorCode expected, string reason)
    {
        var result = Pend(Request(1, TransactionVersion.V2, ("t", 0, 5)) with { Commit = GroupBench.Request(Member(member), epoch, ("t", 0, 5)) });
        Assert.True(expected == result.Error, reason);
        Assert.Equal(expected == ErrorCode.None, _bench.IsListed);
    }

    [Theory]
    [InlineData(null, -1, ErrorCode.None, "a producer that knows no group")]
    [InlineData(null, 1, ErrorCode.UnknownMemberId, "an epoch without a member")]
    [InlineData("b", 1, ErrorCode.UnknownMemberId, "another member")]
    [InlineData("b", -1, ErrorCode.UnknownMemberId, "another member without an epoch")]
    [InlineData("a", -1, ErrorCode.IllegalGeneration, "a member without an epoch")]
    [InlineData("a", 0, ErrorCode.IllegalGeneration, "an epoch from before the member got its partitions")]
    [InlineData("a", 9, ErrorCode.IllegalGeneration, "an epoch of the future")]
    public void A_group_with_members_fences_others(string? member, int epoch, ErrorCode expected, string reason)
    {
        var bench = new GroupBench();
        bench.Topics["t"] = 1;
        var joined = bench.Heartbeat("a", 0, ["t"]).Now();
        bench.Advance(TimeSpan.FromSeconds(3));
        joined = bench.Heartbeat("a", joined.MemberEpoch).Now();
        Assert.Single(joined.Assignment);
        var request = Request(bench, 1, TransactionVersion.V2, ("t", 0, 5));
        var result = bench.Thread.Finish(() => bench.Driver.CommitInTransactionAsync(
            request with { Commit = GroupBench.Request(Member(member), epoch, ("t", 0, 5)) }));
        Assert.True(expected == result.Error, reason);
        result = bench.Thread.Finish(() => bench.Driver.CommitInTransactionAsync(
            request with { Commit = GroupBench.Request("a", joined.MemberEpoch, ("t", 0, 5)) }));
        Assert.Equal(ErrorCode.None, result.Error);
    }

    private static MemberId? Member(string? id) => MemberId.TryParse(id, out var member, out _) ? member : default(MemberId?);

    private static TransactionalCommitRequest Request(
        GroupBench bench, long producer, TransactionVersion version, params (string Topic, int Partition, long Offset)[] offsets) =>
        new(FakeCoordinator.IdOf(producer), bench.Transactions.Producer(producer), version, GroupBench.Request(null, -1, offsets));

    private TransactionalCommitRequest Request(long producer, TransactionVersion version, params (string Topic, int Partition, long Offset)[] offsets) =>
        Request(_bench, producer, version, offsets);

    private CommitResult Pend(long producer, params (string Topic, int Partition, long Offset)[] offsets) =>
        Pend(Request(producer, TransactionVersion.V2, offsets));

    private CommitResult Pend(TransactionalCommitRequest request) => _bench.Thread.Finish(() => _bench.Driver.CommitInTransactionAsync(request));

    private ErrorCode Tell(TransactionMarker marker) => _bench.Thread.Finish(() => _bench.Driver.EndTransactionAsync(marker));

    private ErrorCode End(long producer, bool commits)
    {
        var error = Tell(_bench.Transactions.End(producer, commits));
        _bench.Transactions.Told(producer);
        return error;
    }

    private (string Committed, string Pending) Seen()
    {
        var result = _bench.Thread.Finish(() => _bench.Driver.OffsetsAsync(null));
        return (GroupBench.Text(result), string.Join(' ', result.Pending ?? []));
    }
}
