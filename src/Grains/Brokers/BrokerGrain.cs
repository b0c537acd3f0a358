using Loire.Grains.Interfaces.Brokers;
using Microsoft.Extensions.Hosting;
using Orleans.Concurrency;

namespace Loire.Grains.Brokers;

/// <summary>This silo, for callers on others.</summary>
[Reentrant]
[BrokerPlacement]
[GrainType("loire.broker")]
internal sealed class BrokerGrain(ServingBrokers brokers, IHostApplicationLifetime host) : Grain, IBrokerGrain
{
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
}
