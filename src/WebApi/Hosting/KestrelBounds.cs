using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.Hosting;

/// <summary>
/// What Kestrel lets a client take. Its defaults hold for the rest: 8 KiB for the request line, 32 KiB and 100 for the headers; 240 bytes a
/// second at least for a body that is held in memory (streaming produces have <see cref="LoireApiOptions.StreamIdleTimeout"/> instead) and
/// for a response that the client does not read, which ends a stalled reader; a live tail that is cut so is resumed.
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
