using System.Buffers.Binary;
using System.Text;
using Loire.Client.Tests.Nodes;
using Loire.Edge.Scheduling;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.TestKit;
using Loire.TestKit.Fakes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Client.Tests.Consuming;

/// <summary>A consumer of grains that fail on command, in time that is not real.</summary>
public sealed class ConsumerFaultTests
{
    private static readonly TopicPartition Zero = new("t", 0);

    [Theory]
    [InlineData(ErrorCode.LeaderNotAvailable)]
    [InlineData(ErrorCode.NotLeaderOrFollower)]
    [InlineData(ErrorCode.UnknownTopicOrPartition)]
    [InlineData(ErrorCode.RequestTimedOut)]
    public void A_partition_that_is_out_of_reach_for_a_while_is_waited_for(ErrorCode error) => Run(async (cluster, client, time) =>
    {
        var partition = cluster.Partition("t", 0);
        partition.Plant(ClientNode.Numbers(0, 3));
        partition.BeforeFetch = (number, _) => Task.FromResult(number < 10 ? error : ErrorCode.None);
        await using var consumer = await ConsumerOf(client);
        var start = time.GetUtcNow();
        Assert.Equal([0, 1, 2], await Offsets(consumer, 3));

        // Ten pauses: 100, 200, 400, 800 ms and then a second each, of which at least half.
        Assert.InRange(time.GetUtcNow() - start, TimeSpan.FromSeconds(3.75), TimeSpan.FromSeconds(7.5));
    });

    [Fact]
    public void Calls_that_throw_are_made_again() => Run(async (cluster, client, _) =>
    {
        var partition = cluster.Partition("t", 0);
        partition.Plant(ClientNode.Numbers(0, 3));
        Exception[] failures = [new TimeoutException(), new OrleansException(), new OperationCanceledException(), new InvalidOperationException()];
        partition.BeforeFetch = (number, _) => number < failures.Length ? Task.FromException<ErrorCode>(failures[number]) : Task.FromResult(ErrorCode.None);
        await using var consumer = await ConsumerOf(client);
        Assert.Equal([0, 1, 2], await Offsets(consumer, 3));
    });

    [Fact]
    public void A_fetch_that_is_never_answered_is_given_up_and_made_again() => Run(async (cluster, client, time) =>
    {
        var partition = cluster.Partition("t", 0);
        partition.Plant(ClientNode.Numbers(0, 3));
        partition.BeforeFetch = (number, _) => number == 0 ? new TaskCompletionSource<ErrorCode>().Task : Task.FromResult(ErrorCode.None);
        await using var consumer = await ConsumerOf(client);
        var start = time.GetUtcNow();
        Assert.Equal([0, 1, 2], await Offsets(consumer, 3));
        Assert.InRange(time.GetUtcNow() - start, TimeSpan.FromSeconds(30.5), TimeSpan.FromSeconds(30.7));
    });

    [Fact]
    public void An_idle_partition_is_asked_less_and_less_often_and_its_next_record_comes_at_once() => Run(async (cluster, client, time) =>
    {
        var partition = cluster.Partition("t", 0);
        var waits = new List<double>();
        partition.BeforeFetch = (_, request) =>
        {
            waits.Add(request.MaxWait.TotalSeconds);
            return Task.FromResult(ErrorCode.None);
        };
        await using var consumer = await ConsumerOf(client);
        var next = Offsets(consumer, 1);
        await time.Delay(TimeSpan.FromSeconds(40), default);
        Assert.Equal([0.5, 1, 2, 4, 8, 10, 10, 10], waits);

        var appended = time.GetUtcNow();
        await partition.Append(new AppendRequest(ClientNode.Numbers(0, 1), Acks.All));
        Assert.Equal([0], await next);
        Assert.Equal(appended, time.GetUtcNow());
        Assert.Equal(0.5, waits[^1]);
    });

    [Fact]
    public void A_partition_that_stays_out_of_reach_ends_the_enumeration_and_the_next_one_goes_on() => Run(async (cluster, client, time) =>
    {
        var partition = cluster.Partition("t", 0);
        partition.Plant(ClientNode.Numbers(0, 3));
        await using var consumer = await ConsumerOf(client);
        Assert.Equal([0, 1], await Offsets(consumer, 2));
        await consumer.SeekAsync(Zero, OffsetSpec.At(2));
        partition.FetchError = ErrorCode.LeaderNotAvailable;
        await consumer.SeekAsync(Zero, OffsetSpec.At(2));
        var start = time.GetUtcNow();
        var failure = await Assert.ThrowsAsync<ConsumeException>(async () => await Offsets(consumer, 1));
        Assert.Equal((ErrorCode.LeaderNotAvailable, 2L, true), (failure.Code, failure.Position.Offset, failure.IsRetriable));
        Assert.InRange(time.GetUtcNow() - start, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(61.1));
        Assert.Equal(2, consumer.Position(Zero));
        partition.FetchError = null;
        Assert.Equal([2], await Offsets(consumer, 1));
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_position_beyond_the_end_is_reset_to_the_start_and_nothing_is_passed_over(bool inLists) => Run(async (cluster, client, _) =>
    {
        cluster.Partition("t", 0).Plant(ClientNode.Numbers(0, 20));
        await using var consumer = client.CreateConsumer(
            new ConsumerOptions<Ignore, string> { AutoOffsetReset = OffsetSpec.Earliest });
        await consumer.AssignAsync([new TopicPartitionOffset("t", 0, 100)]);
        var read = new List<Offset>();
        if (inLists)
        {
            using var end = new CancellationTokenSource();
            await foreach (var list in consumer.ConsumeBatchesAsync(end.Token))
            {
                read.AddRange(list.Select(record => record.Offset));
                end.Cancel();
            }
        }
        else
        {
            read.AddRange(await Offsets(consumer, 20));
        }

        Assert.Equal(Enumerable.Range(0, 20).Select(offset => new Offset(offset)), read);
        Assert.Equal(20, consumer.Position(Zero));
    });

    [Theory]
    [InlineData("earliest", 10)]
    [InlineData("latest", 20)]
    [InlineData("none", null)]
    public void An_offset_that_does_not_exist_any_more_is_reset_as_the_options_say(string rule, int? expected) =>
        Run(async (cluster, client, _) =>
        {
            Assert.True(OffsetSpec.TryParse(rule, out var reset));
            var partition = cluster.Partition("t", 0);
            partition.Plant(ClientNode.Numbers(0, 10));
            partition.Plant(ClientNode.Numbers(10, 10));
            partition.LogStart = new Offset(10);
            await using var consumer = client.CreateConsumer(new ConsumerOptions<Ignore, string> { AutoOffsetReset = reset });
            await consumer.AssignAsync([new TopicPartitionOffset("t", 0, 5)]);
            if (expected is null)
            {
                var failure = await Assert.ThrowsAsync<ConsumeException>(async () => await Offsets(consumer, 1));
                Assert.Equal((ErrorCode.OffsetOutOfRange, 5L), (failure.Code, failure.Position.Offset));
                return;
            }

            partition.BeforeFetch = (_, request) =>
            {
                if (request.From.Value == 20)
                {
                    partition.BeforeFetch = null;
                    partition.Plant(ClientNode.Numbers(20, 1));
                }

                return Task.FromResult(ErrorCode.None);
            };
            Assert.Equal([expected.Value], await Offsets(consumer, 1));
        });

    [Fact]
    public void A_topic_that_was_deleted_is_no_reason_to_wait() => Run(async (cluster, client, time) =>
    {
        var topic = cluster.AddTopic("t");
        await using var consumer = await ConsumerOf(client);
        topic.Forget();
        cluster.Partition("t", 0).FetchError = ErrorCode.UnknownTopicOrPartition;
        var start = time.GetUtcNow();
        var failure = await Assert.ThrowsAsync<ConsumeException>(async () => await Offsets(consumer, 1));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, failure.Code);
        Assert.InRange(time.GetUtcNow() - start, TimeSpan.Zero, TimeSpan.FromSeconds(1));
    });

    [Fact]
    public void A_topic_that_was_created_anew_is_an_error_until_it_is_assigned_again() => Run(async (cluster, client, time) =>
    {
        var topic = cluster.AddTopic("t");
        cluster.Partition("t", 0).Plant(ClientNode.Numbers(0, 3));
        await using var consumer = await ConsumerOf(client);
        Assert.Equal([0, 1, 2], await Offsets(consumer, 3));
        cluster.Partition("t", 0).FetchError = ErrorCode.UnknownTopicId;
        topic.Recreate(1);
        cluster.Partition("t", 0).Time = time;
        cluster.Partition("t", 0).Plant(ClientNode.Numbers(0, 1));
        var failure = await Assert.ThrowsAsync<ConsumeException>(async () => await Offsets(consumer, 1));
        Assert.Equal((ErrorCode.InconsistentTopicId, 3L), (failure.Code, failure.Position.Offset));
        await consumer.AssignAsync([Zero]);
        Assert.Equal([0], await Offsets(consumer, 1));
    });

    [Fact]
    public void A_damaged_batch_is_fetched_again_and_can_be_gone_round() => Run(async (cluster, client, _) =>
    {
        var partition = cluster.Partition("t", 0);
        partition.Plant(ClientNode.Numbers(0, 3));
        var damaged = ClientNode.Numbers(3, 3).ToArray();
        damaged[^1] ^= 1;
        partition.Plant(damaged);
        partition.Plant(ClientNode.Numbers(6, 3));
        await using var consumer = await ConsumerOf(client);
        Assert.Equal([0, 1, 2], await Offsets(consumer, 3));
        var fetches = partition.Fetches;
        for (var again = 0; again < 2; again++)
        {
            var failure = await Assert.ThrowsAsync<ConsumeException>(async () => await Offsets(consumer, 1));
            Assert.Equal((ErrorCode.CorruptMessage, 3L), (failure.Code, failure.Position.Offset));
            Assert.Contains("Seek to 6", failure.Message, StringComparison.Ordinal);
        }

        Assert.True(partition.Fetches > fetches);
        await consumer.SeekAsync(Zero, OffsetSpec.At(6));
        Assert.Equal([6, 7, 8], await Offsets(consumer, 3));
    });

    [Fact]
    public void A_list_ends_before_a_batch_that_cannot_be_read() => Run(async (cluster, client, _) =>
    {
        var partition = cluster.Partition("t", 0);
        partition.Plant(ClientNode.Numbers(0, 3));
        var damaged = ClientNode.Numbers(3, 3).ToArray();
        damaged[^1] ^= 1;
        partition.Plant(damaged);
        await using var consumer = await ConsumerOf(client);
        var lists = consumer.ConsumeBatchesAsync().GetAsyncEnumerator();
        Assert.True(await lists.MoveNextAsync());
        Assert.Equal(3, lists.Current.Count);
        await Assert.ThrowsAsync<ConsumeException>(async () => await lists.MoveNextAsync());
        Assert.Equal(3, consumer.Position(Zero));
    });

    [Fact]
    public void Control_batches_are_passed_over_and_the_position_with_them() => Run(async (cluster, client, _) =>
    {
        var partition = cluster.Partition("t", 0);
        partition.Plant(ClientNode.Numbers(0, 2));
        partition.Plant(Control(ClientNode.Numbers(2, 1)));
        partition.Plant(ClientNode.Numbers(3, 2));
        partition.Plant(Control(ClientNode.Numbers(5, 1)));
        await using var consumer = await ConsumerOf(client);
        Assert.Equal([0, 1, 3, 4], await Offsets(consumer, 4));
        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(1), TheTime(cluster));
        await foreach (var record in consumer.ConsumeAsync(end.Token))
        {
            Assert.Fail($"{record.Offset} should not be there.");
        }

        Assert.Equal(6, consumer.Position(Zero));
    });

    [Fact]
    public void A_fetch_that_a_seek_overtakes_counts_for_nothing_whichever_step_it_had_reached() => Run(async (cluster, client, _) =>
    {
        var partition = cluster.Partition("t", 0);
        partition.Plant(ClientNode.Numbers(0, 5));
        partition.Plant(ClientNode.Numbers(5, 5));
        for (var steps = 0; steps < 20; steps++)
        {
            var answer = new TaskCompletionSource<ErrorCode>();
            partition.BeforeFetch = (_, request) => request.From.Value == 5 ? answer.Task : Task.FromResult(ErrorCode.None);
            await using var consumer = await ConsumerOf(client);
            await consumer.AssignAsync([new TopicPartitionOffset("t", 0, 5)]);
            var fetches = partition.Fetches;
            while (partition.Fetches == fetches)
            {
                await Task.Yield();
            }

            answer.SetResult(ErrorCode.None);
            for (var step = 0; step < steps; step++)
            {
                await Task.Yield();
            }

            await consumer.SeekAsync(Zero, OffsetSpec.At(0));
            Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], await Offsets(consumer, 10));
        }
    });

    [Fact]
    public void No_more_is_fetched_ahead_than_fits() => Run(async (cluster, client, time) =>
    {
        var partition = cluster.Partition("t", 0);
        var batch = ClientNode.Numbers(0, 100);
        for (var i = 0; i < 100; i++)
        {
            partition.Plant(batch);
        }

        await using var consumer = client.CreateConsumer(new ConsumerOptions<Ignore, string>
        {
            AutoOffsetReset = OffsetSpec.Earliest,
            MaxPartitionFetchBytes = batch.Length,
            MaxBufferedBytesPerPartition = batch.Length * 4,
        });
        await consumer.AssignAsync([Zero]);
        await Task.Delay(TimeSpan.FromMinutes(1), time);
        Assert.Equal(4, partition.Fetches);
        Assert.Equal(10_000, (await Offsets(consumer, 10_000)).Count);
    });

    [Fact]
    public void A_record_that_cannot_be_deserialized_is_not_lost_and_can_be_passed() => Run(async (cluster, client, _) =>
    {
        var partition = cluster.Partition("t", 0);
        partition.Plant(TestBatches.Of(0, "1234", "5678", "poison", "1234"));
        foreach (var lists in new[] { false, true })
        {
            await using var consumer = client.CreateConsumer(new ConsumerOptions<Null, int> { AutoOffsetReset = OffsetSpec.Earliest });
            await consumer.AssignAsync([Zero]);
            for (var again = 0; again < 2; again++)
            {
                var read = 0;
                var failure = await Assert.ThrowsAsync<SerializationException>(async () =>
                {
                    if (lists)
                    {
                        await foreach (var list in consumer.ConsumeBatchesAsync())
                        {
                            read += list.Count;
                        }
                    }
                    else
                    {
                        await foreach (var record in consumer.ConsumeAsync())
                        {
                            read++;
                        }
                    }
                });
                Assert.Equal(again == 0 ? 2 : 0, read);
                Assert.Equal(new TopicPartitionOffset("t", 0, 2), failure.Position);
                Assert.Equal((MessageComponent.Value, "poison"), (failure.Component, Encoding.UTF8.GetString(failure.Raw!.Value!)));
                Assert.Contains("t-0@2", failure.Message, StringComparison.Ordinal);
                Assert.Equal(2, consumer.Position(Zero));
            }

            await consumer.SeekAsync(Zero, OffsetSpec.At(3));
            Assert.Equal([3], await Offsets(consumer, 1));
        }
    });

    [Fact]
    public void Null_is_no_number() => Run(async (cluster, client, _) =>
    {
        using var builder = new Model.Batches.RecordBatchBuilder();
        builder.Append(Timestamp.None, default, true, default, true);
        cluster.Partition("t", 0).Plant(builder.Build());
        await using var consumer = client.CreateConsumer(new ConsumerOptions<int?, int> { AutoOffsetReset = OffsetSpec.Earliest });
        await consumer.AssignAsync([Zero]);
        var failure = await Assert.ThrowsAsync<SerializationException>(async () => await Offsets(consumer, 1));
        Assert.Contains("Int32?", failure.Message, StringComparison.Ordinal);
        await using var nullable = client.CreateConsumer(new ConsumerOptions<int?, int?> { AutoOffsetReset = OffsetSpec.Earliest });
        await nullable.AssignAsync([Zero]);
        Assert.Equal([0], await Offsets(nullable, 1));
    });

    private static async Task<IConsumer<Ignore, string>> ConsumerOf(LoireClient client)
    {
        var consumer = client.CreateConsumer(new ConsumerOptions<Ignore, string> { AutoOffsetReset = OffsetSpec.Earliest });
        await consumer.AssignAsync([Zero]);
        return consumer;
    }

    private static async Task<List<Offset>> Offsets<TKey, TValue>(IConsumer<TKey, TValue> consumer, int count)
    {
        var offsets = new List<Offset>();
        await foreach (var record in consumer.ConsumeAsync())
        {
            offsets.Add(record.Offset);
            if (offsets.Count == count)
            {
                break;
            }
        }

        return offsets;
    }

    // As a broker would write a marker: the bit is set, and the checksum fits.
    private static byte[] Control(ReadOnlyMemory<byte> batch)
    {
        var bytes = batch.ToArray();
        bytes[22] |= 0b0010_0000;
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(17), Crc32C(bytes.AsSpan(21)));
        return bytes;
    }

    private static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var one in bytes)
        {
            crc = System.Numerics.BitOperations.Crc32C(crc, one);
        }

        return ~crc;
    }

    private static TimeProvider TheTime(FakeCluster cluster) => cluster.Partition("t", 0).Time;

    private static void Run(Func<FakeCluster, LoireClient, ManualTime, Task> test) => VirtualTime.Run(async time =>
    {
        var cluster = new FakeCluster();
        cluster.AddTopic("t");
        cluster.Partition("t", 0).Time = time;
        var background = new BackgroundWork(SynchronizationContext.Current);
        await test(cluster, new LoireClient(cluster.Factory, time, NullLoggerFactory.Instance, new Random(1), background), time);
    });
}
