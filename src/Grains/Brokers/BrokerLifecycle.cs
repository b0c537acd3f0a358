using Loire.Coordination.Brokers;
using Loire.Grains.Interfaces.Partitions;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Brokers;

/// <summary>
/// Makes a silo a broker: it registers before it becomes an active member, so that no second silo of its id ever serves, and says so when it
/// has stopped, after its last grain.
/// </summary>
internal sealed partial class BrokerLifecycle(
    BrokerRegistration registration, IClusterMembershipService membership, BatchBytesForm form, ILocalSiloDetails self,
    ILogger<BrokerLifecycle> logger)
    : ILifecycleParticipant<ISiloLifecycle>
{
    // After storage providers, of which some start only at ApplicationServices.
    private const int Stage = ServiceLifecycleStage.ApplicationServices + 1_000;

    private static readonly TimeSpan LeaveWithin = TimeSpan.FromSeconds(3);

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(nameof(BrokerLifecycle), Stage, RegisterAsync, LeaveAsync);

    /// <summary>Whether the silo at an address is a member that has not been declared dead.</summary>
    public static bool IsAlive(ClusterMembershipSnapshot view, string silo) =>
        view.Members.Any(member => member.Value.Status is not (SiloStatus.Dead or SiloStatus.None) && member.Key.ToParsableString() == silo);

    private async Task RegisterAsync(CancellationToken cancellation)
    {
        var problem = await registration.RegisterAsync(
            self.SiloAddress.ToParsableString(),
            async () =>
            {
                await membership.Refresh(default, cancellation);
                var view = membership.CurrentSnapshot;
                return silo => IsAlive(view, silo);
            },
            cancellation);
        form.IsCompact |= registration.FeatureLevel >= FeatureLevels.CompactBatches;
        if (problem is not null)
        {
            LogNotRegistered(logger, problem);
        }
    }

    private async Task LeaveAsync(CancellationToken cancellation)
    {
        using var within = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        within.CancelAfter(LeaveWithin);
        try
        {
            await registration.AdvanceAsync(BrokerPhase.Stopped, null, null, within.Token);
        }
        catch (Exception problem)
        {
            // The cluster learns of the end from its membership.
            LogDidNotLeave(logger, problem);
        }
    }

    [LoggerMessage(2, LogLevel.Warning, "This broker is not registered, and the list of brokers is not available: {Problem}")]
    private static partial void LogNotRegistered(ILogger logger, string problem);

    [LoggerMessage(1, LogLevel.Warning, "The registry of brokers could not be told that this broker has stopped.")]
    private static partial void LogDidNotLeave(ILogger logger, Exception problem);
}
