using System.Security.Cryptography;
using Loire.ConsumerProxy;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Orleans.Hosting;

/// <summary>Registers the consumers that live in the cluster with a silo.</summary>
public static class ConsumersHostingExtensions
{
    /// <summary>Lets the silo host consumers for clients that cannot hold one themselves. Beside <c>AddLoireGrains</c>.</summary>
    public static ISiloBuilder AddLoireConsumers(this ISiloBuilder builder)
    {
        builder.Services.TryAddSingleton(provider => new ConsumerFactory(
            provider.GetRequiredService<IGrainFactory>(), NewLife, provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILoggerFactory>()));
        return builder;
    }

    private static string NewLife() => RandomNumberGenerator.GetHexString(8, lowercase: true);
}
