using Loire.Coordination.Brokers;
using Loire.Grains.Brokers;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Placement;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace Orleans.Hosting;

/// <summary>Makes a silo with Loire's grains a broker of a cluster.</summary>
public static class LoireBrokerHostingExtensions
{
    /// <summary>
    /// Registers the silo as a broker when it starts, under an id that no other living silo has. Without it a silo has Loire's grains, and no
    /// part in the list of brokers.
    /// </summary>
    /// <param name="builder">The silo.</param>
    /// <param name="configure">Sets the broker's id and cluster.</param>
    public static ISiloBuilder AddLoireBroker(this ISiloBuilder builder, Action<BrokerOptions> configure)
    {
        builder.Services.Configure(configure);
        builder.Services.AddOptions<SiloOptions>().PostConfigure<IOptions<BrokerOptions>>(
            (silo, broker) => silo.SiloName = ServingBrokers.SiloNameOf(broker.Value.Id));
        builder.Services.AddSingleton(services => new BrokerRegistration(
            services.GetRequiredService<IClusterRoot>(),
            services.GetRequiredService<IOptions<BrokerOptions>>().Value,
            services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, BrokerLifecycle>();
        builder.Services.AddSingleton(new BatchBytesForm { IsCompact = false });
        builder.Services.AddSingleton<ClusterHealth>().AddSingleton<ClusterMetrics>().AddHostedService<ClusterObserver>();
        return builder;
    }

    /// <summary>
    /// Hands the partitions, topics and groups of this silo to the other brokers, without failing calls, and takes no partition back. To be
    /// called before the silo stops. Does nothing if no other broker serves.
    /// </summary>
    /// <param name="services">The services of a silo with <see cref="LoireGrainsHostingExtensions.AddLoireGrains"/>.</param>
    /// <param name="cancellation">Ends the waiting for grains that do not come to an end.</param>
    /// <returns>How many grains have moved.</returns>
    public static Task<int> DrainLoireBrokerAsync(this IServiceProvider services, CancellationToken cancellation = default) =>
        services.GetRequiredService<LeadershipMoves>().DrainAsync(cancellation);

    /// <summary>Tells the other brokers that this one serves clients now.</summary>
    /// <param name="services">The services of a silo with <see cref="AddLoireBroker"/>.</param>
    /// <param name="http">The URL of its HTTP API; null if it has none.</param>
    /// <param name="kafka">Where clients of Kafka's protocol reach it, as hosts with ports that commas separate, in the order of its listeners; null if it has none.</param>
    /// <param name="cancellation">Ends the attempts, if the store does not answer.</param>
    public static Task AnnounceLoireBrokerAsync(
        this IServiceProvider services, string? http, string? kafka = null, CancellationToken cancellation = default) =>
        services.GetRequiredService<BrokerRegistration>().AdvanceAsync(BrokerPhase.Running, http, kafka, cancellation);
}
