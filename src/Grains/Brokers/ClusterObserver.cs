using System.Collections.Immutable;
using Loire.Coordination.Brokers;
using Loire.Grains.Interfaces.Partitions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Brokers;

/// <summary>
/// Keeps <see cref="ClusterHealth"/> and <see cref="ClusterMetrics"/> up to date: it reads the registry of brokers whenever the membership changes, and now and
/// then, because a broker that starts or is removed changes only the registry. A raised feature level takes effect on messages with it.
/// </summary>
internal sealed partial class ClusterObserver(
    IClusterRoot root, IClusterMembershipService membership, ClusterHealth health, ClusterMetrics metrics, BatchBytesForm form, TimeProvider time,
    ILogger<ClusterObserver> logger)
    : BackgroundService
{
    // One read of a small object.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Task.WhenAll(FollowAsync(stoppingToken), RepeatAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task FollowAsync(CancellationToken stop)
    {
        var known = ImmutableDictionary<SiloAddress, SiloStatus>.Empty;
        await foreach (var view in membership.MembershipUpdates.WithCancellation(stop))
        {
            var registry = await ReadAsync(view);
            var died = view.Members.Values.Where(member => member.Status == SiloStatus.Dead
                && known.GetValueOrDefault(member.SiloAddress) is SiloStatus.Joining or SiloStatus.Active
                && registry?.Brokers.Values.Any(broker => broker.Phase == BrokerPhase.Stopped && broker.Silo == member.SiloAddress.ToParsableString()) != true);
            metrics.Changed(died.Count());
            known = view.Members.ToImmutableDictionary(member => member.Key, member => member.Value.Status);
        }
    }

    private async Task RepeatAsync(CancellationToken stop)
    {
        while (true)
        {
            await Task.Delay(Interval, time, stop);
            await ReadAsync(membership.CurrentSnapshot);
        }
    }

    private async Task<BrokerRegistry?> ReadAsync(ClusterMembershipSnapshot view)
    {
        try
        {
            var registry = await BrokerRegistration.ReadAsync(root);
            form.IsCompact |= registry?.FeatureLevel >= FeatureLevels.CompactBatches;
            health.Update(registry?.FeatureLevel, (registry?.Brokers ?? ImmutableSortedDictionary<int, BrokerRecord>.Empty)
                .Where(broker => broker.Value.Phase != BrokerPhase.Removed)
                .ToImmutableSortedDictionary(broker => broker.Key, broker => ClusterGrain.StateOf(broker.Value, view)));
            return registry;
        }
        catch (Exception problem)
        {
            if (health.Problem is null)
            {
                LogUnavailable(logger, problem);
            }

            health.Fail(problem is InvalidDataException or BrokerRefusedException ? problem.Message : "The registry of brokers in the store cannot be read.");
            return null;
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The registry of brokers cannot be read.")]
    private static partial void LogUnavailable(ILogger logger, Exception problem);
}
