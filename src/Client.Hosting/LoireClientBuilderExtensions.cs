using Loire.Client.Hosting;
using Loire.Edge.Calls;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Configuration;

namespace Orleans.Hosting;

/// <summary>Makes an Orleans client a client of a Loire cluster.</summary>
public static class LoireClientBuilderExtensions
{
    // A gateway that hangs keeps its connections: calls go to it until the list without it is read.
    private static readonly TimeSpan _gatewayRefresh = TimeSpan.FromSeconds(5);

    // Nothing that a control call does takes as long, so its answer is lost; an append that does has an unknown outcome, before the producer's own
    // timeout. Calls that wait for data have times of their own.
    private static readonly TimeSpan _responseTimeout = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Names the cluster and replaces defaults of Orleans that do not suit a service beside a cluster: the list of gateways is read every 5 s, control
    /// calls end after 10 s, a call ends soon after the gateway was lost to which it may have been sent, and the first connection is attempted for a
    /// bounded time whatever its failure. The membership table is chosen beside it, by the provider's own method or by the section
    /// <c>Orleans:Clustering</c> of the configuration.
    /// </summary>
    /// <param name="client">The Orleans client.</param>
    /// <param name="clusterId">The cluster's name, the node's option <c>--cluster-id</c>. Null takes <c>Orleans:ClusterId</c> of the configuration,
    /// and without it the default of nodes, <c>loire</c>. The service id is the same, as it is for nodes, unless <c>Orleans:ServiceId</c> says
    /// otherwise.</param>
    /// <param name="connectTimeout">How long the host's start may wait for the cluster; 30 s by default.</param>
    /// <returns>The Orleans client. Its start throws a <see cref="TimeoutException"/> if no gateway could be reached in time.</returns>
    public static IClientBuilder UseLoireCluster(this IClientBuilder client, string? clusterId = null, TimeSpan? connectTimeout = null)
    {
        var section = client.Configuration.GetSection("Orleans");
        var cluster = clusterId ?? section[nameof(ClusterOptions.ClusterId)] ?? "loire";
        var service = section[nameof(ClusterOptions.ServiceId)] ?? cluster;
        client.Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (cluster, service));
        client.Configure<GatewayOptions>(gateways => gateways.GatewayListRefreshPeriod = _gatewayRefresh);
        client.Configure<ClientMessagingOptions>(messages => messages.ResponseTimeout = _responseTimeout);
        client.Services.AddSingleton<IClientConnectionRetryFilter>(services => ActivatorUtilities.CreateInstance<FirstConnection>(
            services, cluster, connectTimeout ?? FirstConnection.DefaultTimeout));
        client.Services.TryAddSingleton(TimeProvider.System);
        client.Services.TryAddSingleton(services => new TransferWindows(services.GetRequiredService<TimeProvider>(), self: null));
        client.Services.AddSingleton<LostGatewayFilter>();
        client.Services.AddSingleton<IOutgoingGrainCallFilter>(services => services.GetRequiredService<LostGatewayFilter>());
        client.Services.AddSingleton<IClusterConnectionStatusObserver>(services => services.GetRequiredService<LostGatewayFilter>());
        return client;
    }
}
