using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace Loire.WebApi.Requests;

/// <summary>A request whose body ended too early or made no sense to the server.</summary>
internal static class BrokenBody
{
    /// <summary>
    /// Lets the answer be the connection's last. Where such a body ends nobody knows, so no request can follow it; and the server, which thinks
    /// that one does once the failure has been answered, would trip over its own unfinished read.
    /// </summary>
    public static void CloseAfter(HttpContext context) => context.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
}
