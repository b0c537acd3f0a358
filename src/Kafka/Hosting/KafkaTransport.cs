using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Loire.Kafka.Hosting;

/// <summary>
/// Kestrel's sockets with larger blocks of memory, for Kafka's listeners alone: batches come and go in as many system calls as there are blocks. Kestrel takes the memory from
/// the services of its host only, so the sockets get services of their own; those of HTTP keep its small blocks.
/// </summary>
internal sealed class KafkaTransport : IConnectionListenerFactory, IConnectionListenerFactorySelector, IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly IConnectionListenerFactory _sockets;

    public KafkaTransport(ILoggerFactory logs)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.Services.AddSingleton(logs);
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>, TransportBlocks>();
        _services = builder.Services.BuildServiceProvider();
        _sockets = _services.GetRequiredService<IConnectionListenerFactory>();
    }

    /// <inheritdoc/>
    public bool CanBind(EndPoint endpoint) => endpoint is KafkaEndPoint;

    /// <inheritdoc/>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        _sockets.BindAsync(endpoint, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _services.DisposeAsync();
}

/// <summary>An address on which Kafka's clients are served.</summary>
internal sealed class KafkaEndPoint(IPEndPoint endpoint) : IPEndPoint(endpoint.Address, endpoint.Port);
