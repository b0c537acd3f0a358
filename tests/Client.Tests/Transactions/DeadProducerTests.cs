using System.Diagnostics;
using System.Globalization;
using Loire.Client.Tests.Chaos;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Xunit.Abstractions;

namespace Loire.Client.Tests.Transactions;

/// <summary>Producers that vanish with a transaction open, which holds up the readers of what is committed.</summary>
public sealed class DeadProducerTests(ITestOutputHelper output)
{
    private const string Id = "dead";

    private static readonly TimeSpan TransactionTimeout = TimeSpan.FromSeconds(2);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_last_stable_offset_goes_on_after_the_transaction_timeout(bool coordinatorDies)
    {
        await using var cluster = new ChaosCluster(
            output.WriteLine, areBrokers: true, options => options.Transactions.SweepInterval = TimeSpan.FromSeconds(1));
        await cluster.StartAsync();
        var client = new LoireClient(cluster.Client);
        var topic = (await cluster.Client.GetGrain<ITopicGrain>("t").Create(new CreateTopicRequest(3, -1, [], false))).Topic!;
        var dead = client.CreateProducer(new ProducerOptions<string?, string> { TransactionalId = Id, TransactionTimeout = TransactionTimeout });
        var open = await dead.BeginTransactionAsync();
        await using var plain = client.CreateProducer<string?, string>();
        for (var partition = 0; partition < 3; partition++)
        {
            await open.ProduceAsync(new TopicPartition("t", partition), new Message<string?, string> { Value = "never" });
            await plain.ProduceAsync(new TopicPartition("t", partition), new Message<string?, string> { Value = "waits" });
            var bounds = await SettledLog.BoundsAsync(SettledLog.PartitionOf(cluster.Client, topic, partition));
            Assert.Equal((0, 2), (bounds.LastStable, bounds.HighWatermark));
        }

        var begun = Stopwatch.GetTimestamp();
        if (coordinatorDies)
        {
            var coordinator = await cluster.Client.GetGrain<IManagementGrain>(0)
                .GetActivationAddress(cluster.Client.GetGrain<ITransactionGrain>(Id));
            await cluster.KillAsync(coordinator!);
        }

        Assert.NotNull(await SettledLog.SettleAsync(cluster.Client, topic));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"nothing was open {Stopwatch.GetElapsedTime(begun).TotalSeconds:0.0} s after the producer had vanished"));
        var problems = new List<string>();
        Assert.All(await SettledLog.ReadAsync(cluster.Client, topic, problems), log => Assert.Equal(["waits"], log));
        Assert.Empty(problems);
    }
}
