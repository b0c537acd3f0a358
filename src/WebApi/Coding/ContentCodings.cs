using Loire.WebApi.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;

namespace Loire.WebApi.Coding;

/// <summary>
/// Decodes request bodies with a Content-Encoding. ASP.NET's own middleware is not used: it fixes the bound before the endpoint knows it, passes
/// an unknown coding through as if the body were plain, and takes a truncated body for a whole one.
/// </summary>
internal static class ContentCodings
{
    /// <summary>The codings of requests and answers, the preferred one first.</summary>
    public const string Names = "zstd, br, gzip";

    // A second one is a proxy's; more are an attack, since each multiplies what a byte decodes to.
    private const int MaxCodings = 2;

    /// <summary>Replaces the request's body by the decoded one; false if it has no coding.</summary>
    /// <param name="context">The request, of whose body nothing was read.</param>
    /// <param name="maxBytes">The most bytes of the decoded body; null for no bound.</param>
    /// <exception cref="RefusedRequestException">A coding is unknown, or there are too many (415); too many bodies are being coded (429).</exception>
    public static bool TryDecode(HttpContext context, long? maxBytes)
    {
        var codings = Parse(context.Request.Headers.ContentEncoding);
        if (codings.Length == 0)
        {
            return false;
        }

        if (codings.Length > MaxCodings)
        {
            throw Unsupported(context, $"A body has at most {MaxCodings} codings, not {codings.Length}.");
        }

        var unknown = Array.Find(codings, coding => coding is not ("gzip" or "br" or "zstd"));
        if (unknown is not null)
        {
            throw Unsupported(context, $"The Content-Encoding {ApiProblem.Excerpt(unknown)} is not supported, but {Names} are.");
        }

        if (!context.RequestServices.GetRequiredService<CodingLimit>().TryEnter(context.Response))
        {
            throw new RefusedRequestException(
                new ApiProblem(ErrorCode.ThrottlingQuotaExceeded, "Too many bodies are being decompressed; try again or send the body plain."));
        }

        var body = new DecodedBody(context.Request.Body, codings, maxBytes);
        context.Response.RegisterForDispose(body);
        context.Request.Headers.ContentEncoding = StringValues.Empty;
        context.Request.Body = body;
        return true;
    }

    private static string[] Parse(StringValues header) =>
    [
        .. from value in header
           from name in (value ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
           let coding = name.ToLowerInvariant()
           where coding != "identity"
           select coding == "x-gzip" ? "gzip" : coding,
    ];

    // RFC 9110, section 12.5.3: the answer to an unsupported coding lists those that are supported.
    private static RefusedRequestException Unsupported(HttpContext context, string detail)
    {
        context.Response.Headers.AcceptEncoding = Names;
        return new RefusedRequestException(new ApiProblem(ErrorCode.InvalidRequest, detail, StatusCodes.Status415UnsupportedMediaType));
    }
}
