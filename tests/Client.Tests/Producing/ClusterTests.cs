using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Tests.Clusters;
using Loire.Model;
using Loire.TestKit;
using static Loire.Client.Tests.Producing.ProducerBench;

namespace Loire.Client.Tests.Producing;

public sealed class ClusterTests
{
    [Fact]
    public async Task A_silo_is_killed_under_ten_thousand_records_and_each_ends_in_the_log_once_or_with_an_error()
    {
        const int Records = 10_000, Partitions = 4;
        await using var cluster = await SharedStore.DeployAsync(3, new LossyGrainStorage());
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

        var times = logs.SelectMany(log => log).CountBy(value => value).ToDictionary();
        for (var i = 0; i < Records; i++)
        {
            var (result, failure) = outcomes[i];
            var count = times.GetValueOrDefault($"{i}");
            if (failure is null)
            {
                Assert.Equal(1, count);
                Assert.Equal($"{i}", logs[result.Partition][result.Offset.Value]);
            }
            else
            {
                Assert.InRange(count, 0, ((ProduceException)failure).IsOutcomeUnknown ? 1 : 0);
            }
        }

        foreach (var log in logs)
        {
            var numbers = log.Where(value => !value.StartsWith("warm", StringComparison.Ordinal)).Select(int.Parse).ToArray();
            Assert.Equal(numbers.Order(), numbers);
        }

        // The producer goes on.
        Assert.All(
            await producer.ProduceBatchAsync("t", [.. Enumerable.Range(0, Partitions).Select(i => Value($"warm {i}"))]),
            outcome => Assert.True(outcome.IsDelivered));
    }
}
