using System.Net;
using System.Net.Sockets;
using Azure.Storage.Blobs;
using Loire.Log;
using Loire.Storage;
using Loire.WebApi;

namespace Loire.Silo;

/// <summary>Puts a node into a host: one that is nothing else, or one with a purpose of its own that embeds a node.</summary>
public static class LoireNodeExtensions
{
    /// <summary>
    /// Adds a silo with Loire's grains, its store, health checks of both, and the services of the HTTP API; <c>MapLoireApi</c> maps its
    /// endpoints where it is wanted. Other grains of the host live in the same silo.
    /// </summary>
    /// <param name="builder">The host. Its own configuration says where HTTP listens.</param>
    /// <param name="configure">Changes the options; of those for HTTP only <see cref="NodeOptions.MaxConnections"/>
    /// and <see cref="NodeOptions.V2Commits"/> count.</param>
    public static IHostApplicationBuilder AddLoireNode(this IHostApplicationBuilder builder, Action<NodeOptions>? configure = null)
    {
        var options = new NodeOptions();
        configure?.Invoke(options);
        return builder.AddLoireNode(options);
    }

    internal static IHostApplicationBuilder AddLoireNode(this IHostApplicationBuilder builder, NodeOptions options)
    {
        builder.Services.AddLoireApi(api =>
        {
            api.ClusterId = options.ClusterId;
            api.MaxConnections = options.MaxConnections;
            api.V2Dialect = options.V2Commits is not null;
            api.V2Commits = options.V2Commits ?? api.V2Commits;
        });
        builder.Services.AddHealthChecks().AddCheck<SiloHealthCheck>("silo");
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(
                options.SiloPort == 0 ? FreePort() : options.SiloPort, options.GatewayPort, serviceId: options.ClusterId, clusterId: options.ClusterId);
            silo.AddLoireGrains(grains => grains.CacheBytes = options.CacheBytes);
            silo.AddLoireConsumers();
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
                azure.BlobServiceClient = new BlobServiceClient(options.AzureConnection);
                azure.ContainerName = options.AzureContainer;
                azure.GrainStorageSerializer = new LoireGrainStorageSerializer();
            });
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

    // Orleans wants a port even where no other silo will call.
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
