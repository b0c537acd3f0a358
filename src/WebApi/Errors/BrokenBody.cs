using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace Loire.WebApi.Errors;

/// <summary>A request whose body ended too early or made no sense to the server.</summary>
internal static class BrokenBody
{
    /// <summary>
    /// Closes the connection after the answer. The end of such a body is unknown, so no request can follow it; Kestrel, which would read
    /// the next one once the failure is answered, would collide with its own unfinished read. From HTTP/2 on the request has a stream of its own,
    /// and others share the connection.
    /// </summary>
    public static void CloseAfter(HttpContext context)
    {
        if (HttpProtocol.IsHttp11(context.Request.Protocol) || HttpProtocol.IsHttp10(context.Request.Protocol))
        {
            context.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
        }
    }
}
