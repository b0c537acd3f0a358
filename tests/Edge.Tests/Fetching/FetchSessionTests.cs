using Loire.Edge.Calls;
using Loire.Edge.Fetching;
using Loire.Edge.Scheduling;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.Model.Batches;
using Loire.Model.Transactions;
using Loire.TestKit;
using Loire.TestKit.Fakes;

namespace Loire.Edge.Tests.Fetching;

/// <summary>What the answers of a partition mean for a reader.</summary>
public sealed class FetchSessionTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public void Batches_are_read_until_there_are_none_in_time() => Run(async bench =>
    {
        bench.Partition.Plant(TestBatches.Of(1, "a", "b"));
        var fetched = await bench.FetchAsync(0);
        Assert.Equal((FetchStatus.Read, new Offset(2)), (fetched.Status, fetched.Answer.NextOffset));
        Assert.NotEmpty(fetched.Answer.Batches);
        var start = bench.Time.GetUtcNow();
        fetched = await bench.FetchAsync(2);
        Assert.Equal(FetchStatus.Read, fetched.Status);
        Assert.Empty(fetched.Answer.Batches);
        Assert.Equal(TimeSpan.FromSeconds(1), bench.Time.GetUtcNow() - start);
        Assert.Equal(1, bench.Topic.Descriptions);
    });

    [Fact]
    public void Batches_of_aborted_transactions_are_left_out_and_reading_goes_on_behind_them() => Run(async bench =>
    {
        // 7 aborts at 4 what it began at 1, and commits at 7 what it began at 5; 8 aborts at 8 what it began at 2.
        bench.Partition.Plant(TestBatches.Of(1, "plain"));
        bench.Partition.Plant(Transactional(7, "aborted"));
        bench.Partition.Plant(Transactional(8, "aborted too"));
        bench.Partition.Plant(Transactional(7, "aborted as well"));
        bench.Partition.Plant(EndMarkerBatch.Build(new ProducerIdentity(7, 1), commits: false, Timestamp.None));
        bench.Partition.Plant(Transactional(7, "committed"));
        bench.Partition.Plant(TestBatches.Of(1, "plain again"));
        bench.Partition.Plant(EndMarkerBatch.Build(new ProducerIdentity(7, 2), commits: true, Timestamp.None));
        bench.Partition.Plant(EndMarkerBatch.Build(new ProducerIdentity(8, 1), commits: false, Timestamp.None));
        bench.Partition.Aborted = [new(7, new Offset(1)), new(8, new Offset(2))];
        Assert.Equal("0 4 5 6 7 8", await ReadAsync(0, IsolationLevel.ReadCommitted));
        Assert.Equal("4 5 6 7 8", await ReadAsync(3, IsolationLevel.ReadCommitted));
        Assert.Equal("0 1 2 3 4 5 6 7 8", await ReadAsync(0, IsolationLevel.ReadUncommitted));
        bench.Partition.Aborted = [];
        Assert.Equal("0 1 2 3 4 5 6 7 8", await ReadAsync(0, IsolationLevel.ReadCommitted));

        async Task<string> ReadAsync(long from, IsolationLevel isolation)
        {
            var fetched = await bench.Session.FetchAsync(new FetchRequest(new Offset(from), 1 << 20, 1, TimeSpan.FromSeconds(1), isolation), default);
            Assert.Equal((FetchStatus.Read, new Offset(9)), (fetched.Status, fetched.Answer.NextOffset));
            Assert.Null(isolation == IsolationLevel.ReadCommitted ? fetched.Answer.Aborted : null);
            var offsets = new List<Offset>();
            for (var rest = TestBatches.Join(fetched.Answer.Batches).AsSpan(); !rest.IsEmpty;)
            {
                Assert.Equal(ErrorCode.None, RecordBatch.TryRead(rest, out var batch));
                offsets.Add(batch.BaseOffset);
                rest = rest[batch.SizeInBytes..];
            }

            return string.Join(' ', offsets);
        }

        static ReadOnlyMemory<byte> Transactional(long producer, string value)
        {
            using var builder = new RecordBatchBuilder { ProducerId = producer, ProducerEpoch = 0, BaseSequence = 0, IsTransactional = true };
            Assert.True(builder.Append(Timestamp.None, default, true, System.Text.Encoding.UTF8.GetBytes(value), false));
            return builder.Build();
        }
    });

    [Fact]
    public void Position_outside_of_the_log_comes_with_the_bounds() => Run(async bench =>
    {
        bench.Partition.Plant(TestBatches.Of(1, "a", "b"));
        bench.Partition.LogStart = new Offset(1);
        var fetched = await bench.FetchAsync(0);
        Assert.Equal(FetchStatus.OutOfRange, fetched.Status);
        Assert.Equal((new Offset(1), new Offset(2)), (fetched.Answer.Bounds.LogStart, fetched.Answer.Bounds.HighWatermark));
    });

    [Fact]
    public void Position_that_only_an_older_leader_finds_outside_of_the_log_may_be_read_later() => Run(async bench =>
    {
        bench.Partition.Plant(TestBatches.Of(1, "a", "b"));
        bench.Partition.Epoch = new LeaderEpoch(5);
        Assert.Equal(FetchStatus.Read, (await bench.FetchAsync(0)).Status);
        bench.Partition.Epoch = new LeaderEpoch(4);
        var fetched = await bench.FetchAsync(9);
        Assert.Equal((FetchStatus.Unavailable, ErrorCode.FencedLeaderEpoch), (fetched.Status, fetched.Answer.Error));
        bench.Partition.Epoch = new LeaderEpoch(6);
        Assert.Equal(FetchStatus.OutOfRange, (await bench.FetchAsync(9)).Status);
    });

    [Theory]
    [InlineData(ErrorCode.LeaderNotAvailable, FetchStatus.Unavailable)]
    [InlineData(ErrorCode.NotLeaderOrFollower, FetchStatus.Unavailable)]
    [InlineData(ErrorCode.CorruptMessage, FetchStatus.Unavailable)]
    [InlineData(ErrorCode.UnknownTopicOrPartition, FetchStatus.Unavailable)]
    [InlineData(ErrorCode.TopicAuthorizationFailed, FetchStatus.Refused)]
    public void Refusal_says_whether_the_same_fetch_may_succeed_later(ErrorCode error, FetchStatus status) => Run(async bench =>
    {
        bench.Partition.FetchError = error;
        var fetched = await bench.FetchAsync(0);
        Assert.Equal((status, error, ErrorCode.None), (fetched.Status, fetched.Answer.Error, fetched.Failure.Error));
    });

    [Fact]
    public void Partition_of_a_deleted_topic_ends_the_reading() => Run(async bench =>
    {
        bench.Partition.FetchError = ErrorCode.UnknownTopicOrPartition;
        bench.Topic.Remove();
        Assert.Equal(FetchStatus.TopicDeleted, (await bench.FetchAsync(0)).Status);
    });

    [Fact]
    public void Reader_in_the_middle_of_a_log_stays_with_its_creation_and_learns_its_successor() => Run(async bench =>
    {
        Assert.Equal(FetchStatus.Read, (await bench.FetchAsync(0)).Status);
        var before = bench.Session.Topic;
        bench.Partition.FetchError = ErrorCode.UnknownTopicId;
        bench.Topic.Recreate(4);
        var fetched = await bench.FetchAsync(0);
        Assert.Equal((FetchStatus.TopicReplaced, 4), (fetched.Status, fetched.Successor!.PartitionsCount));
        Assert.Same(before, bench.Session.Topic);
    });

    [Fact]
    public void Reader_without_an_answer_yet_moves_to_the_next_creation_of_the_topic() => Run(async bench =>
    {
        bench.Partition.FetchError = ErrorCode.UnknownTopicId;
        bench.Topic.Recreate(1);
        bench.Cluster.Partition("t", 0).Time = bench.Time;
        bench.Cluster.Partition("t", 0).Plant(TestBatches.Of(1, "new"));
        var fetched = await bench.FetchAsync(0);
        Assert.Equal((FetchStatus.Read, new Offset(1)), (fetched.Status, fetched.Answer.NextOffset));
        Assert.Equal(bench.Topic.Id, bench.Session.Topic.Id);
    });

    [Fact]
    public void Topic_out_of_reach_is_neither_deleted_nor_replaced() => Run(async bench =>
    {
        bench.Partition.FetchError = ErrorCode.UnknownTopicOrPartition;
        bench.Topic.Exception = new TimeoutException();
        var fetched = await bench.FetchAsync(0);
        Assert.Equal((FetchStatus.Unavailable, ErrorCode.RequestTimedOut), (fetched.Status, fetched.Failure.Error));
    });

    [Fact]
    public void Newer_version_of_the_topic_is_learned_without_holding_up_records() => Run(async bench =>
    {
        Assert.Equal(FetchStatus.Read, (await bench.FetchAsync(0)).Status);
        bench.Partition.Plant(TestBatches.Of(1, "a"));
        bench.Partition.TopicVersion = 5;
        bench.Topic.BeforeDescribe = () => Task.Delay(TimeSpan.FromSeconds(20), bench.Time);
        var start = bench.Time.GetUtcNow();
        Assert.NotEmpty((await bench.FetchAsync(0)).Answer.Batches);
        Assert.Equal(start, bench.Time.GetUtcNow());
        await Task.Delay(TimeSpan.FromSeconds(30), bench.Time);
        Assert.Equal(2, bench.Topic.Descriptions);
    });

    [Fact]
    public void Answer_that_does_not_come_is_waited_for_until_the_timeout() => Run(async bench =>
    {
        bench.Partition.BeforeFetch = (_, _) => new TaskCompletionSource<ErrorCode>().Task;
        var start = bench.Time.GetUtcNow();
        await Assert.ThrowsAsync<TimeoutException>(() => bench.FetchAsync(0));
        Assert.Equal(TimeSpan.FromSeconds(31), bench.Time.GetUtcNow() - start);
        using var leaving = new CancellationTokenSource(TimeSpan.FromSeconds(2), bench.Time);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => bench.FetchAsync(0, leaving.Token));
    });

    [Fact]
    public void Records_that_are_known_to_be_there_are_fetched_within_the_window_of_the_leader_and_new_ones_without_it() => VirtualTime.Run(async time =>
    {
        var bench = new Bench(time);
        var transfers = new TransferWindows(time, self: null, bytes: 100);
        await bench.BeginAsync(transfers);
        bench.Partition.Plant(TestBatches.Of(1, "a", "b"));
        Assert.NotEmpty((await bench.FetchAsync(0)).Answer.Batches);
        var (begun, window) = (time.GetUtcNow(), await transfers.BeginAsync(0, 100));

        // Nothing is known to be at the end, so the fetch that waits there takes no part of the window.
        var atEnd = bench.FetchAsync(2);
        var again = bench.NewSession().FetchAsync(new FetchRequest(new Offset(1), 1 << 20, 1, TimeSpan.Zero), default).AsTask();
        Assert.Equal((2, 1), (bench.Partition.Fetches, bench.Partition.Parked));
        window.Dispose();
        Assert.NotEmpty((await again).Answer.Batches);
        Assert.Equal(begun, time.GetUtcNow());
        Assert.Empty((await atEnd).Answer.Batches);
    });

    private static void Run(Func<Bench, Task> test) => VirtualTime.Run(async time =>
    {
        var bench = new Bench(time);
        await bench.BeginAsync();
        await test(bench);
    });

    private sealed class Bench(ManualTime time)
    {
        private TopicCache _cache = null!;

        public ManualTime Time => time;

        public FakeCluster Cluster { get; } = new();

        public FakeTopic Topic { get; private set; } = null!;

        public FakePartition Partition { get; private set; } = null!;

        public TopicRoutes Topics { get; private set; } = null!;

        public FetchSession Session { get; private set; } = null!;

        public async Task BeginAsync(TransferWindows? transfers = null)
        {
            Topic = Cluster.AddTopic("t");
            Partition = Cluster.Partition("t", 0);
            Partition.Time = time;
            _cache = new TopicCache(Cluster.Factory, time, new BackgroundWork(SynchronizationContext.Current), transfers: transfers);
            var lookup = await _cache.FindAsync(TopicName.Parse("t"), Minute, Minute);
            Topics = lookup.Topic!;
            Session = NewSession();
        }

        public FetchSession NewSession() => new(_cache, Topics, 0, time) { Timeout = TimeSpan.FromSeconds(30) };

        public Task<Fetched> FetchAsync(long from, CancellationToken cancellation = default) =>
            Session.FetchAsync(new FetchRequest(new Offset(from), 1 << 20, 1, TimeSpan.FromSeconds(1)), cancellation).AsTask();
    }
}
