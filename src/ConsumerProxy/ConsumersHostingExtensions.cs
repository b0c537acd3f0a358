using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using Loire.ConsumerProxy;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Orleans.Hosting;

/// <summary>Registers server-side consumers with a silo.</summary>
public static class ConsumersHostingExtensions
{
    /// <summary>Lets the silo host consumers for clients that cannot hold one themselves. Needs <c>AddLoireGrains</c>.</summary>
    public static ISiloBuilder AddLoireConsumers(this ISiloBuilder builder)
    {
        builder.Services.TryAddSingleton(provider => new ConsumerFactory(
            provider.GetRequiredService<IGrainFactory>(), NewLife, provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILoggerFactory>(), provider.GetRequiredService<IMeterFactory>()));
        builder.Services.TryAddSingleton<RunningConsumers>();
        builder.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<RunningConsumers>());
        return builder;
    }

    private static string NewLife() => RandomNumberGenerator.GetHexString(8, lowercase: true);
}
