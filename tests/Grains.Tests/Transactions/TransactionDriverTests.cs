using Loire.Grains.Interfaces.Transactions;
using Loire.Grains.Tests.Benches;
using Loire.Model.Transactions;
using Loire.TestKit;
using static Loire.Model.Transactions.TransactionVersion;

namespace Loire.Grains.Tests.Transactions;

public class TransactionDriverTests
{
    private readonly TransactionBench _bench = new();

    [Fact]
    public void All_partitions_and_groups_are_told_of_the_outcome_and_the_next_transaction_begins()
    {
        var producer = _bench.Init().Producer;
        Assert.Equal(new ProducerIdentity(7, 0), producer);
        Assert.Equal((ErrorCode.None, 1), Answer(_bench.Add(producer, 0, 1)));
        Assert.Equal((ErrorCode.None, 1), Answer(_bench.AddGroup(producer, "g")));
        Assert.Empty(_bench.Told);
        var ended = _bench.End(producer, commits: true);
        Assert.Equal((ErrorCode.None, producer with { Epoch = 1 }), (ended.Error, ended.Producer));
        Assert.Equal(["g", "t-0", "t-1"], _bench.Told.Select(one => one.Peer).Order(StringComparer.Ordinal));
        Assert.All(_bench.Told, one => Assert.Equal(new TransactionMarker("x", ended.Producer, true, true, 1), one.Marker));
        Assert.Equal(TransactionStatus.CompleteCommit, _bench.Describe().Status);
        Assert.Equal((ErrorCode.None, 2), Answer(_bench.Add(ended.Producer, 0)));
        Assert.Equal(TransactionStatus.Ongoing, _bench.Describe().Status);
    }

    [Fact]
    public void A_transaction_costs_two_writes()
    {
        var producer = _bench.Init().Producer;
        _bench.Add(producer, 0);
        var writes = 0;
        _bench.Storage.Faults = call =>
        {
            writes += call.Operation == StorageOperation.Write ? 1 : 0;
            return Task.FromResult(StorageFault.None);
        };
        for (var i = 0; i < 3; i++)
        {
            producer = _bench.End(producer, commits: true).Producer;
            _bench.Add(producer, 0, 1);
        }

        Assert.Equal(6, writes);
    }

    [Fact]
    public void An_answer_that_needs_no_write_is_from_the_newest_state()
    {
        var producer = _bench.Init().Producer;
        _bench.Add(producer, 0);
        Assert.Equal((ErrorCode.None, 1), Answer(_bench.Verify(producer, 0)));
        Assert.Equal(ErrorCode.InvalidTxnState, _bench.Verify(producer, 1).Error);
        var rival = _bench.Rival();
        rival.End(producer, commits: true, V1);

        // The first activation would say that the partition is part of an open transaction.
        Assert.Equal(ErrorCode.NotCoordinator, _bench.Verify(producer, 0).Error);
        Assert.Equal(1, _bench.Drops);
        Assert.Equal(ErrorCode.NotCoordinator, _bench.End(producer, commits: false, V1).Error);
        Assert.All(_bench.Told, one => Assert.True(one.Marker.Commits));
    }

    [Fact]
    public void Of_two_activations_that_decide_one_does_and_only_it_tells()
    {
        var producer = _bench.Init().Producer;
        _bench.Add(producer, 0);
        var rival = _bench.Rival();
        Assert.Equal(TransactionStatus.Ongoing, rival.Describe().Status);
        Assert.Equal(ErrorCode.None, _bench.End(producer, commits: true, V1).Error);
        Assert.Equal(ErrorCode.NotCoordinator, rival.End(producer, commits: false, V1).Error);
        Assert.True(Assert.Single(_bench.Told).Marker.Commits);
        rival.Restart();
        Assert.Equal(ErrorCode.InvalidTxnState, rival.End(producer, commits: false, V1).Error);
        Assert.Equal(ErrorCode.None, rival.End(producer, commits: true, V1).Error);
    }

    [Fact]
    public void Markers_that_fail_or_whose_answer_is_lost_are_told_again_until_all_have_confirmed_them()
    {
        var (left, producer) = (3, _bench.Init().Producer);
        _bench.Add(producer, 0, 1, 2);
        _bench.Fault = peer => peer == "t-1" && left-- > 0 ? ErrorCode.RequestTimedOut : ErrorCode.None;
        Assert.Equal(ErrorCode.None, _bench.End(producer, commits: false).Error);
        Assert.Equal((TransactionStatus.PrepareAbort, "t-1"), (_bench.Describe().Status, Assert.Single(_bench.Describe().Partitions).ToString()));
        _bench.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TransactionStatus.CompleteAbort, _bench.Describe().Status);
        Assert.Equal((1, 4, 1), (Count("t-0"), Count("t-1"), Count("t-2")));
        Assert.Single(_bench.Told.Select(one => one.Marker).Distinct());
    }

    [Theory]
    [InlineData(ErrorCode.UnknownTopicId)]
    [InlineData(ErrorCode.UnknownTopicOrPartition)]
    public void A_partition_of_a_deleted_topic_need_not_confirm(ErrorCode deleted)
    {
        var producer = _bench.Init().Producer;
        _bench.Add(producer, 0);
        _bench.Fault = peer => peer == "t-0" ? deleted : ErrorCode.None;
        _bench.End(producer, commits: true);
        Assert.Equal(TransactionStatus.CompleteCommit, _bench.Describe().Status);
    }

    [Fact]
    public void A_request_during_the_completion_waits_for_it_a_moment()
    {
        _bench.Options.CompletionWait = TimeSpan.FromSeconds(1);
        var held = new TaskCompletionSource();
        _bench.Hold = _ => held.Task;
        var producer = _bench.Init().Producer;
        _bench.Add(producer, 0);
        var next = _bench.End(producer, commits: true).Producer;
        Assert.Equal(ErrorCode.ConcurrentTransactions, _bench.Verify(next, 0).Error);
        var tooLong = _bench.Thread.Start(() => _bench.EnlistAsync(next, EnlistMode.AddByWrite, 0));
        Assert.False(tooLong.IsCompleted);
        _bench.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(ErrorCode.ConcurrentTransactions, tooLong.Now().Error);
        var adding = _bench.Thread.Start(() => _bench.EnlistAsync(next, EnlistMode.AddByWrite, 0));
        var again = _bench.Thread.Start(() => _bench.EndAsync(producer, commits: true));
        var starting = _bench.Thread.Start(() => _bench.InitAsync());
        Assert.Equal(3, _bench.Driver.Waiting);
        _bench.Thread.After(held.SetResult);
        Assert.Equal((ErrorCode.None, 2), Answer(adding.Now()));

        // It had begun by then.
        Assert.Equal(ErrorCode.ProducerFenced, again.Now().Error);
        Assert.Equal((ErrorCode.None, next with { Epoch = 3 }), (starting.Now().Error, starting.Now().Producer));
    }

    [Fact]
    public void A_new_start_waits_until_what_was_open_is_aborted_and_gets_an_epoch_of_its_own()
    {
        _bench.Options.CompletionWait = TimeSpan.FromSeconds(1);
        var first = _bench.Init().Producer;
        _bench.Add(first, 0);
        var second = _bench.Init();
        Assert.Equal((ErrorCode.None, new ProducerIdentity(7, 2)), (second.Error, second.Producer));
        Assert.Equal(new TransactionMarker("x", new ProducerIdentity(7, 1), true, false, 1), Assert.Single(_bench.Told).Marker);
        Assert.Equal(ErrorCode.ProducerFenced, _bench.End(first, commits: true).Error);
        _bench.Add(second.Producer, 0);
        Assert.Equal((ErrorCode.None, new ProducerIdentity(7, 3)), (_bench.Init(second.Producer).Error, _bench.Init(second.Producer).Producer));
    }

    [Fact]
    public void A_driver_that_retires_or_moves_ends_the_waits()
    {
        _bench.Options.CompletionWait = TimeSpan.FromSeconds(1);
        _bench.Hold = _ => new TaskCompletionSource().Task;
        var producer = _bench.Init().Producer;
        _bench.Add(producer, 0);
        producer = _bench.End(producer, commits: true).Producer;
        var moving = _bench.Thread.Start(() => _bench.EnlistAsync(producer, EnlistMode.Add, 0));
        _bench.Thread.After(_bench.Driver.EndWaits);
        Assert.Equal(ErrorCode.ConcurrentTransactions, moving.Now().Error);
        Assert.Equal(ErrorCode.ConcurrentTransactions, _bench.Add(producer, 0).Error);
        _bench.Thread.After(_bench.Driver.Retire);
        Assert.Equal(ErrorCode.NotCoordinator, _bench.Add(producer, 0).Error);
        _bench.Restart(kill: false);
        _bench.Hold = null;
        _bench.Expire();
        Assert.Equal(TransactionStatus.CompleteCommit, _bench.Describe().Status);
    }

    [Fact]
    public void What_is_over_its_time_is_aborted_and_its_producer_fenced()
    {
        var producer = _bench.Init(timeout: TimeSpan.FromSeconds(30)).Producer;
        _bench.Add(producer, 0);
        _bench.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(TransactionStatus.Ongoing, _bench.Describe().Status);
        _bench.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TransactionStatus.CompleteAbort, _bench.Describe().Status);
        Assert.Equal(new TransactionMarker("x", new ProducerIdentity(7, 1), true, false, 1), Assert.Single(_bench.Told).Marker);
        Assert.Equal(ErrorCode.ProducerFenced, _bench.End(producer, commits: true, V1).Error);
        Assert.Equal(ErrorCode.ProducerFenced, _bench.End(producer, commits: true).Error);
        Assert.Equal(new ProducerIdentity(7, 1), _bench.Init(producer).Producer);
    }

    [Fact]
    public void What_a_dead_silo_left_open_is_aborted_by_the_next_activation_when_its_time_is_over()
    {
        var producer = _bench.Init(timeout: TimeSpan.FromSeconds(30)).Producer;
        _bench.Add(producer, 0);
        _bench.Restart();
        _bench.Advance(TimeSpan.FromSeconds(60));
        Assert.Empty(_bench.Told);
        Assert.Equal(ErrorCode.None, _bench.Expire());
        Assert.False(Assert.Single(_bench.Told).Marker.Commits);
        Assert.Equal(ErrorCode.ProducerFenced, _bench.End(producer, commits: true, V1).Error);
    }

    [Fact]
    public void An_operator_aborts_what_is_open()
    {
        Assert.Equal(ErrorCode.TransactionalIdNotFound, _bench.Thread.Finish(_bench.Driver.AbortAsync));
        var producer = _bench.Init().Producer;
        Assert.Equal(ErrorCode.None, _bench.Thread.Finish(_bench.Driver.AbortAsync));
        Assert.Empty(_bench.Told);
        _bench.Add(producer, 0);
        Assert.Equal(ErrorCode.None, _bench.Thread.Finish(_bench.Driver.AbortAsync));
        Assert.False(Assert.Single(_bench.Told).Marker.Commits);
        Assert.Equal(ErrorCode.ProducerFenced, _bench.End(producer, commits: true).Error);
    }

    [Fact]
    public void The_catalog_knows_of_an_id_before_it_is_used_and_when_it_is_idle()
    {
        var producer = _bench.Init().Producer;
        _bench.Add(producer, 0);
        Assert.Equal([TransactionalIdUse.Active], _bench.Records);
        producer = _bench.End(producer, commits: true).Producer;
        _bench.Expire();
        Assert.Equal(TransactionalIdUse.Active, _bench.Use);
        _bench.Advance(_bench.Options.IdleAfter + TimeSpan.FromSeconds(2));
        _bench.Expire();
        Assert.Equal((TransactionalIdUse.Idle, 1), (_bench.Use, _bench.Drops));
        _bench.Add(producer, 0);
        Assert.Equal(TransactionalIdUse.Active, _bench.Use);
        _bench.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(TransactionStatus.CompleteAbort, _bench.Describe().Status);
        _bench.Advance(_bench.Options.IdExpiration);
        Assert.Equal(ErrorCode.None, _bench.Expire());
        Assert.Equal(TransactionalIdUse.Gone, _bench.Use);
        _bench.Restart();
        Assert.Equal(ErrorCode.TransactionalIdNotFound, _bench.Thread.Finish(_bench.Driver.DescribeAsync).Error);
        Assert.Equal(ErrorCode.InvalidProducerIdMapping, _bench.Add(producer, 0).Error);
        Assert.Equal(new ProducerIdentity(8, 0), _bench.Init(producer).Producer);
    }

    [Fact]
    public void Nothing_begins_while_the_catalog_cannot_be_told()
    {
        _bench.Fault = peer => peer == "record" ? ErrorCode.CoordinatorNotAvailable : ErrorCode.None;
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, _bench.Init().Error);
        Assert.Empty(_bench.Storage.Keys);
        _bench.Fault = _ => ErrorCode.None;
        var producer = _bench.Init().Producer;
        _bench.Restart();
        _bench.Fault = peer => peer == "record" ? ErrorCode.CoordinatorNotAvailable : ErrorCode.None;
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, _bench.Add(producer, 0).Error);
        Assert.Equal(TransactionStatus.Empty, _bench.Describe().Status);
    }

    [Fact]
    public void An_id_that_was_listed_and_never_used_is_taken_from_the_catalog()
    {
        _bench.Fault = peer => peer == "producer id" ? ErrorCode.CoordinatorNotAvailable : ErrorCode.None;
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, _bench.Init().Error);
        _bench.Expire();
        Assert.Equal(TransactionalIdUse.Gone, _bench.Use);
        Assert.Empty(_bench.Storage.Keys);
    }

    [Fact]
    public void Below_the_feature_level_everything_is_refused()
    {
        _bench.AreAllowed = false;
        Assert.Equal(ErrorCode.UnsupportedVersion, _bench.Init().Error);
        Assert.Equal(ErrorCode.UnsupportedVersion, _bench.Add(new ProducerIdentity(1, 0), 0).Error);
        Assert.Equal(ErrorCode.UnsupportedVersion, _bench.End(new ProducerIdentity(1, 0), commits: true).Error);
        Assert.Empty(_bench.Records);
    }

    [Fact]
    public void Requests_that_make_no_sense_are_refused()
    {
        var producer = _bench.Init().Producer;
        Assert.Equal(ErrorCode.InvalidRequest, _bench.Thread.Finish(() => _bench.EnlistAsync(producer, (EnlistMode)9, 0)).Error);
        Assert.Equal(ErrorCode.InvalidRequest, _bench.Add(producer, 0, -1).Error);
        foreach (var request in new EnlistRequest[] { new(producer, EnlistMode.Add, [default], []), new(producer, EnlistMode.Add, [], [default]) })
        {
            Assert.Equal(ErrorCode.InvalidRequest, _bench.Thread.Finish(() => _bench.Driver.EnlistAsync(request)).Error);
        }

        Assert.Equal(ErrorCode.InvalidRequest, _bench.Thread.Finish(() => _bench.EndAsync(producer, true, (TransactionVersion)9)).Error);
        Assert.Equal(ErrorCode.InvalidTransactionTimeout, _bench.Init(timeout: TimeSpan.Zero).Error);
        Assert.Equal(ErrorCode.InvalidTransactionTimeout, _bench.Init(timeout: TimeSpan.FromMinutes(16)).Error);
    }

    [Fact]
    public void Ten_thousand_partitions_are_told_a_bounded_number_at_a_time()
    {
        var (underWay, most) = (0, 0);
        List<TaskCompletionSource> answers = [];
        var producer = _bench.Init().Producer;
        _bench.Add(producer, [.. Enumerable.Range(0, 10_000)]);
        _bench.Hold = async _ =>
        {
            most = Math.Max(most, ++underWay);
            var answer = new TaskCompletionSource();
            answers.Add(answer);
            await answer.Task;
            underWay--;
        };
        Assert.Equal(ErrorCode.None, _bench.End(producer, commits: true).Error);
        while (answers.Count > 0)
        {
            var now = answers.ToArray();
            answers.Clear();
            _bench.Thread.After(() => Array.ForEach(now, answer => answer.SetResult()));
        }

        Assert.Equal((10_000, _bench.Options.MarkersAtOnce), (_bench.Told.Count, most));
        Assert.Equal(TransactionStatus.CompleteCommit, _bench.Describe().Status);
    }

    private int Count(string peer) => _bench.Told.Count(one => one.Peer == peer);

    private static (ErrorCode Error, long Transaction) Answer(EnlistResult result) => (result.Error, result.Transaction);
}
