using Loire.Coordination.Transactions;
using Loire.Model;
using Loire.Model.Transactions;
using static Loire.Model.Transactions.TransactionVersion;

namespace Loire.Coordination.Tests.Transactions;

/// <summary>What Kafka's coordinator was seen to answer, and what follows from it.</summary>
public class TransactionRulesTests
{
    [Fact]
    public void In_the_first_dialect_the_epoch_stays_and_an_end_that_is_said_again_has_the_same_answer()
    {
        var id = new TestTransactionalId();
        var producer = id.Init().Producer;
        Assert.Equal(new ProducerIdentity(8, 0), producer);
        Expect(ErrorCode.None, id.Add(producer, 0));
        Assert.Equal(1, id.State.Number);
        Expect(ErrorCode.None, id.End(producer, true, V1), producer);
        Assert.Equal((producer, false), (id.State.Marker, id.State.RaisesEpoch));
        id.Complete();
        Expect(ErrorCode.None, id.End(producer, true, V1), producer);
        Expect(ErrorCode.InvalidTxnState, id.End(producer, false, V1));
        Expect(ErrorCode.None, id.Add(producer, 0));
        Assert.Equal(2, id.State.Number);
        Expect(ErrorCode.None, id.End(producer, false, V1), producer);
        id.Complete();
        Expect(ErrorCode.None, id.End(producer, false, V1), producer);
        Expect(ErrorCode.InvalidTxnState, id.End(producer, true, V1));
        AssertReplays(id);
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        var id = new TestTransactionalId(9);
        var producer = id.Init().Producer;
        Expect(ErrorCode.InvalidTxnState, id.End(producer, true, V1));
        Expect(ErrorCode.InvalidProducerIdMapping, id.Add(producer with { Id = 999_999 }, 0));
        Expect(ErrorCode.ProducerFenced, id.Add(producer with { Epoch = 7 }, 0));
        var unused = new TestTransactionalId();
        Expect(ErrorCode.InvalidProducerIdMapping, unused.Add(producer, 0));
        Expect(ErrorCode.InvalidProducerIdMapping, unused.End(producer, true, V1));
        Expect(ErrorCode.None, id.Init(), new ProducerIdentity(9, 1));
        Expect(ErrorCode.ProducerFenced, id.Add(producer, 0));
        Expect(ErrorCode.ProducerFenced, id.End(producer, true, V1));
        Assert.Empty(unused.Journal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(900_001)]
    public void A_timeout_that_is_not_positive_or_too_long_is_refused(int milliseconds) =>
        Expect(ErrorCode.InvalidTransactionTimeout, new TestTransactionalId().Init(timeout: TimeSpan.FromMilliseconds(milliseconds)));

    [Fact]
    public void In_the_second_dialect_each_end_answers_the_next_epoch()
    {
        var id = new TestTransactionalId(10);
        var producer = id.Init().Producer;
        id.Add(producer, 0);
        Expect(ErrorCode.None, id.End(producer, true, V2), new ProducerIdentity(10, 1));
        Assert.Equal((new ProducerIdentity(10, 1), true), (id.State.Marker, id.State.RaisesEpoch));
        id.Complete();
        id.Add(id.Producer, 0);
        Expect(ErrorCode.None, id.End(id.Producer, false, V2), new ProducerIdentity(10, 2));
        id.Complete();
        Expect(ErrorCode.None, id.End(id.Producer, false, V2), new ProducerIdentity(10, 3));
        Assert.Equal((TransactionStatus.CompleteAbort, 2), (id.State.Status, id.State.Number));
    }

    [Fact]
    public void An_end_in_the_second_dialect_that_is_said_again_comes_with_the_epoch_before_it()
    {
        var id = new TestTransactionalId(16);
        var first = id.Init().Producer;
        id.Add(first, 0);
        var second = id.End(first, true, V2).Producer;
        id.Complete();
        Expect(ErrorCode.None, id.End(first, true, V2), second);
        Expect(ErrorCode.InvalidTxnState, id.End(first, false, V2));
        Expect(ErrorCode.InvalidTxnState, id.End(second, true, V2));
        var third = new ProducerIdentity(16, 2);
        Expect(ErrorCode.None, id.End(second, false, V2), third);
        Expect(ErrorCode.None, id.End(second, false, V2), third);
        Expect(ErrorCode.ProducerFenced, id.End(first, true, V2));
        id.Add(third, 0);
        Expect(ErrorCode.ProducerFenced, id.End(second, true, V2));

        // One that began in the second dialect may end in the first.
        Expect(ErrorCode.None, id.End(third, false, V1), third);
        id.Complete();
        Assert.Equal((TransactionStatus.CompleteAbort, third), (id.State.Status, id.State.Producer));
        Expect(ErrorCode.None, id.End(third, false, V1), third);
        Expect(ErrorCode.None, id.End(third, false, V2), new ProducerIdentity(16, 3));
        AssertReplays(id);
    }

    [Fact]
    public void While_a_transaction_is_being_completed_the_next_one_has_to_wait()
    {
        var id = new TestTransactionalId(17);
        var producer = id.Init().Producer;
        id.Add(producer, 0, 1, 2);
        id.End(producer, true, V1);
        Expect(ErrorCode.ConcurrentTransactions, id.Add(producer, 0));
        Expect(ErrorCode.ConcurrentTransactions, id.Init());
        id.Complete();
        Expect(ErrorCode.None, id.Add(producer, 0));
        Assert.Empty(id.Add(producer, 0).Records);
        Assert.Single(id.State.Partitions);
    }

    [Fact]
    public void A_new_start_aborts_what_is_open_and_fences_the_first_producer()
    {
        var id = new TestTransactionalId(18);
        var first = id.Init().Producer;
        id.Add(first, 0);
        id.AddGroup(first, "g");
        Expect(ErrorCode.ConcurrentTransactions, id.Init());
        Assert.Equal((TransactionStatus.PrepareAbort, new ProducerIdentity(18, 1)), (id.State.Status, id.State.Marker));
        Assert.Equal((1, 1), (id.State.Partitions.Count, id.State.Groups.Count));
        id.Complete();
        Expect(ErrorCode.None, id.Init(), new ProducerIdentity(18, 2));
        Expect(ErrorCode.ProducerFenced, id.Add(first, 0));
        Expect(ErrorCode.ProducerFenced, id.End(first, true, V1));
        Expect(ErrorCode.ProducerFenced, id.End(first, true, V2));
        Expect(ErrorCode.ProducerFenced, id.Init(first));
        AssertReplays(id);
    }

    [Fact]
    public void What_is_open_for_longer_than_its_timeout_is_aborted_and_its_producer_may_go_on_with_the_next_epoch()
    {
        var id = new TestTransactionalId(12);
        var producer = id.Init(timeout: TimeSpan.FromSeconds(1)).Producer;
        id.Add(producer, 0);
        id.Now = new Timestamp(id.Now.Milliseconds + 999);
        Assert.Empty(id.TimeOut().Records);
        id.Now = new Timestamp(id.Now.Milliseconds + 1);
        Assert.Single(id.TimeOut().Records);
        Expect(ErrorCode.ProducerFenced, id.End(producer, true, V1));
        id.Complete();
        Expect(ErrorCode.ProducerFenced, id.End(producer, true, V1));
        Expect(ErrorCode.ProducerFenced, id.End(producer, true, V2));
        Expect(ErrorCode.None, id.End(producer, false, V2), new ProducerIdentity(12, 1));
        Expect(ErrorCode.None, id.Init(producer), new ProducerIdentity(12, 1));
    }

    [Fact]
    public void A_zombie_does_not_abort_what_the_newest_producer_has_open()
    {
        var id = new TestTransactionalId();
        var zombie = id.Init().Producer;
        var producer = id.Init(zombie).Producer;
        id.Add(producer, 0);
        Expect(ErrorCode.ProducerFenced, id.Init(zombie));
        Assert.Equal(TransactionStatus.Ongoing, id.State.Status);
    }

    [Fact]
    public void An_exhausted_epoch_goes_on_with_a_new_producer_id()
    {
        var id = new TestTransactionalId();
        id.Init();
        for (var i = 0; i < TransactionRules.LastEpoch; i++)
        {
            id.End(id.Producer, false, V2);
        }

        var last = id.Producer;
        Assert.Equal(new ProducerIdentity(8, 32_766), last);
        id.Add(last, 0);
        Expect(ErrorCode.None, id.End(last, true, V2), new ProducerIdentity(9, 0));
        Assert.Equal(new ProducerIdentity(8, 32_767), id.State.Marker);
        id.Complete();
        Expect(ErrorCode.None, id.End(last, true, V2), new ProducerIdentity(9, 0));
        Expect(ErrorCode.None, id.Init(last), new ProducerIdentity(9, 0));
        Expect(ErrorCode.InvalidProducerIdMapping, id.Add(last, 0));
    }

    [Fact]
    public void Also_one_that_a_timeout_has_used_up()
    {
        var id = new TestTransactionalId();
        id.Init(timeout: TimeSpan.FromSeconds(1));
        for (var i = 0; i < TransactionRules.LastEpoch; i++)
        {
            id.Init();
        }

        var last = id.Producer;
        id.Add(last, 0);
        id.Now = new Timestamp(id.Now.Milliseconds + 60_000);
        id.TimeOut();
        id.Complete();
        Assert.Equal(32_767, id.State.Producer.Epoch);
        Expect(ErrorCode.None, id.Init(last), new ProducerIdentity(9, 0));
        Expect(ErrorCode.None, id.Init(last), new ProducerIdentity(9, 0));
    }

    [Fact]
    public void A_transaction_has_a_bounded_number_of_groups_and_partitions()
    {
        var id = new TestTransactionalId();
        var producer = id.Init().Producer;
        Expect(ErrorCode.None, id.Add(producer, [.. Enumerable.Range(0, Limits.PartitionsPerTransaction)]));
        Expect(ErrorCode.PolicyViolation, id.Add(producer, Limits.PartitionsPerTransaction));
        Expect(ErrorCode.None, id.Add(producer, 5));
        for (var i = 0; i < Limits.GroupsPerTransaction; i++)
        {
            id.AddGroup(producer, $"g{i}");
        }

        Expect(ErrorCode.PolicyViolation, id.AddGroup(producer, "one too many"));
        AssertReplays(id);
    }

    [Fact]
    public void An_id_that_nothing_is_open_of_expires()
    {
        var id = new TestTransactionalId();
        id.Init();
        var later = new Timestamp(id.Now.Milliseconds + 60_000);
        Assert.True(TransactionRules.IsExpired(id.State, TimeSpan.FromMinutes(1), later));
        Assert.False(TransactionRules.IsExpired(id.State, TimeSpan.FromMinutes(1), new Timestamp(later.Milliseconds - 1)));
        id.Add(id.Producer, 0);
        Assert.False(TransactionRules.IsExpired(id.State, TimeSpan.FromMinutes(1), later));
        id.End(id.Producer, true, V2);
        Assert.False(TransactionRules.IsExpired(id.State, TimeSpan.FromMinutes(1), later));
        id.Complete();
        Assert.True(TransactionRules.IsExpired(id.State, TimeSpan.FromMinutes(1), later));
    }

    /// <summary>The journal gives the state, and so does a snapshot.</summary>
    internal static void AssertReplays(TestTransactionalId id)
    {
        if (!id.State.Exists)
        {
            return;
        }

        var live = Convert.ToHexString(TransactionRecordCodec.Write(id.State.Snapshot()).Span);
        var replayed = TestTransactionalId.Replay(id.Journal).Snapshot();
        Assert.Equal(live, Convert.ToHexString(TransactionRecordCodec.Write(replayed).Span));
        var again = TestTransactionalId.Replay([TransactionRecordCodec.Write(replayed).ToArray()]).Snapshot();
        Assert.Equal(live, Convert.ToHexString(TransactionRecordCodec.Write(again).Span));
    }

    private static void Expect(ErrorCode error, TransactionStep step, ProducerIdentity? producer = null)
    {
        Assert.Equal(error, step.Error);
        Assert.Equal(error == ErrorCode.None, step.Detail is null);
        if (producer is { } expected)
        {
            Assert.Equal(expected, step.Producer);
        }
    }
}
