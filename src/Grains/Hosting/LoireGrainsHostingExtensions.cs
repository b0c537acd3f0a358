using System.Globalization;
using System.Security.Cryptography;
using Loire.Grains.Groups;
using Loire.Grains.Hosting;
using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Partitions;
using Loire.Grains.Topics;
using Loire.Grains.Turns;
using Loire.Log;
using Loire.Log.Chains;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Orleans.Hosting;

/// <summary>Registers Loire's grains with a silo.</summary>
public static partial class LoireGrainsHostingExtensions
{
    /// <summary>
    /// Registers what the grains need. The host registers an <c>IGrainStorage</c> under <see cref="LogStorage.ProviderName"/> beside it,
    /// and may register a <see cref="TimeProvider"/> and a <see cref="NewId"/> of its own. When the silo has started, topics whose creation
    /// or deletion was interrupted are finished.
    /// </summary>
    public static ISiloBuilder AddLoireGrains(this ISiloBuilder builder, Action<LoireGrainsOptions>? configure = null)
    {
        var services = builder.Services;
        var options = services.AddOptions<LoireGrainsOptions>().ValidateOnStart();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        services.AddMetrics();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<LoireGrainsOptions>, LoireGrainsOptionsValidator>());
        services.TryAddSingleton<NewId>(RandomId);
        services.TryAddSingleton<PartitionMetrics>();
        services.TryAddSingleton<GroupMetrics>();
        services.TryAddSingleton<LogMetrics>();
        options.PostConfigure<LogMetrics, GroupMetrics>((grains, log, groups) =>
        {
            grains.PartitionLog.Metrics = log;
            grains.Journal.Metrics = log;
            grains.Groups.Metrics = groups;
        });
        services.TryAddSingleton<DriverFactory>();
        services.TryAddSingleton<IPartitionDrivers>(provider => provider.GetRequiredService<DriverFactory>());
        services.TryAddSingleton<ITopicDrivers>(provider => provider.GetRequiredService<DriverFactory>());
        services.TryAddSingleton<IGroupDrivers>(provider => provider.GetRequiredService<DriverFactory>());
        services.TryAddSingleton<ActiveDrivers>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<ActiveDrivers>());
        services.TryAddSingleton(provider => new ObjectCache(provider.GetRequiredService<IOptions<LoireGrainsOptions>>().Value.CacheBytes));
        return builder.AddStartupTask((provider, cancellation) =>
        {
            // Not waited for: a silo serves while old deletions are finished.
            _ = Settle(provider.GetRequiredService<IGrainFactory>(), provider.GetRequiredService<ILogger<LoireGrainsOptions>>());
            return Task.CompletedTask;
        });
    }

    private static Guid RandomId() => new(RandomNumberGenerator.GetBytes(16));

    private static async Task Settle(IGrainFactory grains, ILogger logger)
    {
        try
        {
            await grains.GetGrain<ICatalogGrain>(ICatalogGrain.Key).Settle();
            for (var shard = 0; shard < IGroupCatalogGrain.Shards; shard++)
            {
                // Once awake, it looks after its groups from time to time.
                await grains.GetGrain<IGroupCatalogGrain>(shard.ToString(CultureInfo.InvariantCulture)).List("", 1);
            }
        }
        catch (Exception error)
        {
            CouldNotSettle(logger, error);
        }
    }

    [LoggerMessage(1, LogLevel.Warning,
        "Interrupted creations and deletions of topics, and the catalogs of groups, could not be looked after at the start; "
        + "the next start tries again.")]
    private static partial void CouldNotSettle(ILogger logger, Exception error);
}
