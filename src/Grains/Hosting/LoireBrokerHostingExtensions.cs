using Loire.Coordination.Brokers;
using Loire.Grains.Brokers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

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
        builder.Services.AddSingleton(services => new BrokerRegistration(
            services.GetRequiredService<IClusterRoot>(),
            services.GetRequiredService<IOptions<BrokerOptions>>().Value,
            services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, BrokerLifecycle>();
        return builder;
    }

    /// <summary>Tells the other brokers that this one serves clients now.</summary>
    /// <param name="services">The services of a silo with <see cref="AddLoireBroker"/>.</param>
    /// <param name="http">The URL of its HTTP API; null if it has none.</param>
    /// <param name="cancellation">Ends the attempts, if the store does not answer.</param>
    public static Task AnnounceLoireBrokerAsync(this IServiceProvider services, string? http, CancellationToken cancellation = default) =>
        services.GetRequiredService<BrokerRegistration>().AdvanceAsync(BrokerPhase.Running, http, cancellation);
}
