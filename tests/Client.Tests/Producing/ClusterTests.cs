using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Tests.Clusters;
using Loire.Model;
using Loire.Model.Batches;
using Loire.TestKit;
using Orleans.TestingHost;
using static Loire.Client.Tests.Producing.ProducerBench;

namespace Loire.Client.Tests.Producing;

public sealed class ClusterTests
{
    [Fact]
    public async Task A_silo_is_killed_under_ten_thousand_records_and_each_is_acknowledged_and_stored_once_in_order()
    {
        const int Records = 10_000, Partitions = 4;
        await using var cluster = await SharedStore.DeployAsync(
            3, new LossyGrainStorage(), build: builder => builder.AddSiloBuilderConfigurator<Broker>());
        var grains = cluster.GrainFactory;
        var topic = (await grains.GetGrain<ITopicGrain>("t").Create(new CreateTopicRequest(Partitions, -1, [], false))).Topic!;
        await using var producer = new LoireClient(grains).CreateProducer(new ProducerOptions<string, string>
        {
            BatchSize = 1_024,
            Partitioner = Partitioners.RoundRobin(),
        });
        await producer.ProduceBatchAsync("t", [.. Enumerable.Range(0, Partitions).Select(i => Value($"warm {i}"))]);

        var calls = new Task<ProduceOutcome>[Records];
        for (var i = 0; i < Records; i++)
        {
            calls[i] = producer.TryProduceAsync("t", Value($"{i}")).AsTask();
            if (i == Records / 2)
            {
                // The first half is under way or answered.
                await cluster.KillSiloAsync(cluster.SecondarySilos[0]);
            }
        }

        var outcomes = await Task.WhenAll(calls);
        var logs = new string[Partitions][];
        for (var i = 0; i < Partitions; i++)
        {
            logs[i] = await ProducerBench.Log(grains.GetGrain<IPartitionGrain>(new PartitionKey(topic.Name, topic.Id, i).ToString()));
        }

        Assert.All(outcomes, outcome => Assert.Null(outcome.Failure));
        Assert.Equal(Enumerable.Range(0, Records), Numbers(logs.SelectMany(log => log)).Order());
        for (var i = 0; i < Records; i++)
        {
            Assert.Equal($"{i}", logs[outcomes[i].Result.Partition][outcomes[i].Result.Offset.Value]);
        }

        foreach (var log in logs)
        {
            Assert.Equal(Numbers(log).Order(), Numbers(log));
        }

        // The feature level that idempotence needs is one of brokers.
        Assert.All(await StampsAsync(grains, topic), producer => Assert.InRange(producer, 0, long.MaxValue));

        // The producer goes on.
        Assert.All(
            await producer.ProduceBatchAsync("t", [.. Enumerable.Range(0, Partitions).Select(i => Value($"warm {i}"))]),
            outcome => Assert.True(outcome.IsDelivered));
    }

    private static IEnumerable<int> Numbers(IEnumerable<string> log) =>
        log.Where(value => !value.StartsWith("warm", StringComparison.Ordinal)).Select(int.Parse);

    private static async Task<long[]> StampsAsync(IGrainFactory grains, TopicDescription topic)
    {
        var producers = new long[topic.PartitionsCount];
        for (var i = 0; i < producers.Length; i++)
        {
            var partition = grains.GetGrain<IPartitionGrain>(new PartitionKey(topic.Name, topic.Id, i).ToString());
            var bytes = TestBatches.Join((await partition.Fetch(new FetchRequest(Offset.Zero, 1, 0, TimeSpan.Zero), default)).Batches);
            Assert.Equal(ErrorCode.None, RecordBatch.TryRead(bytes, out var batch));
            producers[i] = batch.ProducerId;
        }

        return producers;
    }

    /// <summary>Makes each silo a broker with an id of its own.</summary>
    private sealed class Broker : ISiloConfigurator
    {
        private static int _brokers;

        public void Configure(ISiloBuilder siloBuilder)
        {
            var id = Interlocked.Increment(ref _brokers);
            siloBuilder.AddLoireBroker(broker => (broker.Id, broker.IsAlone) = (id, false));
        }
    }
}
