using System.Text;
using Loire.Coordination.Producers;
using Loire.Edge.Producing;
using Loire.Model;
using Loire.Model.Batches;
using Loire.TestKit;

namespace Loire.Edge.Tests.Producing;

public sealed class IdempotenceTests
{
    private const int BatchBytes = 900;

    // A value of 400 bytes: two fit into a batch.
    private static readonly string _large = new('x', 400);

    internal static readonly ProducePolicy Policy = new()
    {
        BatchBytes = BatchBytes,
        IsIdempotent = true,
        Linger = TimeSpan.Zero,
        Retries = int.MaxValue,
        RetryBackoff = TimeSpan.FromMilliseconds(100),
        RetryBackoffMax = TimeSpan.FromSeconds(1),
        RequestTimeout = TimeSpan.FromSeconds(5),
        DeliveryTimeout = TimeSpan.FromSeconds(30),
    };

    public static TheoryData<string, Exception?> LostAnswers => new()
    {
        { "timeout", new TimeoutException() },
        { "lost silo", new SiloUnavailableException() },
        { "broken connection", new InvalidOperationException("The connection is gone.") },
        { "no answer", null },
    };

    [Theory]
    [MemberData(nameof(LostAnswers), DisableDiscoveryEnumeration = true)]
    public void An_append_whose_answer_is_lost_is_sent_again_and_stored_once(string by, Exception? exception) => VirtualTime.Run(async time =>
    {
        Assert.NotEmpty(by);
        var bench = await AccumulatorBench.StartAsync(time, Policy);
        bench.Partition.AfterAppend = number => number > 1 ? Task.CompletedTask : exception is null ? new TaskCompletionSource().Task : throw exception;
        var first = bench.Add("a");
        await bench.EndAsync(first);
        var second = bench.Add("b");
        await bench.EndAsync(second);
        Assert.Equal((null, null), (first.Batch.Failure, second.Batch.Failure));
        Assert.Equal((0, 1), (first.Offset.Value, second.Offset.Value));
        Assert.Equal("a | b", await bench.LogAsync());
        Assert.Equal("1000:0:0 | 1000:0:1", await bench.StampsAsync());
        Assert.Equal(4, bench.Partition.Appends);
    });

    [Fact]
    public void A_refused_batch_leaves_its_sequence_to_the_next() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, Policy);
        bench.Partition.BeforeAppend = number => Task.FromResult(number == 1 ? ErrorCode.InvalidRecord : ErrorCode.None);
        foreach (var value in (string[])["a", "b", "c", "d"])
        {
            await bench.EndAsync(bench.Add(value));
        }

        Assert.Equal("a | c | d", await bench.LogAsync());
        Assert.Equal("1000:0:0 | 1000:0:1 | 1000:0:2", await bench.StampsAsync());
    });

    [Fact]
    public void One_refused_batch_of_an_append_leaves_its_sequence_to_those_behind_it() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, Policy);

        // The second append carries three batches and is refused; then each goes alone, and the second of them is at fault.
        var places = await GroupAsync(bench, time, number => number is 1 or 3 ? ErrorCode.InvalidRecord : ErrorCode.None);
        await bench.EndAsync(places);
        Assert.Equal($"first | {_large} {_large} | last", await bench.LogAsync());
        Assert.Equal("1000:0:0 | 1000:0:1 | 1000:0:3", await bench.StampsAsync());
    });

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Lz4)]
    public void A_batch_that_is_split_gets_sequences_of_its_own_and_is_stored_once(CompressionType compression) => VirtualTime.Run(async time =>
    {
        var random = new Random(3);
        var bench = await AccumulatorBench.StartAsync(time, Policy with { BatchBytes = 100_000, Compression = compression, Linger = Timeout.InfiniteTimeSpan });
        await bench.EndAsync(bench.Add("a"));
        var values = Enumerable.Range(0, 100).Select(_ => Convert.ToHexString(Bytes(random, 50))).ToArray();
        var places = bench.Add(values);
        bench.Topic.Define(1, 1_000, version: 2);
        (bench.Partition.TopicVersion, bench.Partition.MaxMessageBytes) = (2, 1_000);
        bench.Partition.AfterAppend = number => number > 2 ? Task.CompletedTask : throw new TimeoutException();
        await bench.EndAsync(places);
        Assert.Null(places[0].Batch.Failure);
        Assert.Equal(Enumerable.Range(1, 100).Select(i => (long)i), places.Select(place => place.Offset.Value));
        var log = await bench.LogAsync();
        Assert.Equal(values.Prepend("a"), log.Split([" ", " | "], StringSplitOptions.RemoveEmptyEntries).Where(value => value != "|"));
        Assert.True(bench.Partition.Producers.TryGet(1_000, out var state));
        Assert.Equal((0, 100), (state.Batches[^1].Epoch, state.Batches[^1].LastSequence));
        Assert.Equal(4, bench.Partition.Appends);
    });

    [Fact]
    public void An_append_of_more_batches_than_a_partition_remembers_is_recognized_as_a_whole() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, Policy with { BatchBytes = 1 });
        bench.Partition.AfterAppend = number => number % 2 == 0 ? throw new TimeoutException() : Task.CompletedTask;
        var places = bench.Add([.. Enumerable.Range(0, 21).Select(i => $"{i}")]);
        await bench.EndAsync(places);
        Assert.Equal(string.Join(" | ", Enumerable.Range(0, 21)), await bench.LogAsync());
        Assert.Equal(Enumerable.Range(0, 21).Select(i => (long)i), places.Select(place => place.Offset.Value));
    });

    [Fact]
    public void What_is_given_up_in_doubt_is_fenced_and_the_next_batch_begins_a_higher_epoch() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, Policy);
        var late = new Gate();
        await bench.EndAsync(bench.Add("a"));
        bench.Partition.BeforeAppend = async number =>
        {
            await (number == 1 ? late.Opened : Task.CompletedTask);
            return number == 1 ? ErrorCode.None : ErrorCode.RequestTimedOut;
        };
        var lost = bench.Add("b");
        await bench.EndAsync(lost);
        Assert.Equal((ErrorCode.RequestTimedOut, true), (lost.Batch.Failure!.Code, lost.Batch.Failure.IsOutcomeUnknown));
        bench.Partition.BeforeAppend = null;
        await bench.EndAsync(bench.Add("c"));

        // The first attempt, which nobody waits for any more, comes to the partition now.
        late.Open();
        await time.Delay(TimeSpan.FromSeconds(1), default);
        Assert.Equal("a | c", await bench.LogAsync());
        Assert.Equal("1000:0:0 | 1000:1:0", await bench.StampsAsync());
    });

    [Fact]
    public void A_younger_batch_of_an_append_in_doubt_is_waited_for_when_the_oldest_is_given_up() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, Policy with { RequestTimeout = TimeSpan.FromSeconds(25) });
        bench.Partition.BeforeAppend = async number =>
        {
            await (number == 0 ? time.Delay(TimeSpan.FromSeconds(12), default) : Task.CompletedTask);
            return ErrorCode.None;
        };
        var begun = time.GetUtcNow();
        bench.Partition.AfterAppend = number => number > 0 && time.GetUtcNow() - begun < TimeSpan.FromSeconds(35) ? throw new TimeoutException() : Task.CompletedTask;
        var first = bench.Add("a");
        await time.Delay(TimeSpan.FromSeconds(1), default);
        var old = bench.Add(_large, _large);
        await time.Delay(TimeSpan.FromSeconds(10), default);
        var young = bench.Add("e");
        await bench.EndAsync([first, .. old, young]);
        Assert.Equal((ErrorCode.RequestTimedOut, true), (old[0].Batch.Failure!.Code, old[0].Batch.Failure!.IsOutcomeUnknown));
        Assert.Equal((null, 3), (young.Batch.Failure, young.Offset.Value));
        await bench.EndAsync(bench.Add("f"));
        Assert.Equal($"a | {_large} {_large} | e | f", await bench.LogAsync());
        Assert.Equal("1000:0:0 | 1000:0:1 | 1000:0:3 | 1000:0:4", await bench.StampsAsync());
    });

    [Fact]
    public void Another_creation_of_the_topic_begins_a_higher_epoch() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, Policy);
        await bench.EndAsync(bench.Add("a"));
        bench.Partition.BeforeAppend = _ => Task.FromResult(ErrorCode.UnknownTopicOrPartition);
        bench.Topic.Recreate(1);
        await bench.EndAsync(bench.Add("b"));
        Assert.Equal(("b", "1000:1:0"), (await bench.LogAsync(), await bench.StampsAsync()));
    });

    [Fact]
    public void A_partition_that_remembers_another_sequence_gets_a_higher_epoch() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, Policy);
        await bench.EndAsync(bench.Add("a"), bench.Add("b"));
        bench.Partition.Producers.Restore([new ProducerState(1_000, 0, new Timestamp(1), [new AppendedBatch(0, 0, 1, new Offset(0), new Timestamp(1))], Offset.None, false)], []);
        await bench.EndAsync(bench.Add("c"));
        Assert.EndsWith("1000:1:0", await bench.StampsAsync(), StringComparison.Ordinal);
    });

    [Fact]
    public void A_partition_that_has_forgotten_the_producer_takes_its_next_batch() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, Policy);
        await bench.EndAsync(bench.Add("a"));
        bench.Partition.Producers.Restore([], []);
        await bench.EndAsync(bench.Add("b"));
        Assert.Equal("1000:0:0 | 1000:0:1", await bench.StampsAsync());

        // A broker of Kafka says that it does not know the producer.
        bench.Partition.BeforeAppend = number => Task.FromResult(number == 2 ? ErrorCode.UnknownProducerId : ErrorCode.None);
        await bench.EndAsync(bench.Add("c"));
        Assert.EndsWith("1000:1:0", await bench.StampsAsync(), StringComparison.Ordinal);
    });

    [Fact]
    public void A_batch_in_doubt_that_the_partition_finds_out_of_order_fails_and_the_next_begins_a_higher_epoch() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, Policy);
        await bench.EndAsync(bench.Add("a"), bench.Add("b"));
        var doubt = bench.Partition.Appends;
        bench.Partition.BeforeAppend = number =>
        {
            bench.Partition.Producers.Restore([new ProducerState(1_000, 0, new Timestamp(1), [new AppendedBatch(0, 0, 1, new Offset(0), new Timestamp(1))], Offset.None, false)], []);
            return Task.FromResult(number == doubt ? ErrorCode.RequestTimedOut : ErrorCode.None);
        };
        var lost = bench.Add("c");
        await bench.EndAsync(lost);
        Assert.Equal((ErrorCode.OutOfOrderSequenceNumber, true), (lost.Batch.Failure!.Code, lost.Batch.Failure.IsOutcomeUnknown));
        await bench.EndAsync(bench.Add("d"));
        Assert.EndsWith(" | d", await bench.LogAsync(), StringComparison.Ordinal);
        Assert.Matches("1000:[1-9]:0$", await bench.StampsAsync());
    });

    [Fact]
    public void A_producer_whose_id_another_has_taken_over_gets_a_new_one() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, Policy, partitions: 2);
        await bench.EndAsync(bench.Add("a"), bench.Add("b", partition: 1));
        bench.Partition.Producers.Restore([new ProducerState(1_000, 4, new Timestamp(1), [new AppendedBatch(4, 0, 1, new Offset(0), new Timestamp(1))], Offset.None, false)], []);
        await bench.EndAsync(bench.Add("c"), bench.Add("d", partition: 1));
        Assert.Equal("1000:0:0 | 1001:0:0", await bench.StampsAsync());
        Assert.Equal("1000:0:0 | 1000:0:1", await AccumulatorBench.StampsAsync(bench.Cluster.Partition("t", 1)));
    });

    [Fact]
    public void Partitions_whose_epochs_are_used_up_share_a_new_id() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, Policy, partitions: 3);
        await bench.EndAsync([.. Enumerable.Range(0, 3).Select(partition => bench.Add("a", partition))]);
        for (var raises = 0; raises <= short.MaxValue; raises++)
        {
            bench.Accumulator(0).Sequence!.Raise();
            bench.Accumulator(1).Sequence!.Raise();
        }

        await bench.EndAsync([.. Enumerable.Range(0, 3).Select(partition => bench.Add("b", partition))]);
        Assert.Equal(2, bench.Cluster.ProducerIds);
        Assert.Equal("1000:0:0 | 1001:0:0", await AccumulatorBench.StampsAsync(bench.Cluster.Partition("t", 1)));
        Assert.Equal("1000:0:0 | 1000:0:1", await AccumulatorBench.StampsAsync(bench.Cluster.Partition("t", 2)));
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_cluster_that_does_not_support_producers_gets_batches_without(bool hasIds) => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, Policy, partitions: 2);
        (bench.Cluster.HasProducerIds, bench.Partition.SupportsProducers) = (hasIds, false);
        var start = time.GetUtcNow();
        await bench.EndAsync(bench.Add("a"));
        await bench.EndAsync(bench.Add("b"), bench.Add("c", partition: 1));
        Assert.Equal(start, time.GetUtcNow());
        Assert.Equal("-1:-1:-1 | -1:-1:-1", await bench.StampsAsync());
        Assert.Equal("-1:-1:-1", await AccumulatorBench.StampsAsync(bench.Cluster.Partition("t", 1)));

        // As before: what may be stored is not sent again.
        bench.Partition.AfterAppend = _ => throw new TimeoutException();
        var lost = bench.Add("d");
        await bench.EndAsync(lost);
        Assert.True(lost.Batch.Failure!.IsOutcomeUnknown);
        Assert.Equal("a | b | d", await bench.LogAsync());

        // It is upgraded.
        (bench.Cluster.HasProducerIds, bench.Partition.SupportsProducers, bench.Partition.AfterAppend) = (true, true, null);
        await time.Delay(IdempotentProducer.OffTime, default);
        await bench.EndAsync(bench.Add("e"));
        Assert.EndsWith("1000:0:0", await bench.StampsAsync(), StringComparison.Ordinal);
    });

    [Fact]
    public void All_partitions_wait_for_one_id_which_is_asked_for_until_there_is_one() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, Policy, partitions: 3);
        bench.Cluster.BeforeProducerId = async number =>
        {
            await time.Delay(TimeSpan.FromSeconds(1), default);
            return number switch
            {
                0 => ErrorCode.CoordinatorNotAvailable,
                1 => throw new TimeoutException(),
                _ => ErrorCode.None,
            };
        };
        var places = Enumerable.Range(0, 3).Select(partition => bench.Add("a", partition)).ToArray();
        await bench.EndAsync(places);
        Assert.All(places, place => Assert.Null(place.Batch.Failure));
        Assert.Equal(3, bench.Cluster.ProducerIds);
        Assert.Equal("1002:0:0", await bench.StampsAsync());
    });

    [Fact]
    public void Records_without_an_id_fail_with_the_delivery_timeout_and_were_not_sent() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, Policy);
        bench.Cluster.BeforeProducerId = _ => new TaskCompletionSource<ErrorCode>().Task;
        var start = time.GetUtcNow();
        var place = bench.Add("a");
        await bench.EndAsync(place);
        Assert.Equal((ErrorCode.CoordinatorNotAvailable, false), (place.Batch.Failure!.Code, place.Batch.Failure.IsOutcomeUnknown));
        Assert.Equal((TimeSpan.FromSeconds(30), 0), (time.GetUtcNow() - start, bench.Partition.Appends));
    });

    [Fact]
    public void Records_of_an_append_that_is_stored_in_two_parts_get_their_own_offsets() => VirtualTime.Run(async time =>
    {
        var bench = await AccumulatorBench.StartAsync(time, Policy);
        bench.Partition.AfterAppend = number =>
        {
            if (number == 0)
            {
                // Of an earlier attempt only the first batch became durable; then another producer came.
                using var builder = new RecordBatchBuilder { ProducerId = 1_000, ProducerEpoch = 0, BaseSequence = 1 };
                Assert.True(builder.Append(new Timestamp(1), default, true, Encoding.UTF8.GetBytes(_large), false, []));
                Assert.True(builder.Append(new Timestamp(1), default, true, Encoding.UTF8.GetBytes(_large), false, []));
                bench.Partition.Plant(builder.Build());
                bench.Partition.Plant(TestBatches.Of(1, "another's"));
            }

            return Task.CompletedTask;
        };
        var places = await GroupAsync(bench, time, _ => ErrorCode.None);
        await bench.EndAsync(places);
        Assert.Equal($"first | {_large} {_large} | another's | {_large} {_large} | last", await bench.LogAsync());
        Assert.Equal([0, 1, 2, 4, 5, 6], places.Select(place => place.Offset.Value));
    });

    /// <summary>Has a first append wait until three batches have gathered, which the second one carries.</summary>
    private static async Task<RecordPlace[]> GroupAsync(AccumulatorBench bench, ManualTime time, Func<int, ErrorCode> answer)
    {
        var gate = new Gate();
        bench.Partition.BeforeAppend = async number =>
        {
            await (number == 0 ? gate.Opened : Task.CompletedTask);
            return answer(number);
        };
        var first = bench.Add("first");
        await time.Delay(TimeSpan.FromSeconds(1), default);
        RecordPlace[] places = [first, .. bench.Add(_large, _large, _large, _large, "last")];
        gate.Open();
        return places;
    }

    private static byte[] Bytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
