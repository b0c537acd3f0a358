using System.Globalization;
using Loire.Grains.Hosting;
using Loire.Log;
using Loire.Storage;
using Loire.WebApi.Hosting;
using Loire.WebApi.RestProxy;
using Orleans.Dashboard;

namespace Loire.Silo;

/// <summary>Adds a node to a host, either a dedicated one or a service that embeds a node.</summary>
public static class LoireNodeExtensions
{
    /// <summary>
    /// Adds a silo with Loire's grains, its store, health checks of both, and the services of the HTTP API; <c>MapLoireApi</c> maps the
    /// API's endpoints. Other grains of the host share the silo. Logs of Orleans below warning level are suppressed unless the host
    /// configures their categories.
    /// </summary>
    /// <param name="builder">The host, whose own configuration determines HTTP endpoints, logging and the export of telemetry.</param>
    /// <param name="configure">Changes the options, which begin with what the section <c>Orleans</c> of the host's configuration says; of the HTTP
    /// options, only <see cref="NodeOptions.MaxConnections"/> and <see cref="NodeOptions.V2Commits"/> apply.</param>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">An option is invalid; the message names it.</exception>
    public static IHostApplicationBuilder AddLoireNode(this IHostApplicationBuilder builder, Action<NodeOptions>? configure = null)
    {
        var options = new NodeOptions();
        var check = NodeConfiguration.BindOrleansSection(builder.Configuration, options);
        configure?.Invoke(options);
        check();
        return builder.AddLoireNode(options);
    }

    internal static IHostApplicationBuilder AddLoireNode(this IHostApplicationBuilder builder, NodeOptions options)
    {
        // Registrations depend on the options, so they are validated here rather than when the host starts.
        NodeOptionsValidator.ThrowIfInvalid(options);
        var memory = NodeMemory.Of(options);
        builder.Services.QuietFrameworks();
        builder.Services.AddLoireApi(api =>
        {
            api.MaxConnections = options.MaxConnections;
            api.NodeName = options.NodeId.ToString(CultureInfo.InvariantCulture);
            api.RequestBytes = memory.RequestBytes;

            // Most codings hold some hundred kilobytes, the most expensive ones 16 MiB.
            api.MaxCodedBodies = (int)Math.Min(api.MaxCodedBodies, memory.RequestBytes >> 20);
        });
        if (options.V2Commits is { } meaning)
        {
            builder.Services.AddRestProxy(proxy => proxy.Commits = meaning);
        }

        builder.Services.AddHostedService(services => ActivatorUtilities.CreateInstance<NodeBroker>(services, options));
        builder.Services.AddHealthChecks().AddCheck<SiloHealthCheck>("silo").AddCheck<LogHealthCheck>("log").AddCheck<ClusterHealthCheck>("cluster");
        builder.UseOrleans(silo =>
        {
            NodeClustering.Add(silo, options);
            silo.AddLoireGrains(grains =>
            {
                if (options.Storage == StoreKind.Azure)
                {
                    grains.PartitionLog = LoireGrainsOptions.RemoteStoreLog;
                }

                grains.PartitionLog.CommitInterval = options.CommitInterval;
                grains.CacheBytes = memory.CacheBytes;
                grains.AppendBytes = memory.AppendBytes;
                grains.ReadBytes = memory.ReadBytes;
                grains.OpenPartitions = memory.OpenPartitions;
                grains.RetentionCheckInterval = options.RetentionCheckInterval;
                grains.CompactionCheckInterval = options.CompactionCheckInterval;
                grains.CompactionMemoryBytes = options.CompactionMemoryBytes;
                grains.CompactionBytesPerSecond = options.CompactionBytesPerSecond;
                grains.KeyIndexBytes = options.KeyIndexBytes;
                grains.ProducerExpiration = options.ProducerIdExpiration;
                grains.Groups.Members = grains.Groups.Members with { InitialRebalanceDelay = options.GroupInitialRebalanceDelay };
            });
            silo.AddLoireBroker(broker =>
            {
                broker.ClusterId = options.ClusterId;
                broker.Id = options.NodeId;
                broker.Rack = options.Rack;
                broker.IsAlone = options.Clustering == ClusteringKind.None;
                broker.Version = NodeCommand.Version;
            });
            silo.AddLoireConsumers();
            if (options.OrleansDashboard)
            {
                // Not the log's lines: whoever sees the page sees them.
                silo.AddDashboard(dashboard => dashboard.HideTrace = true);
            }

            if (options.PropagateTraces || options.OtlpEndpoint is not null)
            {
                silo.AddActivityPropagation();
            }

            AddStore(silo, builder.Services, options);
        });
        return builder;
    }

    private static void AddStore(ISiloBuilder silo, IServiceCollection services, NodeOptions options)
    {
        if (options.Storage == StoreKind.Azure)
        {
            silo.AddAzureBlobGrainStorage(LogStorage.ProviderName, azure =>
            {
                azure.BlobServiceClient = AzureClients.Blobs(options);
                azure.ContainerName = options.AzureContainer;
                azure.GrainStorageSerializer = new LoireGrainStorageSerializer();
            });
            services.AddKeyedSingleton<IObjectListing>(
                LogStorage.ProviderName, new AzureBlobListing(AzureClients.Container(options)));
            return;
        }

        silo.AddFileGrainStorage(LogStorage.ProviderName, store =>
        {
            store.Directory = options.Data;
            store.SyncInterval = options.SyncInterval;
        });
        services.AddSingleton(provider => new StoreHealthCheck(provider.GetRequiredKeyedService<FileGrainStorage>(LogStorage.ProviderName)));
        services.AddHealthChecks().AddCheck<StoreHealthCheck>("store");
    }
}
