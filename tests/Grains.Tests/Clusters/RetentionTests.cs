using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Partitions;
using Loire.Grains.Turns;
using Loire.Model;
using Loire.TestKit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.TestingHost;

namespace Loire.Grains.Tests.Clusters;

/// <summary>Two brokers, whose partitions are closed.</summary>
public sealed class RetentionTests : IAsyncLifetime
{
    private const int Partitions = 6;

    private readonly InProcessTestCluster _cluster = BrokerCluster.Build(2, new LossyGrainStorage());

    private ITopicGrain Topic => _cluster.Client.GetGrain<ITopicGrain>("t");

    public Task InitializeAsync() => _cluster.DeployAsync();

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task Closed_partitions_of_all_brokers_delete_what_a_lower_limit_no_longer_keeps()
    {
        var topic = (await Topic.Create(new CreateTopicRequest(Partitions, -1, [new("retention.ms", "-1")], false))).Topic!;
        for (var partition = 0; partition < Partitions; partition++)
        {
            var grain = _cluster.Client.GetGrain<IPartitionGrain>(new PartitionKey(topic.Name, topic.Id, partition).ToString());
            Assert.Equal(ErrorCode.None, (await grain.Append(new AppendRequest(TestBatches.Of(1, "a", "b"), Acks.All))).Error);
        }

        await SweepAsync();
        Assert.All(await LogsAsync(), log => Assert.Equal((0, 2, true), (log.Start.Value, log.End.Value, log.IsOpen)));
        foreach (var active in _cluster.Silos.Select(silo => silo.ServiceProvider.GetRequiredService<ActiveDrivers>()))
        {
            foreach (var partition in active.OfType<PartitionDriver>().ToList())
            {
                await active.MoveAsync(partition);
            }
        }

        await SweepAsync();
        Assert.All(await LogsAsync(), log => Assert.Equal((0, 2, false), (log.Start.Value, log.End.Value, log.IsOpen)));
        Assert.Equal(ErrorCode.None, (await Topic.AlterConfigs(new AlterConfigsRequest([new("retention.ms", "1")], false))).Error);
        await SweepAsync();
        Assert.All(await LogsAsync(), log => Assert.Equal((2, 2), (log.Start.Value, log.End.Value)));
    }

    private async Task SweepAsync()
    {
        foreach (var silo in _cluster.Silos)
        {
            await silo.ServiceProvider.GetServices<IHostedService>().OfType<RetentionSweeps>().Single().SweepAsync(default);
        }
    }

    private async Task<IReadOnlyList<PartitionReport>> LogsAsync()
    {
        var logs = (await Topic.DescribeLogs()).Logs;
        Assert.Equal(Partitions, logs.Length);
        return [.. logs.Select(log => log.Report)];
    }
}
