using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.AspNetCore.HttpOverrides;

namespace Loire.Silo;

/// <summary>
/// Applies the headers of trusted proxies and allows browsers cross-origin requests, as the options say. Without them nothing is added.
/// </summary>
internal static class NodeEdge
{
    /// <summary>Proxies in a row. Each must be trusted, so this only bounds the work for a header that a client has filled.</summary>
    public const int MaxProxies = 8;

    // The headers of answers that clients need; browsers show scripts only a few others.
    private static readonly string[] ExposedHeaders =
        ["Location", "Link", "ETag", "Next-After", "Next-Offset", "High-Watermark", "Retry-After", "Allow", "Accept-Encoding"];

    // Browsers ask before each request with a JSON body; this is the longest that any of them remembers.
    private static readonly TimeSpan PreflightMaxAge = TimeSpan.FromHours(2);

    public static void Add(IServiceCollection services, NodeOptions options)
    {
        if (options.CorsOrigins.Count > 0)
        {
            services.AddCors();
        }

        services.Configure<ForwardedHeadersOptions>(forwarded =>
        {
            forwarded.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost
                | ForwardedHeaders.XForwardedPrefix;
            forwarded.ForwardLimit = MaxProxies;
            forwarded.KnownProxies.Clear();
            forwarded.KnownIPNetworks.Clear();
            foreach (var network in options.TrustedProxies)
            {
                forwarded.KnownIPNetworks.Add(network);
            }
        });
    }

    public static void Use(WebApplication app, NodeOptions options)
    {
        if (options.TrustedProxies.Count > 0)
        {
            // ASP.NET does not read Forwarded.
            _ = options.ForwardedHeader == ForwardedHeaderKind.Forwarded
                ? app.UseMiddleware<ForwardedHeaderMiddleware>(options.TrustedProxies)
                : app.UseForwardedHeaders();
        }

        if (options.CorsOrigins.Count > 0)
        {
            app.UseCors(policy => Allow(policy, [.. options.CorsOrigins]));
        }
    }

    private static void Allow(CorsPolicyBuilder policy, string[] origins) =>
        policy.WithOrigins(origins).AllowAnyMethod().AllowAnyHeader().WithExposedHeaders(ExposedHeaders).SetPreflightMaxAge(PreflightMaxAge);
}
