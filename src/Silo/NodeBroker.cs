using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Loire.Silo;

/// <summary>
/// The node as a broker: tells the cluster, once the HTTP server listens, that it serves and where; and hands its grains to the others before
/// anything of it stops.
/// </summary>
internal sealed partial class NodeBroker(
    IServiceProvider services, NodeOptions options, IHostApplicationLifetime lifetime, ILogger<NodeBroker> logger) : IHostedLifecycleService
{
    // Most of the time that a host leaves for a stop is for the requests and the store. Draining takes a fraction of a second for each thousand
    // partitions, unless storage is slow.
    private static readonly TimeSpan DrainWithin = TimeSpan.FromSeconds(10);

    private Task _announcing = Task.CompletedTask;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        // Not awaited: the node serves whether or not the others know.
        _announcing = AnnounceAsync(lifetime.ApplicationStopping);
        return Task.CompletedTask;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        // The HTTP server and the silo still run, so requests that wait for a partition end where it goes.
        using var within = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        within.CancelAfter(DrainWithin);
        try
        {
            await services.DrainLoireBrokerAsync(within.Token);
        }
        catch (Exception problem)
        {
            LogNotDrained(logger, problem);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => _announcing;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task AnnounceAsync(CancellationToken stopping)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            await services.AnnounceLoireBrokerAsync(Url(), Kafka(), stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
        }
        catch (Exception problem)
        {
            LogNotAnnounced(logger, problem);
        }
    }

    private string? Url()
    {
        if (options.AdvertisedUrl is { } advertised)
        {
            return advertised.AbsoluteUri;
        }

        // A host that embeds a node may have no HTTP server, or one that is not Kestrel.
        var address = services.GetService<IServer>()?.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault();
        if (!Uri.TryCreate(address, UriKind.Absolute, out var url))
        {
            return null;
        }

        return Reachable(url).AbsoluteUri;
    }

    private string? Kafka()
    {
        if (options.KafkaEndpoints.Count == 0)
        {
            return null;
        }

        IEnumerable<string> addresses = options.KafkaAdvertised.Count > 0
            ? options.KafkaAdvertised.Select(advertised => advertised.ToString())
            : LoireHost.AddressesOf(services, options).Kafka.Select(address => Reachable(new Uri($"tcp://{address}")).Authority);
        return string.Join(',', addresses);
    }

    // All addresses of the machine: that of the silo is one which the other nodes reach.
    private Uri Reachable(Uri url) =>
        IPAddress.TryParse(url.IdnHost, out var ip) && (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any))
            ? new UriBuilder(url) { Host = options.SiloAddress.ToString() }.Uri
            : url;

    [LoggerMessage(2, LogLevel.Warning, "This broker could not hand its grains to the others before its stop.")]
    private static partial void LogNotDrained(ILogger logger, Exception problem);

    [LoggerMessage(1, LogLevel.Warning, "The registry of brokers could not be told that this broker serves: it stays listed as starting.")]
    private static partial void LogNotAnnounced(ILogger logger, Exception problem);
}
