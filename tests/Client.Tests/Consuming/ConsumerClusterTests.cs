using System.Collections.Concurrent;
using Loire.Client.Tests.Nodes;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Tests.Clusters;
using Loire.Model;
using Loire.TestKit;
using Orleans.TestingHost;

namespace Loire.Client.Tests.Consuming;

/// <summary>A consumer of several silos, some of which die.</summary>
public sealed class ConsumerClusterTests : IAsyncLifetime
{
    private const int Partitions = 6;

    private TestCluster _cluster = null!;

    public async Task InitializeAsync() => _cluster = await SharedStore.DeployAsync(3, new LossyGrainStorage());

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task Silos_die_and_come_back_and_everything_acknowledged_is_read_in_order()
    {
        var client = new LoireClient(_cluster.GrainFactory);
        var topic = await client.Admin.CreateTopicAsync(new NewTopic("t", Partitions));
        await using var consumer = client.CreateConsumer(new ConsumerOptions<Ignore, string> { AutoOffsetReset = OffsetSpec.Earliest });
        await consumer.AssignAsync(Enumerable.Range(0, Partitions).Select(partition => new TopicPartition("t", partition)));
        var read = new ConcurrentQueue<ConsumeResult<Ignore, string>>();
        using var stop = new CancellationTokenSource();
        var reading = Task.Run(async () =>
        {
            await foreach (var record in consumer.ConsumeAsync(stop.Token))
            {
                read.Enqueue(record);
            }
        });

        var acknowledged = new List<(int Partition, long Offset, string Value)>();
        var number = 0;
        for (var round = 0; round < 3; round++)
        {
            await ProduceAsync(200);
            await _cluster.KillSiloAsync(_cluster.SecondarySilos[round % _cluster.SecondarySilos.Count]);
            await ProduceAsync(200);
            await _cluster.StartAdditionalSiloAsync(startAdditionalSiloOnNewPort: true);
        }

        await ProduceAsync(200);
        var ends = await client.Admin.ListOffsetsAsync(
            Enumerable.Range(0, Partitions).Select(partition => KeyValuePair.Create(new TopicPartition("t", partition), OffsetSpec.Latest)));
        await Until(() => ends.All(end => consumer.Position(end.Key) >= end.Value) || reading.IsCompleted);
        await stop.CancelAsync();
        await reading;

        foreach (var partition in read.GroupBy(record => record.Partition))
        {
            Assert.Equal(Enumerable.Range(0, partition.Count()).Select(offset => new Offset(offset)), partition.Select(record => record.Offset));
        }

        var found = read.ToDictionary(record => (record.Partition, record.Offset), record => record.Value!);
        Assert.All(acknowledged, one => Assert.Equal(one.Value, found[(one.Partition, one.Offset)]));

        async Task ProduceAsync(int count)
        {
            for (var until = acknowledged.Count + count; acknowledged.Count < until; number++)
            {
                var partition = number % Partitions;
                var key = new PartitionKey(TopicName.Parse("t"), new TopicId(topic.Id), partition).ToString();
                try
                {
                    var result = await _cluster.GrainFactory.GetGrain<IPartitionGrain>(key)
                        .Append(new AppendRequest(ClientNode.Numbers(number, 1), Acks.All));
                    if (result.Error == ErrorCode.None)
                    {
                        acknowledged.Add((partition, result.BaseOffset.Value, $"{number}"));
                    }
                }
                catch (Exception exception) when (exception is OrleansException or TimeoutException or OperationCanceledException)
                {
                    // Nobody knows whether it is in the log.
                }
            }
        }
    }

    private static async Task Until(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!condition())
        {
            await Task.Delay(5, patience.Token);
        }
    }
}
