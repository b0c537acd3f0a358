using System.Globalization;
using System.Security.Cryptography;
using Loire.Grains.Brokers;
using Loire.Grains.Groups;
using Loire.Grains.Hosting;
using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Partitions;
using Loire.Grains.Placement;
using Loire.Grains.Topics;
using Loire.Grains.Transactions;
using Loire.Grains.Turns;
using Loire.Log;
using Loire.Log.Chains;
using Loire.Model.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Orleans.Hosting;

/// <summary>Registers Loire's grains with a silo.</summary>
public static partial class LoireGrainsHostingExtensions
{
    /// <summary>
    /// Registers the services of the grains. The host must register an <c>IGrainStorage</c> under <see cref="LogStorage.ProviderName"/>,
    /// should register the <see cref="IObjectListing"/> of the same store there, and may register its own <see cref="TimeProvider"/> and
    /// <see cref="NewId"/>. Once the silo has started, it completes interrupted creations and deletions of topics.
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
        services.TryAddSingleton<TransactionMetrics>();
        services.TryAddSingleton<LogMetrics>();
        options.PostConfigure<LogMetrics, GroupMetrics, TransactionMetrics, IServiceProvider>((grains, log, groups, transactions, provider) =>
        {
            grains.PartitionLog.Listing = grains.Journal.Listing = provider.GetKeyedService<IObjectListing>(LogStorage.ProviderName);
            grains.PartitionLog.Metrics = log;
            grains.Journal.Metrics = log;
            grains.Groups.Metrics = groups;
            grains.Transactions.Metrics = transactions;
            grains.PartitionLog.ReadMemory = grains.Journal.ReadMemory = new MemoryQuota(Math.Max(1, grains.ReadBytes));
        });
        services.TryAddSingleton<DriverFactory>();
        services.TryAddSingleton<IPartitionDrivers>(provider => provider.GetRequiredService<DriverFactory>());
        services.TryAddSingleton<ITopicDrivers>(provider => provider.GetRequiredService<DriverFactory>());
        services.TryAddSingleton<IGroupDrivers>(provider => provider.GetRequiredService<DriverFactory>());
        services.TryAddSingleton<ITransactionDrivers>(provider => provider.GetRequiredService<DriverFactory>());

        services.TryAddSingleton<IClusterRoot, StorageClusterRoot>();
        services.TryAddSingleton<IProducerIds, ProducerIds>();
        services.TryAddSingleton<ActiveDrivers>();
        services.TryAddSingleton<ServingBrokers>();
        services.TryAddSingleton<PartitionLeaders>();
        services.TryAddSingleton<ILeaderCache>(provider => provider.GetRequiredService<PartitionLeaders>());
        services.TryAddSingleton<PlacementMetrics>();
        services.TryAddSingleton<LeadershipMoves>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<LeadershipMoves>());
        builder.AddPlacementDirector<LoirePartitionPlacement, PartitionPlacementDirector>();
        builder.AddPlacementDirector<LoireSpreadPlacement, SpreadPlacementDirector>();
        builder.AddPlacementDirector<LoireBrokerPlacement, BrokerPlacementDirector>();
        services.TryAddSingleton(provider => new OpenPartitions(provider.GetRequiredService<IOptions<LoireGrainsOptions>>().Value.OpenPartitions));
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<ActiveDrivers>());
        services.TryAddSingleton(provider => new PartitionReports(Gateway(provider).Report, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => new ReportsAtStop(
            provider.GetRequiredService<ActiveDrivers>(), provider.GetRequiredService<PartitionReports>(), Gateway(provider).CanReport,
            provider.GetRequiredService<TimeProvider>()));
        services.AddHostedService(provider => new RetentionSweeps(
            provider.GetRequiredService<ActiveDrivers>(), provider.GetRequiredService<PartitionReports>(), Gateway(provider).HaveReports,
            Gateway(provider).RetainClosed, provider.GetRequiredService<IOptions<LoireGrainsOptions>>().Value.RetentionCheckInterval,
            provider.GetRequiredService<TimeProvider>()));
        services.AddHostedService(provider => new CompactionSweeps(
            provider.GetRequiredService<ActiveDrivers>(), provider.GetRequiredService<IOptions<LoireGrainsOptions>>().Value.CompactionCheckInterval,
            provider.GetRequiredService<TimeProvider>()));
        services.AddHostedService(provider => new TransactionSweeps(
            provider.GetRequiredService<DriverFactory>().SweepTransactions,
            provider.GetRequiredService<IOptions<LoireGrainsOptions>>().Value.Transactions.SweepInterval, provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(provider => new ObjectCache(provider.GetRequiredService<IOptions<LoireGrainsOptions>>().Value.CacheBytes));
        return builder.AddStartupTask((provider, cancellation) =>
        {
            // Not awaited: the silo serves while interrupted deletions and transactions complete.
            _ = provider.GetRequiredService<DriverFactory>().SweepTransactions();
            _ = Settle(provider.GetRequiredService<IGrainFactory>(), provider.GetRequiredService<ILogger<LoireGrainsOptions>>());
            return Task.CompletedTask;
        });
    }

    private static GrainGateway Gateway(IServiceProvider provider) => new(
        provider.GetRequiredService<IGrainFactory>(), provider.GetRequiredService<ServingBrokers>(),
        provider.GetRequiredService<ILogger<PartitionReports>>());

    private static Guid RandomId() => new(RandomNumberGenerator.GetBytes(16));

    private static async Task Settle(IGrainFactory grains, ILogger logger)
    {
        try
        {
            await grains.GetGrain<ICatalogGrain>(ICatalogGrain.Key).Settle();
            for (var shard = 0; shard < IGroupCatalogGrain.Shards; shard++)
            {
                // Once active, the catalog sweeps its groups at an interval.
                await grains.GetGrain<IGroupCatalogGrain>(shard.ToString(CultureInfo.InvariantCulture)).List("", 1);
            }
        }
        catch (Exception error)
        {
            CouldNotSettle(logger, error);
        }
    }

    [LoggerMessage(1, LogLevel.Warning,
        "The catalogs of topics and groups could not be reached at start. Interrupted creations and deletions of topics stay pending "
        + "until the next start.")]
    private static partial void CouldNotSettle(ILogger logger, Exception error);
}
