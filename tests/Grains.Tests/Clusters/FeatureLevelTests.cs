using Loire.Coordination.Brokers;
using Loire.Grains.Brokers;
using Loire.Grains.Interfaces.Brokers;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Model;
using Loire.TestKit;
using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;

namespace Loire.Grains.Tests.Clusters;

/// <summary>Two brokers of this version in a store of feature level 0.</summary>
public sealed class FeatureLevelTests : IAsyncLifetime
{
    private const int Partitions = 4;

    private readonly LossyGrainStorage _store = new();
    private readonly InProcessTestCluster _cluster;

    public FeatureLevelTests() => _cluster = BrokerCluster.Build(2, _store, broker => broker.Version = "1.0.0");

    private IClusterGrain Cluster => _cluster.Client.GetGrain<IClusterGrain>(IClusterGrain.Key);

    public async Task InitializeAsync()
    {
        await new StorageClusterRoot(_store).CompareAndSwapAsync(
            BrokerRegistration.Key, null, BrokerRegistryCodec.Write(BrokerRegistry.Of("loire", 0)));
        await _cluster.DeployAsync();
    }

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task Topics_record_preferred_leaders_once_the_level_is_raised_and_not_before()
    {
        var before = await CreateAsync("before");
        Assert.Empty(before.PreferredLeaders!);
        Assert.Empty((await Topic("before").Rebalance(validateOnly: false)).Topic!.PreferredLeaders!);
        Assert.Equal(0, (await Cluster.Describe()).FeatureLevel);
        Assert.All(_cluster.Silos, silo => Assert.False(FormOf(silo).IsCompact));

        Assert.Equal(new UpgradeClusterResult(ErrorCode.None, null, 0, FeatureLevels.Highest), await Cluster.Upgrade(null, validateOnly: true));
        Assert.Equal(0, (await Cluster.Describe()).FeatureLevel);
        Assert.Equal(new UpgradeClusterResult(ErrorCode.None, null, 0, FeatureLevels.Highest), await Cluster.Upgrade(null, validateOnly: false));

        foreach (var name in (string[])["after-1", "after-2", "after-3", "after-4"])
        {
            Assert.Equal([2, 2], (await CreateAsync(name)).PreferredLeaders!.CountBy(leader => leader).Select(pair => pair.Value));
        }

        Assert.Equal(Partitions, (await Topic("before").Rebalance(validateOnly: false)).Topic!.PreferredLeaders!.Length);
        var described = await Cluster.Describe();
        Assert.Equal(FeatureLevels.Highest, described.FeatureLevel);
        Assert.All(described.Brokers, broker => Assert.Equal((FeatureLevels.Supported, "1.0.0"), (broker.Features, broker.Version)));
    }

    [Fact]
    public async Task A_broker_that_starts_at_level_1_sends_batches_in_its_form()
    {
        Assert.Equal(1, (await Cluster.Upgrade(1, validateOnly: false)).After);
        Assert.True(FormOf(await _cluster.StartAdditionalSiloAsync()).IsCompact);
    }

    [Fact]
    public async Task A_broker_of_a_version_without_levels_is_named_and_can_be_removed_at_level_0()
    {
        var root = new StorageClusterRoot(_store);
        var earlier = new BrokerRecord(7, 1, BrokerPhase.Running, null, null, "S127.0.0.1:1:1", "0.9.0", new Timestamp(1));
        var registry = await BrokerRegistration.ReadAsync(root);
        Assert.True(await root.CompareAndSwapAsync(
            BrokerRegistration.Key, (await root.ReadAsync(BrokerRegistration.Key)).Version, BrokerRegistryCodec.Write(registry!.With(earlier))));

        var refused = await Cluster.Upgrade(1, validateOnly: false);
        Assert.Equal(
            new UpgradeClusterResult(
                ErrorCode.FeatureUpdateFailed,
                "Version 0.9.0 of broker 7 has no feature levels. Start the broker with a later version, or remove it.",
                0,
                0),
            refused);
        Assert.Equal([true, true, false], (await Cluster.Describe()).Brokers.Select(broker => broker.Features is not null));
        Assert.Equal(ErrorCode.None, await Cluster.Remove(7));
        Assert.Equal(1, (await Cluster.Upgrade(1, validateOnly: false)).After);
    }

    private static BatchBytesForm FormOf(InProcessSiloHandle silo) => silo.ServiceProvider.GetRequiredService<BatchBytesForm>();

    private ITopicGrain Topic(string name) => _cluster.Client.GetGrain<ITopicGrain>(name);

    private async Task<TopicDescription> CreateAsync(string name) =>
        (await Topic(name).Create(new CreateTopicRequest(Partitions, -1, [], false))).Topic!;
}
