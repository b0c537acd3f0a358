using System.Buffers;
using System.Diagnostics.Metrics;
using Loire.Client.Tests.Nodes;
using Loire.Edge.Scheduling;
using Loire.Model;
using Loire.TestKit;
using Loire.TestKit.Fakes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Client.Tests.Consuming;

/// <summary>How an enumeration ends, and what goes on after it.</summary>
public sealed class ConsumerEndTests
{
    private static readonly TopicPartition Zero = new("t", 0);

    [Fact]
    public void Cancelling_while_nothing_comes_ends_it_cleanly() => Run(async (cluster, client, time) =>
    {
        await using var consumer = await ConsumerOf(client);
        foreach (var lists in new[] { false, true })
        {
            using var end = new CancellationTokenSource(TimeSpan.FromSeconds(3), time);
            Assert.Equal(0, await CountAsync(consumer, lists, end.Token));
            Assert.True(end.IsCancellationRequested);
        }
    });

    [Fact]
    public void Cancelling_with_records_at_hand_ends_it_before_the_next_one() => Run(async (cluster, client, _) =>
    {
        cluster.Partition("t", 0).Plant(ClientNode.Numbers(0, 10));
        await using var consumer = await ConsumerOf(client);
        using var end = new CancellationTokenSource();
        var read = 0;
        await foreach (var record in consumer.ConsumeAsync(end.Token))
        {
            if (++read == 3)
            {
                await end.CancelAsync();
            }
        }

        Assert.Equal((3, 3L), (read, consumer.Position(Zero)));
        Assert.Equal(0, await CountAsync(consumer, false, end.Token));
        Assert.Equal(3, (await First(consumer)).Offset);
    });

    [Fact]
    public void Cancelling_within_a_slow_deserializer_loses_nothing() => Run(async (cluster, client, time) =>
    {
        cluster.Partition("t", 0).Plant(ClientNode.Numbers(0, 10));
        cluster.Partition("t", 0).Plant(ClientNode.Numbers(10, 10));
        var slow = new SlowDeserializer(time);
        await using var consumer = client.CreateConsumer(
            new ConsumerOptions<Ignore, string> { AutoOffsetReset = OffsetSpec.Earliest, AsyncValueDeserializer = slow });
        await consumer.AssignAsync([Zero]);
        foreach (var lists in new[] { false, true })
        {
            await consumer.SeekAsync(Zero, OffsetSpec.At(0));
            using var end = new CancellationTokenSource(TimeSpan.FromSeconds(14.5), time);
            var expected = lists ? 0 : 14;
            Assert.Equal(expected, await CountAsync(consumer, lists, end.Token));
            Assert.Equal(expected, consumer.Position(Zero));
            Assert.Equal(expected, (await First(consumer)).Offset);
        }
    });

    [Fact]
    public void A_seek_during_a_slow_deserializer_drops_the_record() => Run(async (cluster, client, time) =>
    {
        cluster.Partition("t", 0).Plant(ClientNode.Numbers(0, 10));
        await using var consumer = client.CreateConsumer(new ConsumerOptions<Ignore, string>
        {
            AutoOffsetReset = OffsetSpec.Earliest,
            AsyncValueDeserializer = new SlowDeserializer(time),
        });
        await consumer.AssignAsync([Zero]);
        foreach (var lists in new[] { false, true })
        {
            await consumer.SeekAsync(Zero, OffsetSpec.At(0));
            var next = lists ? FirstOfList(consumer) : First(consumer);
            await Task.Delay(TimeSpan.FromSeconds(0.5), time);
            await consumer.SeekAsync(Zero, OffsetSpec.At(5));
            Assert.Equal(5, (await next).Offset);
        }
    });

    [Fact]
    public void Pausing_in_the_middle_of_a_list_loses_nothing() => Run(async (cluster, client, time) =>
    {
        cluster.Partition("t", 0).Plant(ClientNode.Numbers(0, 3));
        cluster.Partition("t", 0).Plant(ClientNode.Numbers(3, 3));
        await using var consumer = client.CreateConsumer(new ConsumerOptions<Ignore, string>
        {
            AutoOffsetReset = OffsetSpec.Earliest,
            AsyncValueDeserializer = new SlowDeserializer(time),
        });
        await consumer.AssignAsync([Zero]);
        var list = FirstOfList(consumer);
        await Task.Delay(TimeSpan.FromSeconds(4.5), time);
        consumer.Pause([Zero]);
        await Task.Delay(TimeSpan.FromMinutes(1), time);
        Assert.False(list.IsCompleted);
        Assert.Equal(0, consumer.Position(Zero));
        consumer.Resume([Zero]);
        Assert.Equal(0, (await list).Offset);
        Assert.Equal(6, consumer.Position(Zero));
    });

    [Fact]
    public void Only_one_enumeration_may_be_under_way() => Run(async (cluster, client, time) =>
    {
        await using var consumer = await ConsumerOf(client);
        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(1), time);
        var first = CountAsync(consumer, false, end.Token);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await CountAsync(consumer, true, default));
        Assert.Equal(0, await first);
    });

    [Fact]
    public void Disposing_ends_fetches_and_an_enumeration_at_once() => Run(async (cluster, client, time) =>
    {
        var consumer = await ConsumerOf(client);
        var waiting = CountAsync(consumer, false, default);
        await Task.Delay(TimeSpan.FromMilliseconds(50), time);
        Assert.Equal(1, cluster.Partition("t", 0).Parked);
        var now = time.GetUtcNow();
        await consumer.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
        Assert.Equal(now, time.GetUtcNow());
        await Task.Delay(TimeSpan.FromTicks(1), time);
        Assert.Equal(0, cluster.Partition("t", 0).Parked);
        var fetches = cluster.Partition("t", 0).Fetches;
        await Task.Delay(TimeSpan.FromMinutes(1), time);
        Assert.Equal(fetches, cluster.Partition("t", 0).Fetches);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => CountAsync(consumer, false, default));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await consumer.AssignAsync([Zero]));
        Assert.Throws<ObjectDisposedException>(() => consumer.Pause([Zero]));
        await consumer.DisposeAsync();
    });

    [Fact]
    public void Disposing_between_two_records_ends_the_enumeration() => Run(async (cluster, client, _) =>
    {
        cluster.Partition("t", 0).Plant(ClientNode.Numbers(0, 10));
        var consumer = await ConsumerOf(client);
        var read = 0;
        await Assert.ThrowsAsync<ObjectDisposedException>(async () =>
        {
            await foreach (var _ in consumer.ConsumeAsync())
            {
                read++;
                await consumer.DisposeAsync();
            }
        });
        Assert.Equal(1, read);
    });

    [Fact]
    public void Records_are_counted_only_while_somebody_listens_and_each_once()
    {
        using var meters = new Meters();
        Run(
            async (cluster, client, _) =>
            {
                cluster.AddTopic("counted");
                cluster.Partition("counted", 0).Plant(ClientNode.Numbers(0, 10));
                cluster.Partition("counted", 0).Plant(ClientNode.Numbers(10, 5));
                var counted = 0L;
                using var listener = new MeterListener
                {
                    InstrumentPublished = (instrument, listener) =>
                    {
                        if (instrument.Name == "messaging.client.consumed.messages" && meters.Made.Contains(instrument.Meter))
                        {
                            listener.EnableMeasurementEvents(instrument);
                        }
                    },
                };
                listener.SetMeasurementEventCallback<long>((_, count, _, _) => counted += count);
                listener.Start();
                await using var consumer = client.CreateConsumer(new ConsumerOptions<Ignore, string> { AutoOffsetReset = OffsetSpec.Earliest });
                await consumer.AssignAsync([new TopicPartition("counted", 0)]);
                for (var read = 0; read < 13; read++)
                {
                    await First(consumer);
                }

                Assert.Equal(13, counted);
            },
            meters);
    }

    private static async Task<IConsumer<Ignore, string>> ConsumerOf(LoireClient client)
    {
        var consumer = client.CreateConsumer(new ConsumerOptions<Ignore, string> { AutoOffsetReset = OffsetSpec.Earliest });
        await consumer.AssignAsync([Zero]);
        return consumer;
    }

    private static async Task<ConsumeResult<Ignore, string>> First(IConsumer<Ignore, string> consumer)
    {
        await foreach (var record in consumer.ConsumeAsync())
        {
            return record;
        }

        throw new InvalidOperationException("It ended.");
    }

    private static async Task<ConsumeResult<Ignore, string>> FirstOfList(IConsumer<Ignore, string> consumer)
    {
        await foreach (var list in consumer.ConsumeBatchesAsync())
        {
            return list[0];
        }

        throw new InvalidOperationException("It ended.");
    }

    private static async Task<int> CountAsync(IConsumer<Ignore, string> consumer, bool lists, CancellationToken cancellation)
    {
        var count = 0;
        if (lists)
        {
            await foreach (var list in consumer.ConsumeBatchesAsync(cancellation))
            {
                count += list.Count;
            }
        }
        else
        {
            await foreach (var _ in consumer.ConsumeAsync(cancellation))
            {
                count++;
            }
        }

        return count;
    }

    private static void Run(Func<FakeCluster, LoireClient, ManualTime, Task> test, Meters? meters = null) => VirtualTime.Run(async time =>
    {
        var cluster = new FakeCluster();
        cluster.AddTopic("t");
        cluster.Partition("t", 0).Time = time;
        var background = new BackgroundWork(SynchronizationContext.Current);
        await test(cluster, new LoireClient(cluster.Factory, time, NullLoggerFactory.Instance, new Random(1), background, meters), time);
    });

    /// <summary>Takes a second for each record.</summary>
    private sealed class SlowDeserializer(ManualTime time) : IAsyncDeserializer<string>
    {
        public async ValueTask<string> DeserializeAsync(
            ReadOnlySequence<byte> data, SerializationContext context, CancellationToken cancellation)
        {
            await time.Delay(TimeSpan.FromSeconds(1), cancellation);
            return Deserializers.For<string>().Deserialize(data, context);
        }
    }
}
