using Loire.Grains.Interfaces.Brokers;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Turns;
using Loire.Model;
using Microsoft.Extensions.Hosting;
using Orleans.Concurrency;
using Orleans.Placement;

namespace Loire.Grains.Brokers;

/// <summary>This silo, for callers on others.</summary>
[Reentrant]
[BrokerPlacement]
[Immovable]
[GrainType("loire.broker")]
internal sealed class BrokerGrain(
    ServingBrokers brokers, ILeaderCache leaders, ActiveDrivers active, IHostApplicationLifetime host, TimeProvider time) : Grain, IBrokerGrain
{
    private FetchSessions? _sessions;

    private FetchSessions Sessions => _sessions ?? throw new InvariantException("the broker has been activated");

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _sessions = new FetchSessions(
            (partition, request, cancellation) => GrainFactory.GetGrain<IPartitionGrain>(partition).Fetch(request, cancellation),
            new SchedulerTurnQueue(TaskScheduler.Current),
            time);
        active.Add(_sessions, GrainContext);
        this.RegisterGrainTimer(
            static (sessions, _) =>
            {
                sessions.Sweep();
                return Task.CompletedTask;
            },
            _sessions,
            new GrainTimerCreationOptions(FetchSessions.Unused, FetchSessions.Unused) { Interleave = true });
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        active.Remove(Sessions);
        Sessions.Dispose();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<BrokerFetchResult> Fetch(BrokerFetchRequest request, CancellationToken cancellation) => brokers.IsDraining
        ? new(new BrokerFetchResult(ErrorCode.NotLeaderOrFollower, []))
        : Sessions.FetchAsync(request, cancellation);

    /// <inheritdoc/>
    public ValueTask<ErrorCode> Drain()
    {
        if (!brokers.IsDraining && !brokers.All.Any(broker => !brokers.IsSelf(broker)))
        {
            return new(ErrorCode.PolicyViolation);
        }

        // The host drains the broker before it stops the silo.
        host.StopApplication();
        return new(ErrorCode.None);
    }

    /// <inheritdoc/>
    public ValueTask Leaving(SiloAddress silo)
    {
        brokers.Exclude(silo);
        return default;
    }

    /// <inheritdoc/>
    public ValueTask LeadersChanged(TopicId topic)
    {
        leaders.Forget(topic);
        return default;
    }
}
