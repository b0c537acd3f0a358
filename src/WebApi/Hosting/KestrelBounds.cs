using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.Hosting;

/// <summary>
/// Bounds what a client may take of Kestrel. Its defaults hold for the rest: 8 KiB for the request line, 32 KiB and 100 for the headers,
/// 100 requests at once on a connection of HTTP/2, and 240 bytes a second for a response that the client does not read, which ends a stalled
/// reader; a live tail that is cut so is resumed. Bodies have <see cref="LoireApiOptions.StreamIdleTimeout"/> instead of a minimum data rate.
/// </summary>
internal sealed class KestrelBounds(IOptions<LoireApiOptions> options) : IConfigureOptions<KestrelServerOptions>
{
    public void Configure(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = options.Value.MaxConnections;
        kestrel.Limits.MaxRequestBodySize = options.Value.MaxDocumentBytes;
        kestrel.Limits.RequestHeadersTimeout = options.Value.HeadersTimeout;
    }
}
