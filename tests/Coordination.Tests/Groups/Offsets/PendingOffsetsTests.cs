using Loire.Coordination.Groups.Offsets;
using Loire.Model;
using Loire.Model.Groups;
using Loire.Model.Transactions;

namespace Loire.Coordination.Tests.Groups.Offsets;

public class PendingOffsetsTests
{
    private static readonly OpenTransaction First = Transaction(1, 0, 1);
    private OffsetsState _state = new();

    [Fact]
    public void Offsets_count_when_their_transaction_commits_and_from_then_on()
    {
        Store(10, Commit.Of("t", 0, 1), Commit.Of("t", 1, 1));
        Pend(First, 20, Commit.Of("t", 1, 5, metadata: "m"), Commit.Of("t", 2, 6));
        Assert.Equal("t-0:1 t-1:1", Commit.Text(_state));
        Assert.True(_state.Pending.Contains(Commit.Partition("t", 2)));
        End(First, commits: true, at: 30);
        Assert.Equal("t-0:1 t-1:5 t-2:6", Commit.Text(_state));
        Assert.True(_state.TryGet(Commit.Partition("t", 1), out var offset));
        Assert.Equal((30, "m"), (offset.CommittedAt.Milliseconds, offset.Metadata));
        Assert.Equal(0, _state.Pending.Count);
    }

    [Fact]
    public void Offsets_of_an_aborted_transaction_are_forgotten()
    {
        Store(10, Commit.Of("t", 0, 1));
        var bytes = _state.Bytes;
        Pend(First, 20, Commit.Of("t", 0, 5), Commit.Of("t", 1, 6));
        Assert.True(_state.Bytes > bytes);
        End(First, commits: false);
        Assert.Equal("t-0:1", Commit.Text(_state));
        Assert.Equal((bytes, 0), (_state.Bytes, _state.Pending.Partitions.Count));
    }

    [Fact]
    public void Later_offsets_of_a_transaction_replace_its_earlier_ones_partition_by_partition()
    {
        Pend(First, 10, Commit.Of("t", 0, 5), Commit.Of("t", 1, 5));
        Pend(First, 20, Commit.Of("t", 1, 3), Commit.Of("t", 2, 7));
        End(First, commits: true);
        Assert.Equal("t-0:5 t-1:3 t-2:7", Commit.Text(_state));
    }

    [Fact]
    public void Of_the_offsets_of_a_partition_the_last_one_stored_counts_whichever_is_committed_first()
    {
        var second = Transaction(2, 0, 9);
        Pend(First, 10, Commit.Of("t", 0, 1), Commit.Of("t", 1, 1), Commit.Of("t", 2, 1));
        Pend(second, 20, Commit.Of("t", 0, 2), Commit.Of("t", 1, 2));
        Store(30, Commit.Of("t", 1, 3));
        End(second, commits: true);
        Assert.Equal("t-0:2 t-1:3", Commit.Text(_state));
        Restart();
        End(First, commits: true);
        Assert.Equal("t-0:2 t-1:3 t-2:1", Commit.Text(_state));
    }

    [Fact]
    public void A_deleted_offset_leaves_its_place_to_the_pending_one()
    {
        Pend(First, 10, Commit.Of("t", 0, 5));
        Store(20, Commit.Of("t", 0, 1));
        _state.Apply(OffsetsRules.Delete(_state, [Commit.Partition("t", 0)], _ => false).Record!);
        Assert.True(_state.Pending.Contains(Commit.Partition("t", 0)));
        End(First, commits: true);
        Assert.Equal("t-0:5", Commit.Text(_state));
    }

    [Theory]
    [InlineData(3, false, 7, "t-0:5", "the end of the transaction")]
    [InlineData(4, true, 7, "t-0:5", "the end of the transaction, with the next epoch")]
    [InlineData(3, false, 6, "pending", "a late end of the transaction before, of the same epoch")]
    [InlineData(3, true, 6, "pending", "a late end of the transaction before, which began this epoch")]
    [InlineData(2, false, 9, "pending", "an end of an earlier epoch")]
    [InlineData(3, false, 8, "", "the end of the next transaction, which proves that this one was told as ended")]
    [InlineData(9, true, 12, "", "the end of a later transaction, with a later epoch")]
    public void The_end_of_a_transaction_commits_its_own_offsets_and_leaves_those_of_a_later_one(
        short epoch, bool raises, long number, string expected, string reason)
    {
        Pend(Transaction(1, 3, 7), 10, Commit.Of("t", 0, 5));
        End(new TransactionEnd(new ProducerIdentity(2, epoch), raises, true, number));
        Assert.True(_state.Pending.Count == 1, "that was another producer");
        End(new TransactionEnd(new ProducerIdentity(1, epoch), raises, true, number));
        Assert.True(expected == (_state.Pending.Count == 1 ? "pending" : Commit.Text(_state)), reason);
        End(new TransactionEnd(new ProducerIdentity(1, epoch), raises, true, number));
        Assert.True(expected == (_state.Pending.Count == 1 ? "pending" : Commit.Text(_state)), "told again: " + reason);
    }

    [Fact]
    public void A_producer_has_one_transaction_at_a_time()
    {
        Pend(First, 10, Commit.Of("t", 0, 5));
        foreach (var other in new[] { Transaction(1, 0, 2), Transaction(1, 1, 2), Transaction(1, 0, 0) })
        {
            Assert.Equal(
                ErrorCode.ConcurrentTransactions, OffsetsRules.Pend(_state, other, [Commit.Of("t", 1, 5)], new Timestamp(20)).Error);
        }

        End(First, commits: false);
        Pend(Transaction(1, 0, 2), 30, Commit.Of("t", 1, 5));
    }

    [Fact]
    public void Partitions_are_refused_as_in_a_commit_without_a_transaction()
    {
        var decision = OffsetsRules.Pend(
            _state, First, [Commit.Of("t", 10_000, 1), Commit.Of("t", 2, 1, metadata: new string('m', 4_097)), Commit.Of("t", 3, 1)], new Timestamp(1));
        Assert.Equal(
            [ErrorCode.UnknownTopicOrPartition, ErrorCode.OffsetMetadataTooLarge], decision.Refused.Select(refused => refused.Error));
        _state.Apply(decision.Record!);
        Assert.Equal([Commit.Partition("t", 3)], _state.Pending.Partitions);
        decision = OffsetsRules.Pend(_state, First, [Commit.Of("t", 0, 1), Commit.Of("t", 0, 1)], new Timestamp(1));
        Assert.Equal((ErrorCode.InvalidRequest, null), (decision.Error, decision.Record));
    }

    [Fact]
    public void Transactions_and_their_offsets_take_bounded_memory()
    {
        for (var part = 0; part < 2; part++)
        {
            Pend(First, 1, [.. Enumerable.Range(0, 10_000).Select(i => Commit.Of("t" + part, i, 1))]);
            Pend(First, 2, [.. Enumerable.Range(0, 10_000).Select(i => Commit.Of("t" + part, i, 2))]);
        }

        Assert.Equal(
            ErrorCode.InvalidCommitOffsetSize, OffsetsRules.Pend(_state, First, [Commit.Of("u", 0, 1)], new Timestamp(1)).Error);
        CommittedOffset[] large = [.. Enumerable.Range(0, 4_000).Select(i => Commit.Of("v", i, 1, metadata: new string('m', 4_096)))];
        Assert.Equal(ErrorCode.InvalidCommitOffsetSize, OffsetsRules.Pend(_state, Transaction(2, 0, 1), large, new Timestamp(1)).Error);
        Assert.Equal(ErrorCode.InvalidCommitOffsetSize, OffsetsRules.Commit(_state, large, new Timestamp(1)).Error);
        End(First, commits: false);
        for (var producer = 0; producer < Limits.PendingTransactionsPerGroup; producer++)
        {
            Pend(Transaction(producer, 0, 1), 1, Commit.Of("t", 0, 1));
        }

        Assert.Equal(
            ErrorCode.ThrottlingQuotaExceeded,
            OffsetsRules.Pend(_state, Transaction(Limits.PendingTransactionsPerGroup, 0, 1), [Commit.Of("t", 0, 1)], new Timestamp(1)).Error);
        Pend(Transaction(7, 0, 1), 1, Commit.Of("t", 1, 1));
    }

    [Fact]
    public void The_offset_of_a_partition_that_has_a_pending_one_does_not_expire()
    {
        Store(10, Commit.Of("t", 0, 1), Commit.Of("t", 1, 1));
        Pend(First, 20, Commit.Of("t", 0, 5));
        var expired = OffsetsRules.Expire(_state, new Timestamp(1_000), TimeSpan.FromMilliseconds(100), null);
        Assert.Equal([Commit.Partition("t", 1)], expired!.Partitions);
        End(First, commits: false);
        expired = OffsetsRules.Expire(_state, new Timestamp(1_000), TimeSpan.FromMilliseconds(100), null);
        Assert.Equal(2, expired!.Partitions.Count);
    }

    [Fact]
    public void Transactions_of_which_nothing_was_stored_for_long_are_found()
    {
        Pend(First, 10, Commit.Of("t", 0, 5));
        Pend(Transaction(2, 0, 1), 10, Commit.Of("t", 0, 5));
        Pend(First, 20, Commit.Of("t", 1, 5));
        Assert.Equal([Transaction(2, 0, 1)], _state.Pending.StoredBefore(new Timestamp(20)));
        Assert.Equal(2, _state.Pending.StoredBefore(new Timestamp(21)).Count());
    }

    private static OpenTransaction Transaction(long producer, short epoch, long number) =>
        new($"tx-{producer}", new ProducerIdentity(producer, epoch), number);

    private void Store(long at, params CommittedOffset[] offsets) =>
        _state.Apply(OffsetsRules.Commit(_state, offsets, new Timestamp(at)).Record!);

    private void Pend(OpenTransaction transaction, long at, params CommittedOffset[] offsets)
    {
        var decision = OffsetsRules.Pend(_state, transaction, offsets, new Timestamp(at));
        Assert.Equal(ErrorCode.None, decision.Error);
        _state.Apply(decision.Record!);
    }

    private void End(OpenTransaction transaction, bool commits, long at = 99) =>
        _state.Apply(new OffsetsRecord.Ended(new Timestamp(at), new TransactionEnd(transaction.Producer, false, commits, transaction.Number)));

    private void End(TransactionEnd end) => _state.Apply(new OffsetsRecord.Ended(new Timestamp(99), end));

    private void Restart()
    {
        var snapshot = _state.Snapshot();
        var again = new OffsetsState();
        again.Apply(snapshot);
        Assert.Equal(OffsetsRecordCodec.Write(snapshot).ToArray(), OffsetsRecordCodec.Write(again.Snapshot()).ToArray());
        _state = again;
    }
}
