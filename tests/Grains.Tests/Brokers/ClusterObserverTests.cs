using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Loire.Coordination.Brokers;
using Loire.Grains.Brokers;
using Loire.Grains.Interfaces.Partitions;
using Loire.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Grains.Tests.Brokers;

/// <summary>What a broker that runs learns from the registry.</summary>
public sealed class ClusterObserverTests
{
    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public async Task Batches_are_sent_in_the_form_of_the_cluster_s_feature_level(int level, bool isCompact)
    {
        var root = new StorageClusterRoot(new LossyGrainStorage());
        await root.CompareAndSwapAsync(BrokerRegistration.Key, null, BrokerRegistryCodec.Write(BrokerRegistry.Of("c", level)));
        var (form, health, time) = (new BatchBytesForm { IsCompact = false }, new ClusterHealth(), new ManualTime());
        using var meters = new Meters();
        var metrics = new ClusterMetrics(meters, health, new BrokerRegistration(root, new BrokerOptions(), time));
        var members = new Members();
        using var observer = new ClusterObserver(root, members, health, metrics, form, time, NullLogger<ClusterObserver>.Instance);
        await observer.StartAsync(default);
        await members.Observed.Task;
        await observer.StopAsync(default);
        Assert.Equal((level, isCompact), (health.FeatureLevel, form.IsCompact));
    }

    /// <summary>No members, told once.</summary>
    private sealed class Members : IClusterMembershipService
    {
        /// <summary>Completes when the observer has taken in what it was told.</summary>
        public TaskCompletionSource Observed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ClusterMembershipSnapshot CurrentSnapshot { get; } =
            new(ImmutableDictionary<SiloAddress, ClusterMember>.Empty, new MembershipVersion(1));

        public IAsyncEnumerable<ClusterMembershipSnapshot> MembershipUpdates => TellAsync(default);

        public ValueTask Refresh(MembershipVersion minimumVersion = default, CancellationToken cancellationToken = default) => default;

        public Task<bool> TryKill(SiloAddress siloAddress) => throw new NotSupportedException();

        private async IAsyncEnumerable<ClusterMembershipSnapshot> TellAsync([EnumeratorCancellation] CancellationToken cancellation)
        {
            yield return CurrentSnapshot;
            Observed.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
        }
    }
}
