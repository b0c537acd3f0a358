using Loire.Edge.Fetching;
using Loire.Edge.Scheduling;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Kafka.Handlers.Fetching;
using Loire.Model;
using Loire.TestKit;
using Loire.TestKit.Fakes;

namespace Loire.Kafka.Tests.Fetching;

/// <summary>Reads that outlive the fetch that began them.</summary>
public sealed class StandingReadsTests
{
    private static readonly TimeSpan Half = TimeSpan.FromMilliseconds(500);

    [Fact]
    public void Idle_partition_costs_no_call_a_fetch() => Run(async bench =>
    {
        for (var i = 0; i < 20; i++)
        {
            var start = bench.Time.GetUtcNow();
            var read = Assert.Single(await bench.FetchAsync(from: 0));
            Assert.Equal((ErrorCode.None, 0L), (read.Error, read.Bytes));
            Assert.Equal(Half, bench.Time.GetUtcNow() - start);
        }

        // One look, and one read that waits.
        Assert.Equal(2, bench.Partition.Fetches);
        Assert.Equal(1, bench.Partition.Parked);
    });

    [Fact]
    public void Read_that_has_waited_its_time_is_made_again() => Run(async bench =>
    {
        var read = Assert.Single(await bench.FetchAsync(from: 0, wait: TimeSpan.FromSeconds(100)));
        Assert.Equal(0, read.Bytes);
        Assert.Equal(5, bench.Partition.Fetches);
    });

    [Fact]
    public void Records_end_the_wait_and_the_next_fetch_behind_them_waits_without_a_look() => Run(async bench =>
    {
        await bench.FetchAsync(from: 0);
        var fetch = bench.FetchAsync(from: 0, wait: TimeSpan.FromSeconds(100));
        await BackgroundWork.PauseAsync(Half, bench.Time, default);
        await bench.AppendAsync("a");
        var read = Assert.Single(await fetch);
        Assert.True(read.Bytes > 0);
        Assert.Equal((new Offset(1), new Offset(1)), (read.Next, read.Bounds!.HighWatermark));
        Assert.Equal(2, bench.Partition.Fetches);

        await bench.FetchAsync(from: 1);
        Assert.Equal(3, bench.Partition.Fetches);
    });

    [Fact]
    public void Records_that_come_between_two_fetches_are_in_the_second() => Run(async bench =>
    {
        await bench.FetchAsync(from: 0);
        await bench.AppendAsync("a");
        await BackgroundWork.PauseAsync(Half, bench.Time, default);
        var start = bench.Time.GetUtcNow();
        Assert.True(Assert.Single(await bench.FetchAsync(from: 0)).Bytes > 0);
        Assert.Equal(start, bench.Time.GetUtcNow());
    });

    [Fact]
    public void Records_that_are_too_few_are_answered_after_the_wait_whenever_they_came() => Run(async bench =>
    {
        await bench.FetchAsync(from: 0);
        await bench.AppendAsync("between two fetches");
        await BackgroundWork.PauseAsync(Half, bench.Time, default);
        Assert.Equal(new Offset(1), Assert.Single(await bench.FetchAsync(from: 0, minBytes: 1_000)).Next);

        var fetch = bench.FetchAsync(from: 1, minBytes: 1_000);
        await bench.AppendAsync("during a fetch");
        Assert.False(fetch.IsCompleted);
        Assert.Equal(new Offset(2), Assert.Single(await fetch).Next);
    });

    [Fact]
    public void Fetch_without_a_wait_looks_at_the_partition() => Run(async bench =>
    {
        await bench.FetchAsync(from: 0);
        await bench.FetchAsync(from: 0, wait: TimeSpan.Zero);
        await bench.FetchAsync(from: 0, minBytes: 0);
        Assert.Equal(4, bench.Partition.Fetches);
    });

    [Theory]
    [InlineData(-1, null, "no epoch is known")]
    [InlineData(0, null, "librdkafka says so when it knows none")]
    [InlineData(1, 1, "an epoch that the client was told")]
    public void Client_that_knows_no_epoch_is_not_held_to_one(int current, int? asked, string reason) => Run(async bench =>
    {
        FetchRequest? seen = null;
        bench.Partition.BeforeFetch = (_, request) =>
        {
            seen = request;
            return Task.FromResult(ErrorCode.None);
        };
        await bench.FetchAsync(from: 0, wait: TimeSpan.Zero, current: current);
        Assert.True(asked == seen?.Epochs?.Current.Value, reason);
    });

    [Fact]
    public void Read_of_another_position_replaces_the_one_that_waits() => Run(async bench =>
    {
        await bench.AppendAsync("a");
        await bench.FetchAsync(from: 1);
        Assert.Equal(1, bench.Partition.Parked);
        Assert.True(Assert.Single(await bench.FetchAsync(from: 0)).Bytes > 0);
        Assert.Equal(0, bench.Partition.Parked);
    });

    [Fact]
    public void Partition_that_is_not_wanted_any_more_is_not_read_any_more() => Run(async bench =>
    {
        await bench.FetchAsync(from: 0, partitions: 3);
        Assert.Equal(1, bench.Cluster.Partition("t", 2).Parked);
        await bench.FetchAsync(from: 0, partitions: 1);
        Assert.Equal((1, 0), (bench.Partition.Parked, bench.Cluster.Partition("t", 2).Parked));
        Assert.Equal(1, bench.Reads.Count);
    });

    [Fact]
    public void Closing_ends_the_reads_that_wait() => Run(async bench =>
    {
        await bench.FetchAsync(from: 0, partitions: 2);
        bench.Reads.Close();
        await BackgroundWork.PauseAsync(TimeSpan.FromMilliseconds(1), bench.Time, default);
        Assert.Equal((0, 0), (bench.Partition.Parked, bench.Reads.Count));
    });

    [Fact]
    public void Closing_during_a_fetch_leaves_no_read_behind() => Run(async bench =>
    {
        var fetch = bench.FetchAsync(from: 0);
        await BackgroundWork.PauseAsync(TimeSpan.FromMilliseconds(1), bench.Time, default);
        bench.Reads.Close();
        Assert.Equal(ErrorCode.None, Assert.Single(await fetch).Error);
        await BackgroundWork.PauseAsync(TimeSpan.FromMilliseconds(1), bench.Time, default);
        Assert.Equal((0, 0), (bench.Partition.Parked, bench.Reads.Count));
    });

    [Fact]
    public void Two_fetches_at_a_time_do_not_disturb_each_other() => Run(async bench =>
    {
        await bench.AppendAsync("a");
        var waiting = bench.FetchAsync(from: 1, wait: TimeSpan.FromSeconds(10));
        Assert.True(Assert.Single(await bench.FetchAsync(from: 0)).Bytes > 0);
        Assert.False(waiting.IsCompleted);
        await bench.AppendAsync("b");
        Assert.Equal(new Offset(2), Assert.Single(await waiting).Next);
    });

    [Fact]
    public void Bytes_of_several_partitions_together_end_the_wait() => Run(async bench =>
    {
        var batch = TestBatches.Of(1, "a").Length;
        var start = bench.Time.GetUtcNow();
        var fetch = bench.FetchAsync(from: 0, wait: TimeSpan.FromSeconds(100), minBytes: 3 * batch, partitions: 3);
        for (var i = 0; i < 3; i++)
        {
            await BackgroundWork.PauseAsync(Half, bench.Time, default);
            Assert.False(fetch.IsCompleted);
            await bench.AppendAsync("a", partition: i == 2 ? 0 : i);
        }

        Assert.Equal(3 * batch, (await fetch).Sum(read => read.Bytes));
        Assert.Equal(3 * Half, bench.Time.GetUtcNow() - start);
    });

    [Fact]
    public void Too_few_bytes_are_answered_after_the_wait() => Run(async bench =>
    {
        await bench.AppendAsync("a");
        var start = bench.Time.GetUtcNow();
        Assert.True(Assert.Single(await bench.FetchAsync(from: 0, minBytes: 1_000)).Bytes > 0);
        Assert.Equal(Half, bench.Time.GetUtcNow() - start);
    });

    [Fact]
    public void Partition_that_lets_no_read_wait_is_not_asked_in_a_circle() => Run(async bench =>
    {
        bench.Partition.BeforeFetch = (_, request) => Task.FromResult(request.MaxWait > TimeSpan.Zero ? ErrorCode.NotLeaderOrFollower : ErrorCode.None);
        var start = bench.Time.GetUtcNow();
        Assert.Equal(ErrorCode.None, Assert.Single(await bench.FetchAsync(from: 0)).Error);
        Assert.Equal(Half, bench.Time.GetUtcNow() - start);
        Assert.Equal(3, bench.Partition.Fetches);
    });

    [Fact]
    public void Error_of_a_partition_whose_read_failed_is_answered_at_once() => Run(async bench =>
    {
        await bench.FetchAsync(from: 0);
        var fetch = bench.FetchAsync(from: 0, wait: TimeSpan.FromSeconds(100));
        bench.Partition.FetchError = ErrorCode.KafkaStorageError;
        await bench.AppendAsync("a");
        Assert.Equal(ErrorCode.KafkaStorageError, Assert.Single(await fetch).Error);
    });

    [Fact]
    public void Answer_holds_no_more_than_its_limit_and_the_rest_comes_next() => Run(async bench =>
    {
        var batch = TestBatches.Of(1, "a").Length;
        for (var i = 0; i < 3; i++)
        {
            await bench.AppendAsync("a", partition: i);
        }

        var first = await bench.FetchAsync(from: 0, partitions: 3, maxBytes: (2 * batch) + 1);
        Assert.Equal([batch, batch, 0L], first.Select(read => read.Bytes));
        Assert.All(first, read => Assert.Equal(new Offset(1), read.Bounds!.HighWatermark));
    });

    [Fact]
    public void Timer_that_is_early_ends_no_wait_and_is_set_again() => VirtualTime.Run(async time =>
    {
        var bench = new Bench(time, new EarlyTime(time));
        var start = time.GetUtcNow();
        Assert.Equal(ErrorCode.None, Assert.Single(await bench.FetchAsync(from: 0)).Error);
        Assert.Equal(Half, time.GetUtcNow() - start);
        bench.Reads.Close();
    });

    private static void Run(Func<Bench, Task> test) => VirtualTime.Run(async time =>
    {
        var bench = new Bench(time);
        await test(bench);
        bench.Reads.Close();
    });

    private sealed class Bench
    {
        public Bench(ManualTime time, TimeProvider? timeOfReads = null)
        {
            Time = time;
            Cluster.AddTopic("t", partitions: 3);
            for (var i = 0; i < 3; i++)
            {
                Cluster.Partition("t", i).Time = time;
            }

            var background = new BackgroundWork(SynchronizationContext.Current);
            var cache = new TopicCache(Cluster.Factory, time, background);
            Reads = new StandingReads(false, new ReaderServices(
                cache, new TopicNames(cache, time), new PartitionLookup(cache), new BrokerFetches(Cluster.Factory, time, background),
                timeOfReads ?? time));
        }

        public ManualTime Time { get; }

        public FakeCluster Cluster { get; } = new();

        public FakePartition Partition => Cluster.Partition("t", 0);

        public StandingReads Reads { get; }

        public Task<PartitionRead[]> FetchAsync(long from, TimeSpan? wait = null, int minBytes = 1, int partitions = 1, int maxBytes = 1_000_000, int current = -1) => Reads.ReadAsync(
            [.. Enumerable.Range(0, partitions).Select(index => new WantedPartition(
                new NamedPartition("t", Guid.Empty, index), new ReadPosition(from, 100_000, new LeaderEpoch(current), LeaderEpoch.None)))],
            new FetchTerms(IsolationLevel.ReadUncommitted, minBytes, maxBytes, wait ?? Half), default);

        public async Task AppendAsync(string value, int partition = 0) => Assert.Equal(
            ErrorCode.None, (await Cluster.Partition("t", partition).Append(new(TestBatches.Of(1, value), Acks.All))).Error);
    }

    /// <summary>A clock whose timers are early when they run for the first time.</summary>
    private sealed class EarlyTime(ManualTime time) : TimeProvider
    {
        public override long TimestampFrequency => time.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow();

        public override long GetTimestamp() => time.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new EarlyTimer(time.CreateTimer(callback, state, dueTime, period));

        private sealed class EarlyTimer(ITimer timer) : ITimer
        {
            private bool _wasEarly;

            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                var early = _wasEarly ? dueTime : dueTime / 2;
                _wasEarly = true;
                return timer.Change(early, period);
            }

            public void Dispose() => timer.Dispose();

            public ValueTask DisposeAsync() => timer.DisposeAsync();
        }
    }
}
