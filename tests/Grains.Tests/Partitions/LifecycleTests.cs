using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Partitions;
using Loire.Grains.Tests.Benches;
using Loire.Grains.Turns;
using Loire.Log.Partitions;
using Loire.TestKit;

namespace Loire.Grains.Tests.Partitions;

public class LifecycleTests
{
    [Fact]
    public void An_unused_partition_reads_nothing()
    {
        var bench = new PartitionBench();
        bench.Thread.Finish(() => Task.FromResult(bench.Driver.Configure(PartitionBench.Defaults)));
        Assert.Equal((0, 0), (bench.Storage.Calls, bench.TopicAsked));
    }

    [Fact]
    public void Reading_a_partition_writes_nothing()
    {
        var bench = new PartitionBench();
        bench.Appended("a");
        var cold = new PartitionBench(bench.Storage.Clone());
        cold.Storage.Changed = change => Assert.Fail($"{change.Call.Operation} of {change.Call.Key}");
        Assert.Equal("0:a", Batch.Text(cold.Fetched(0)));
        Assert.Equal(1, cold.Offsets().LogEnd.Value);
    }

    [Fact]
    public void Opening_a_long_log_reads_as_much_as_opening_a_short_one()
    {
        var options = new PartitionLogOptions { TailChunks = 16 };
        var bench = new PartitionBench(log: options);
        List<int> calls = [];
        for (var length = 1; length <= 2_000; length++)
        {
            bench.Appended("v" + length);
            if (length % 500 == 0)
            {
                var cold = new PartitionBench(bench.Storage.Clone(), options);
                Assert.Equal(length, cold.Offsets().LogEnd.Value);
                calls.Add(cold.Storage.Calls);
            }
        }

        Assert.All(calls, count => Assert.InRange(count, 1, 40));
    }

    [Fact]
    public void Partitions_of_a_stopping_silo_retire_and_so_do_those_activated_later()
    {
        var active = new ActiveDrivers();
        var (early, late) = (new PartitionBench(), new PartitionBench());
        early.Thread.Finish(() => Add(early));
        var parked = early.Fetch(0, wait: TimeSpan.FromSeconds(60));
        early.Thread.After(() => active.RetireAll(CancellationToken.None));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, parked.Now().Error);

        late.Thread.Finish(() => Add(late));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, late.Fetch(0, wait: TimeSpan.FromSeconds(60)).Now().Error);
        Assert.True(early.Drops > 0 && late.Drops > 0);

        Task<bool> Add(PartitionBench bench)
        {
            active.Add(bench.Driver, null!);
            return Task.FromResult(true);
        }
    }

    [Fact]
    public void Silo_that_turns_grains_away_ends_each_activation_as_it_begins_and_forgets_it_though_Orleans_does_not_tell_the_grain()
    {
        var (active, bench) = (new ActiveDrivers(), new PartitionBench());
        var before = UntoldActivation.Create();
        active.Add(bench.Driver, before.Context);
        Assert.False(before.IsEnding);
        active.Remove(bench.Driver);

        active.TurnAway();
        var activation = UntoldActivation.Create();
        bench.Thread.Finish(() =>
        {
            active.Add(bench.Driver, activation.Context);
            return Task.FromResult(true);
        });
        Assert.True(activation.IsEnding);
        Assert.Single(active.OfType<PartitionDriver>());
        bench.Thread.After(activation.End);
        Assert.Empty(active.OfType<PartitionDriver>());
        Assert.True(bench.Drops > 0);
    }

    /// <summary>An activation that was ended before it had begun: nothing of its grain is called.</summary>
    public class UntoldActivation : System.Reflection.DispatchProxy
    {
        private readonly TaskCompletionSource _ended = new();

        public IGrainContext Context { get; private set; } = null!;

        public bool IsEnding { get; private set; }

        public static UntoldActivation Create()
        {
            var context = Create<IGrainContext, UntoldActivation>();
            var activation = (UntoldActivation)(object)context;
            activation.Context = context;
            return activation;
        }

        public void End() => _ended.SetResult();

        protected override object? Invoke(System.Reflection.MethodInfo? targetMethod, object?[]? args)
        {
            IsEnding |= targetMethod!.Name == nameof(IGrainContext.Deactivate);
            return targetMethod.Name switch
            {
                nameof(IGrainContext.Deactivate) => null,
                "get_" + nameof(IGrainContext.Deactivated) => _ended.Task,
                _ => throw new NotSupportedException(targetMethod.Name),
            };
        }
    }

    [Theory]
    [InlineData(ErrorCode.UnknownTopicOrPartition)]
    [InlineData(ErrorCode.UnknownTopicId)]
    [InlineData(ErrorCode.LeaderNotAvailable)]
    public void A_partition_unknown_to_its_topic_serves_nothing_and_deactivates(ErrorCode error)
    {
        var bench = new PartitionBench();
        bench.Topic = () => Task.FromResult(new PartitionSettingsResult(error, null));

        Assert.Equal(error, bench.Fetched(0).Error);
        Assert.Equal(error, bench.Appended("a").Error);
        Assert.Equal(error, bench.Offsets().Error);
        Assert.Equal(error, bench.Thread.Finish(() => bench.Driver.FindBatchAsync(default).AsTask()).Error);
        Assert.Equal((1, 1, 0), (bench.Drops, bench.TopicAsked, bench.Storage.Calls));
    }

    [Fact]
    public void Newer_settings_win_regardless_of_arrival_order()
    {
        var bench = new PartitionBench();
        var topic = new TaskCompletionSource<PartitionSettingsResult>();
        bench.Topic = () => topic.Task;
        var append = bench.Append(Batch.Sized(500));
        Configure(3, 400);
        Configure(2, 600);
        bench.Thread.After(() => topic.SetResult(new PartitionSettingsResult(ErrorCode.None, PartitionBench.Defaults)));

        Assert.Equal(ErrorCode.MessageTooLarge, append.Now().Error);
        Configure(4, 600);
        Assert.Equal(ErrorCode.None, bench.Appended(Batch.Sized(500)).Error);

        void Configure(long version, int maxBytes) => bench.Thread.Finish(() => Task.FromResult(
            bench.Driver.Configure(PartitionBench.Defaults with { Version = version, MaxMessageBytes = maxBytes })));
    }

    [Fact]
    public void A_bug_while_opening_fails_the_call_and_ends_the_activation()
    {
        var bench = new PartitionBench();
        bench.Topic = () => throw new InvalidOperationException("planted");
        Assert.Equal(ErrorCode.UnknownServerError, bench.Fetched(0).Error);
        Assert.Equal(ErrorCode.UnknownServerError, bench.Appended("a").Error);
        Assert.Equal(1, bench.Drops);
    }

    [Fact]
    public void Deleting_removes_every_object_and_answers_all_waiting_calls()
    {
        var bench = new PartitionBench();
        foreach (var i in Enumerable.Range(0, 200))
        {
            bench.Appended("v" + i);
        }

        var waiting = bench.Fetch(200, wait: TimeSpan.FromSeconds(30));
        Assert.NotEmpty(bench.Storage.Keys);
        var deleted = Delete(bench);
        var again = Delete(bench);

        Assert.Equal((ErrorCode.None, ErrorCode.None), (deleted, again));
        Assert.Empty(bench.Storage.Keys);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, waiting.Now().Error);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, bench.Appended("late").Error);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, bench.Fetched(0).Error);
        Assert.Equal(1, bench.Drops);
    }

    [Fact]
    public void A_partition_is_deleted_without_being_opened()
    {
        var bench = new PartitionBench();
        bench.Appended("a");
        var cold = new PartitionBench(bench.Storage);
        Assert.Equal(ErrorCode.None, Delete(cold));
        Assert.Equal(0, cold.TopicAsked);
        Assert.Empty(bench.Storage.Keys);
        Assert.Equal(ErrorCode.None, Delete(new PartitionBench(bench.Storage)));
    }

    [Fact]
    public void A_deletion_under_load_leaves_nothing_behind_and_acknowledges_nothing_afterwards()
    {
        var bench = new PartitionBench();
        bench.Appended("a");
        var release = bench.Hold("chunk");
        var under = Enumerable.Range(0, 10).Select(i => bench.Append("under" + i)).ToList();
        var deletion = bench.Thread.Start(bench.Driver.DeleteAsync);
        var late = bench.Append("late");
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, late.Now().Error);
        release();

        Assert.Equal(ErrorCode.None, deletion.Now());
        Assert.All(under, append => Assert.True(append.IsCompleted));
        Assert.Empty(bench.Storage.Keys);
    }

    [Fact]
    public void Deactivating_waits_for_the_write_in_flight_and_fails_the_rest()
    {
        var bench = new PartitionBench();
        bench.Appended("a");
        var release = bench.Hold("chunk");
        var underWay = bench.Append("b");
        var waiting = bench.Fetch(2, wait: TimeSpan.FromSeconds(30));
        var gone = bench.Thread.Start(async () =>
        {
            await bench.Driver.DisposeAsync();
            return true;
        });
        Assert.False(gone.IsCompleted);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, waiting.Now().Error);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, bench.Appended("late").Error);
        release();

        Assert.True(gone.IsCompletedSuccessfully);
        Assert.Equal((ErrorCode.None, 1), (underWay.Now().Error, underWay.Now().BaseOffset.Value));
        Assert.Equal("0:a 1:b", Batch.Text(new PartitionBench(bench.Storage).Fetched(0)));
    }

    [Fact]
    public void A_reactivated_partition_continues_after_the_last_durable_record()
    {
        var storage = new LossyGrainStorage();
        for (var life = 0; life < 5; life++)
        {
            var bench = new PartitionBench(storage);
            Assert.Equal(2 * life, bench.Appended("v" + life).BaseOffset.Value);
            Assert.Equal(2 * life + 1, bench.Appended("w" + life).BaseOffset.Value);
        }

        Assert.Equal("0:v0 1:w0 2:v1 3:w1 4:v2 5:w2 6:v3 7:w3 8:v4 9:w4", Batch.Text(new PartitionBench(storage).Fetched(0)));
    }

    private static ErrorCode Delete(PartitionBench bench) => bench.Thread.Finish(bench.Driver.DeleteAsync);
}
