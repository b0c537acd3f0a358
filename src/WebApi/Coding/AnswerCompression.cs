using System.IO.Compression;
using Loire.Model.Compression;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.Coding;

/// <summary>
/// Compresses answers for clients that ask with Accept-Encoding: JSON, lines and text of which at least <see cref="LeastBytes"/> are ready when the
/// first are sent. Tails, streams of acknowledgements, record batches and values stay as they are. ASP.NET negotiates and compresses; whether an
/// answer is worth it is decided here.
/// </summary>
/// <remarks>
/// Also over TLS: BREACH guesses a secret that stands beside an attacker's text in one compressed answer. Answers contain no tokens and no cookies,
/// nor does a browser send any by itself that would let a foreign page read what its own origin must not.
/// </remarks>
internal sealed class AnswerCompression(IServiceProvider services, CodingLimit limit) : ResponseCompressionProvider(services, CompressionOptions)
{
    private const int LeastBytes = 1024;

    private static readonly string[] MimeTypes =
    [
        "application/json", "application/problem+json", "application/x-ndjson", "text/plain",
        "application/vnd.kafka.v2+json", "application/vnd.kafka+json", "application/vnd.kafka.binary.v2+json", "application/vnd.kafka.json.v2+json",
        "application/vnd.kafka.text.v2+json",
    ];

    // Speed rather than size: compression must not become what a node does most.
    private static readonly IOptions<ResponseCompressionOptions> CompressionOptions = Options.Create(new ResponseCompressionOptions
    {
        EnableForHttps = true,
        MimeTypes = MimeTypes,
        Providers =
        {
            new ZstdProvider(),
            new BrotliCompressionProvider(Options.Create(new BrotliCompressionProviderOptions { Level = CompressionLevel.Fastest })),
            new GzipCompressionProvider(Options.Create(new GzipCompressionProviderOptions { Level = CompressionLevel.Fastest })),
        },
    });

    /// <summary>Marks an endpoint whose answer is large, although nothing of it is in the body's writer before it is sent.</summary>
    public static object IsLarge { get; } = new LargeAnswer();

    public override bool ShouldCompressResponse(HttpContext context) =>
        (context.Response.BodyWriter.UnflushedBytes >= LeastBytes || context.GetEndpoint()?.Metadata.GetMetadata<LargeAnswer>() is not null)
        && !context.Response.Headers.CacheControl.ToString().Contains("no-transform", StringComparison.Ordinal)
        && base.ShouldCompressResponse(context)
        && limit.TryEnter(context.Response);

    private sealed class LargeAnswer;

    private sealed class ZstdProvider : ICompressionProvider
    {
        public string EncodingName => "zstd";

        public bool SupportsFlush => true;

        public Stream CreateStream(Stream outputStream) => Zstd.Compress(outputStream);
    }
}

internal static class AnswerCompressionExtensions
{
    /// <summary>Compresses the answers of these endpoints, and of no other that the host may have.</summary>
    public static TBuilder CompressAnswers<TBuilder>(this TBuilder endpoints, AnswerCompression compression)
        where TBuilder : IEndpointConventionBuilder
    {
        // Finally: in front of what the endpoints and groups add themselves.
        endpoints.Finally(endpoint =>
        {
            if (endpoint.RequestDelegate is { } handle)
            {
                endpoint.RequestDelegate = new ResponseCompressionMiddleware(handle, compression).Invoke;
            }
        });
        return endpoints;
    }
}
