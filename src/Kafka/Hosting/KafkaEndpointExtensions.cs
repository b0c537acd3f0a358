using System.Net;
using Loire.Kafka.Connections;
using Loire.Kafka.Handlers;
using Loire.Kafka.Handlers.Cluster;
using Loire.Kafka.Handlers.Fetching;
using Loire.Kafka.Handlers.Groups;
using Loire.Kafka.Handlers.Producing;
using Loire.Kafka.Handlers.Topics;
using Loire.Kafka.Handlers.Transactions;
using Loire.Kafka.Requests;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Loire.Kafka.Hosting;

/// <summary>Kafka's protocol in a host with Kestrel.</summary>
public static class KafkaEndpointExtensions
{
    /// <summary>
    /// Registers the handlers of all APIs and what their connections share. An <c>IGrainFactory</c> must be registered too; a silo's host has one.
    /// </summary>
    /// <param name="services">The services of the host.</param>
    /// <param name="configure">Says what the node is, and changes the bounds of connections.</param>
    public static IServiceCollection AddKafkaEndpoint(this IServiceCollection services, Action<KafkaEndpointOptions>? configure = null)
    {
        services.AddOptions<KafkaEndpointOptions>().Configure(options => configure?.Invoke(options)).ValidateDataAnnotations();
        services.AddSingleton(provider => Options.Create(provider.GetRequiredService<IOptions<KafkaEndpointOptions>>().Value.Connections));
        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.AddSingleton<IConnectionListenerFactory, KafkaTransport>();
        services.AddSingleton<RequestBytes>();
        services.AddSingleton<RefusedConnections>();
        services.AddSingleton<KafkaMetrics>();
        services.AddSingleton<KafkaServices>();
        services.AddClusterHandlers();
        services.AddGroupsHandlers();
        services.AddTopicHandlers();
        services.AddProducingHandlers();
        services.AddTransactionsHandlers();
        services.AddFetchingHandlers();

        // ApiVersions lists all handlers, itself included.
        services.AddSingleton(provider => new ServedApis(
            [.. provider.GetServices<IKafkaHandler>(), new ApiVersionsHandler(new Lazy<ServedApis>(provider.GetRequiredService<ServedApis>))]));
        return services;
    }

    /// <summary>Listens for Kafka's clients.</summary>
    /// <param name="kestrel">The server.</param>
    /// <param name="endpoint">The address and the port; 0 for any port.</param>
    /// <param name="advertised">Where clients reach the listener; null for the address and port themselves.</param>
    public static void ListenForKafka(this KestrelServerOptions kestrel, IPEndPoint endpoint, AdvertisedAddress? advertised = null) =>
        kestrel.Listen(new KafkaEndPoint(endpoint), listen => listen.Run(async transport =>
        {
            // The port is known only once the listener has one.
            var local = transport.LocalEndPoint as IPEndPoint ?? endpoint;
            var services = listen.ApplicationServices.GetRequiredService<KafkaServices>();
            services.Metrics.Connected(1);
            try
            {
                await using var connection = new KafkaConnection(transport, advertised ?? new AdvertisedAddress(Unmapped(local.Address).ToString(), local.Port), services);
                await connection.RunAsync();
            }
            finally
            {
                services.Metrics.Connected(-1);
            }
        }));

    // A socket for all addresses of both families shows those of IPv4 as mapped ones, which clients of IPv4 cannot reach.
    private static IPAddress Unmapped(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
