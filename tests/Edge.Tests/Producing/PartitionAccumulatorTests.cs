using System.Reflection;
using Loire.Edge.Calls;
using Loire.Edge.Producing;
using Loire.Model;
using Loire.TestKit;

namespace Loire.Edge.Tests.Producing;

public sealed class PartitionAccumulatorTests
{
    private const int BatchBytes = 900;

    // A value of 400 bytes: two fit into a batch.
    private static readonly string _large = new('x', 400);

    private static readonly ProducePolicy _tryOnce = new() { BatchBytes = BatchBytes };

    private static readonly ProducePolicy _stopAtFailure = _tryOnce with { StopsAtFailure = true };

    private static readonly ProducePolicy _retry = _tryOnce with
    {
        Linger = TimeSpan.Zero,
        Retries = int.MaxValue,
        RetryBackoff = TimeSpan.FromMilliseconds(100),
        RetryBackoffMax = TimeSpan.FromSeconds(1),
        RequestTimeout = TimeSpan.FromSeconds(5),
        DeliveryTimeout = TimeSpan.FromSeconds(30),
    };

    [Fact]
    public void Records_gather_until_the_owner_hurries() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, _tryOnce);
        var places = bench.Add("a", "b", "c");
        await time.Delay(TimeSpan.FromHours(1), default);
        Assert.Equal(0, bench.Partition.Appends);
        await bench.EndAsync(places);
        Assert.Equal("a b c", await bench.LogAsync());
        Assert.Equal([0, 1, 2], places.Select(place => place.Offset.Value));
        Assert.Equal(0, bench.Accumulator().QueuedBytes);
    });

    [Fact]
    public void A_full_batch_is_sent_by_itself() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, _tryOnce);
        var places = bench.Add(_large, _large, "c");
        await ((AccumulatorBench.Batch)places[0].Batch).Ended;
        Assert.Equal([0], bench.Closed);
        Assert.Equal($"{_large} {_large}", await bench.LogAsync());
        Assert.False(places[2].Batch.IsEnded);
    });

    [Fact]
    public void A_batch_lingers_for_its_time() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, _tryOnce with { Linger = TimeSpan.FromSeconds(5) });
        bench.Add("a");
        await time.Delay(TimeSpan.FromSeconds(4), default);
        bench.Add("b");
        Assert.Equal(0, bench.Partition.Appends);
        await time.Delay(TimeSpan.FromSeconds(2), default);
        Assert.Equal("a b", await bench.LogAsync());
    });

    [Fact]
    public void One_append_is_under_way_and_what_gathers_meanwhile_goes_with_the_next_one() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, _tryOnce);
        var gate = new Gate();
        bench.Partition.BeforeAppend = async number =>
        {
            await (number == 0 ? gate.Opened : Task.CompletedTask);
            return ErrorCode.None;
        };
        var first = bench.Add("a");
        bench.Accumulator().Hurry();
        await time.Delay(TimeSpan.FromSeconds(1), default);
        var next = bench.Add(_large, _large, _large, "e");
        bench.Accumulator().Hurry();
        var last = bench.Add("f");
        gate.Open();
        await bench.EndAsync([first, .. next, last]);
        Assert.Equal($"a | {_large} {_large} | {_large} e f", await bench.LogAsync());
        Assert.Equal((2, 1), (bench.Partition.Appends, bench.Partition.AppendsInFlightMax));
        Assert.Equal([1, 2, 3, 4], next.Select(place => place.Offset.Value));
    });

    [Fact]
    public void Partitions_do_not_wait_for_each_other() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, _tryOnce, partitions: 2);
        bench.Partition.BeforeAppend = _ => new TaskCompletionSource<ErrorCode>().Task;
        bench.Add("a");
        await bench.EndAsync(bench.Add("b", partition: 1));
        Assert.Equal("b", await AccumulatorBench.LogAsync(bench.Cluster.Partition("t", 1)));
    });

    [Fact]
    public void Encoded_batches_are_sent_as_they_are_and_behind_what_was_gathered() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, _tryOnce);
        var gathered = bench.Add("a");
        var sent = TestBatches.Of(1, "b", "c");
        var encoded = new AccumulatorBench.Batch(bench.Accumulator(), sent, 2);
        Assert.True(bench.Accumulator().TryAdd(encoded));
        await encoded.Ended;
        Assert.Equal("a | b c", await bench.LogAsync());
        Assert.Equal((0, 1, 2), (gathered.Offset.Value, encoded.BaseOffset.Value, encoded.LastOffset.Value));
    });

    [Fact]
    public void A_closed_accumulator_delivers_what_it_has_and_takes_no_more() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, _tryOnce);
        var place = bench.Add("a");
        List<PendingBatch> unfinished = [];
        bench.Accumulator().Hurry(unfinished, close: true);
        Assert.Equal([place.Batch], unfinished);
        Assert.False(bench.Accumulator().TryAdd(new ProducerRecord(new Timestamp(1), default, true, default, true, []), true, out _));
        Assert.False(bench.Accumulator().TryAdd(new AccumulatorBench.Batch(bench.Accumulator(), TestBatches.Of(1, "b"), 1)));
        await bench.EndAsync(place);
        Assert.Equal("a", await bench.LogAsync());
    });

    [Fact]
    public void The_first_failure_fails_the_records_behind_it_where_the_policy_wants_a_prefix() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, _stopAtFailure);
        var gate = new Gate();

        // The second append carries three batches and is refused; then each goes alone, and the second of them is at fault.
        bench.Partition.BeforeAppend = async number =>
        {
            await (number == 0 ? gate.Opened : Task.CompletedTask);
            return number is 1 or 3 ? ErrorCode.InvalidRecord : ErrorCode.None;
        };
        var first = bench.Add("a");
        bench.Accumulator().Hurry();
        await time.Delay(TimeSpan.FromSeconds(1), default);
        var rest = bench.Add(_large, _large, _large, _large, "f");
        gate.Open();
        await bench.EndAsync([first, .. rest]);
        Assert.Equal($"a | {_large} {_large}", await bench.LogAsync());
        Assert.Equal(
            [null, null, null, ErrorCode.InvalidRecord, ErrorCode.InvalidRecord, ErrorCode.InvalidRecord],
            new[] { first }.Concat(rest).Select(place => place.Batch.Failure?.Code));
        Assert.False(bench.Accumulator().TryAdd(new ProducerRecord(new Timestamp(1), default, true, default, true, []), true, out _));
        Assert.Equal(4, bench.Partition.Appends);
    });

    [Fact]
    public void An_abandoned_accumulator_fails_what_was_not_sent() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, _tryOnce);
        var gate = new Gate();
        bench.Partition.BeforeAppend = async _ =>
        {
            await gate.Opened;
            return ErrorCode.None;
        };
        var sent = bench.Add("a");
        bench.Accumulator().Hurry();
        await time.Delay(TimeSpan.FromSeconds(1), default);
        var unsent = bench.Add("b");
        bench.Accumulator().Abandon(new AppendFailure(ErrorCode.KafkaStorageError, false, "elsewhere", null));
        Assert.Equal("elsewhere", unsent.Batch.Failure!.Text);
        gate.Open();
        await bench.EndAsync(sent);
        Assert.Null(sent.Batch.Failure);
        Assert.Equal("a", await bench.LogAsync());
    });

    [Fact]
    public void A_newer_version_in_an_answer_refreshes_the_topic_before_the_records_end() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, _tryOnce);
        bench.Topic.Define(7, 5_000, version: 2);
        bench.Partition.TopicVersion = 2;
        await bench.EndAsync(bench.Add("a"));
        Assert.Equal((7, 2), (bench.Routes.PartitionsCount, bench.Topic.Descriptions));
        await bench.EndAsync(bench.Add("b"));
        Assert.Equal(2, bench.Topic.Descriptions);
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Records_go_to_the_next_creation_of_the_topic_if_the_owner_follows(bool follows) => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, _tryOnce);
        bench.Follows = follows;
        bench.Partition.BeforeAppend = _ => Task.FromResult(ErrorCode.UnknownTopicOrPartition);
        bench.Topic.Recreate(1);
        var place = bench.Add("a");
        await bench.EndAsync(place);
        Assert.Equal(follows ? null : ErrorCode.UnknownTopicOrPartition, place.Batch.Failure?.Code);
        Assert.Equal(follows ? "a" : "", await bench.LogAsync());
        Assert.False(bench.IsGone);
    });

    [Fact]
    public void A_deleted_topic_fails_its_records_and_the_owner_learns_it() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, _retry);
        bench.Partition.BeforeAppend = _ => Task.FromResult(ErrorCode.UnknownTopicOrPartition);
        bench.Topic.Remove();
        var place = bench.Add("a");
        await bench.EndAsync(place);
        Assert.Equal((ErrorCode.UnknownTopicOrPartition, false), (place.Batch.Failure!.Code, place.Batch.Failure.IsOutcomeUnknown));
        Assert.True(bench.IsGone);
        Assert.Equal(1, bench.Partition.Appends);
    });

    [Fact]
    public void An_unacknowledged_append_asks_the_topic_where_the_partition_does_not_know_itself() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, _tryOnce, acks: Acks.None);
        var known = bench.Add("a");
        await bench.EndAsync(known);
        Assert.Null(known.Batch.Failure);
        Assert.Equal((Offset.None, 2), (known.Offset, bench.Topic.Descriptions));
        bench.Topic.Remove();
        var gone = bench.Add("b");
        await bench.EndAsync(gone);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, gone.Batch.Failure!.Code);
    });

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Lz4)]
    public void A_batch_that_is_too_large_by_now_is_sent_again_in_smaller_ones(CompressionType compression) => VirtualTime.Run(async time =>
    {
        var random = new Random(3);
        var bench = await AccumulatorBench.StartAsync(time, _stopAtFailure with { BatchBytes = 100_000, Compression = compression });
        var values = Enumerable.Range(0, 200).Select(_ => Convert.ToHexString(Bytes(random, 50))).ToArray();
        var places = bench.Add(values);
        bench.Topic.Define(1, 2_000, version: 2);
        (bench.Partition.TopicVersion, bench.Partition.MaxMessageBytes) = (2, 2_000);
        await bench.EndAsync(places);
        Assert.Null(places[0].Batch.Failure);
        Assert.Equal(Enumerable.Range(0, 200).Select(i => (long)i), places.Select(place => place.Offset.Value));
        var log = await bench.LogAsync();
        Assert.Equal(values, log.Split([" ", " | "], StringSplitOptions.RemoveEmptyEntries).Where(value => value != "|"));
        Assert.Contains('|', log);
        Assert.Equal(2, bench.Partition.Appends);

        // Later batches are cut to size before they are sent.
        await bench.EndAsync(bench.Add(values));
        Assert.Equal(2_000, bench.Routes.MaxMessageBytes);
    });

    [Fact]
    public void A_record_that_no_batch_may_hold_any_more_is_refused() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, _tryOnce);
        var places = bench.Add("a", _large);
        bench.Topic.Define(1, 200, version: 2);
        (bench.Partition.TopicVersion, bench.Partition.MaxMessageBytes) = (2, 200);
        await bench.EndAsync(places);
        Assert.Equal((ErrorCode.MessageTooLarge, false), (places[0].Batch.Failure!.Code, places[0].Batch.Failure!.IsOutcomeUnknown));
        Assert.Equal(1, bench.Partition.Appends);
    });

    [Theory]
    [InlineData(true, ErrorCode.RequestTimedOut)]
    [InlineData(false, ErrorCode.NetworkException)]
    public void A_failed_call_leaves_the_outcome_unknown_and_is_not_repeated(bool byTimeout, ErrorCode expected) => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, _retry);
        Exception exception = byTimeout ? new TimeoutException() : new InvalidOperationException("The silo is gone.");
        bench.Partition.Exception = exception;
        var place = bench.Add("a");
        await bench.EndAsync(place);
        var failure = place.Batch.Failure!;
        Assert.Equal((expected, true), (failure.Code, failure.IsOutcomeUnknown));
        Assert.Same(exception, failure.Exception);
    });

    public static TheoryData<string, Exception> Rejections => new()
    {
        { "load", new GatewayTooBusyException() },
        { "queue", new LimitExceededException("The queue is full.") },
        { "message", Rejection() },
    };

    [Theory]
    [MemberData(nameof(Rejections), DisableDiscoveryEnumeration = true)]
    public void A_call_that_orleans_rejects_is_repeated_because_nothing_was_stored(string by, Exception rejection) => VirtualTime.Run(async time =>
    {
        Assert.NotEmpty(by);
        var bench = await AccumulatorBench.StartAsync(time, _retry);
        bench.Partition.BeforeAppend = number => number < 3 ? throw rejection : Task.FromResult(ErrorCode.None);
        var place = bench.Add("a");
        await bench.EndAsync(place);
        Assert.Null(place.Batch.Failure);

        bench.Partition.BeforeAppend = _ => throw rejection;
        var late = bench.Add("b");
        await bench.EndAsync(late);
        Assert.Equal((ErrorCode.LeaderNotAvailable, false), (late.Batch.Failure!.Code, late.Batch.Failure.IsOutcomeUnknown));
    });

    [Fact]
    public void A_silo_that_was_lost_leaves_the_outcome_unknown() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, _retry);
        bench.Partition.Exception = new SiloUnavailableException();
        var place = bench.Add("a");
        await bench.EndAsync(place);
        Assert.Equal((ErrorCode.NetworkException, true), (place.Batch.Failure!.Code, place.Batch.Failure.IsOutcomeUnknown));
    });

    [Fact]
    public void A_retriable_refusal_is_retried_until_the_time_is_up() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, _retry);
        bench.Partition.BeforeAppend = number => Task.FromResult(number < 3 ? ErrorCode.NotLeaderOrFollower : ErrorCode.None);
        var place = bench.Add("a");
        await bench.EndAsync(place);
        Assert.Null(place.Batch.Failure);

        bench.Partition.BeforeAppend = _ => Task.FromResult(ErrorCode.NotLeaderOrFollower);
        var start = time.GetUtcNow();
        var late = bench.Add("b");
        await bench.EndAsync(late);
        Assert.Equal((ErrorCode.NotLeaderOrFollower, false), (late.Batch.Failure!.Code, late.Batch.Failure.IsOutcomeUnknown));
        Assert.Equal(TimeSpan.FromSeconds(30), time.GetUtcNow() - start);
    });

    // Only Orleans makes one.
    [Fact]
    public void Appends_to_one_leader_wait_for_each_other_beyond_its_window() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, _tryOnce, partitions: 2, transfers: new TransferWindows(time, self: null, bytes: 1));
        var answer = new TaskCompletionSource<ErrorCode>();
        bench.Partition.BeforeAppend = _ => answer.Task;
        var (first, second) = (bench.Add("a"), bench.Add("b", partition: 1));
        bench.Accumulator(0).Hurry();
        bench.Accumulator(1).Hurry();
        await Task.Delay(TransferWindows.LongestWait / 2, time);
        Assert.Equal(0, bench.Cluster.Partition("t", 1).Appends);
        answer.SetResult(ErrorCode.None);
        await bench.EndAsync(first, second);
        Assert.Equal(1, bench.Cluster.Partition("t", 1).Appends);
    });

    private static Exception Rejection() => (Exception)Activator.CreateInstance(
        typeof(OrleansMessageRejectionException), BindingFlags.Instance | BindingFlags.NonPublic, null, ["The silo stops."], null)!;

    private static byte[] Bytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
