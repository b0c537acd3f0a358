using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using Loire.Kafka.Protocol.Frames;

namespace Loire.Kafka.Requests;

/// <summary>What a handler knows of a request besides its body.</summary>
/// <param name="Header">The header.</param>
/// <param name="Connection">The connection on which it came.</param>
/// <param name="Memory">How long its bytes count.</param>
public readonly record struct HandlerContext(RequestHeader Header, ConnectionScope Connection, RequestMemory Memory)
{
    /// <summary>The version of the request and of its answer.</summary>
    public short Version => Header.Version;

    /// <summary>What the client calls itself; empty if it has no name.</summary>
    public string ClientId => Header.ClientId ?? "";

    /// <summary>
    /// Cancelled once the client is gone: reads that wait may end then. Not for what has an effect, such as an append: that ends whether somebody waits for the
    /// answer or not.
    /// </summary>
    public CancellationToken Gone => Connection.Gone;
}

/// <summary>How long the bytes of a request count as being under way, if for longer than until its answer is sent.</summary>
public sealed class RequestMemory
{
    /// <summary>What uses them: never fails. To be set before the request is answered.</summary>
    public Task User { get; set; } = Task.CompletedTask;
}

/// <summary>One connection, and what handlers keep for it.</summary>
/// <param name="advertised">Where clients of its listener reach this node.</param>
/// <param name="remote">The address of the client; null if it is not known.</param>
/// <param name="gone">Cancelled once the client is gone.</param>
public sealed class ConnectionScope(AdvertisedAddress advertised, EndPoint? remote, CancellationToken gone) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Type, object> _kept = [];

    /// <summary>Where clients of the connection's listener reach this node.</summary>
    public AdvertisedAddress Advertised => advertised;

    /// <summary>The address of the client, as Kafka writes it in descriptions of groups: <c>/127.0.0.1</c>.</summary>
    public string ClientHost => remote is IPEndPoint { Address: var address } ? $"/{(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address)}" : "/unknown";

    /// <summary>Cancelled once the client is gone.</summary>
    public CancellationToken Gone => gone;

    /// <summary>What a handler keeps for the connection, made at first use and disposed of with it.</summary>
    /// <typeparam name="T">The type, of which a connection has one.</typeparam>
    /// <param name="create">Makes it.</param>
    public T Keep<T>(Func<T> create)
        where T : class
    {
        lock (_lock)
        {
            if (!_kept.TryGetValue(typeof(T), out var kept))
            {
                _kept.Add(typeof(T), kept = create());
            }

            return (T)kept;
        }
    }

    /// <summary>Disposes of what handlers keep. No request is served any more.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var kept in _kept.Values)
        {
            if (kept is IAsyncDisposable asynchronous)
            {
                await asynchronous.DisposeAsync();
            }
            else
            {
                (kept as IDisposable)?.Dispose();
            }
        }
    }
}

/// <summary>Where clients reach a node: what Metadata and FindCoordinator tell them.</summary>
/// <param name="Host">A name or an address.</param>
/// <param name="Port">From 1 to 65,535.</param>
public sealed record AdvertisedAddress(string Host, int Port)
{
    /// <summary>Parses what <see cref="ToString"/> writes.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out AdvertisedAddress? address)
    {
        var colon = text.LastIndexOf(':');
        address = colon > 0 && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            && port is > 0 and <= IPEndPoint.MaxPort
            ? new AdvertisedAddress(text[..colon].Trim('[', ']'), port)
            : null;
        return address is not null;
    }

    /// <inheritdoc/>
    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
