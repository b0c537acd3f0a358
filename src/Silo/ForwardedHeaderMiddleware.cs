using System.Net;
using Microsoft.Extensions.Primitives;

namespace Loire.Silo;

/// <summary>
/// Takes scheme, host and address of a request from the header <c>Forwarded</c> (RFC 7239), as far back as proxies are trusted: the element that the
/// peer added applies if the peer is trusted, the one before it if that element's <c>for</c> is, and so on. Elements that a client has prepended
/// never apply. A malformed header is ignored as a whole.
/// </summary>
internal sealed class ForwardedHeaderMiddleware(RequestDelegate next, IReadOnlyList<IPNetwork> trusted)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (context.Request.Headers.TryGetValue("Forwarded", out var header))
        {
            Apply(context, header);
        }

        return next(context);
    }

    private void Apply(HttpContext context, StringValues header)
    {
        var elements = ForwardedElement.Parse(header.ToString());
        var address = context.Connection.RemoteIpAddress;
        foreach (var element in elements.Reverse().Take(NodeEdge.MaxProxies))
        {
            if (address is null || !IsTrusted(address))
            {
                return;
            }

            context.Request.Scheme = element.Scheme ?? context.Request.Scheme;
            context.Request.Host = element.Host ?? context.Request.Host;
            address = element.Address;
            context.Connection.RemoteIpAddress = address ?? context.Connection.RemoteIpAddress;
        }
    }

    private bool IsTrusted(IPAddress address) =>
        trusted.Any(network => network.Contains(address) || (address.IsIPv4MappedToIPv6 && network.Contains(address.MapToIPv4())));
}
