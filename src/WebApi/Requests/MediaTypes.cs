using Loire.WebApi.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Loire.WebApi.Requests;

/// <summary>The media types that one path of records negotiates.</summary>
internal static class MediaTypes
{
    public const string Json = "application/json";
    public const string Ndjson = "application/x-ndjson";
    public const string Text = "text/plain";
    public const string EventStream = "text/event-stream";
    public const string Raw = "application/octet-stream";

    /// <summary>Kafka record batches of format 2, one after the other. The vendor tree is where a private type belongs (RFC 6838).</summary>
    public const string Batches = "application/vnd.loire.record-batches";

    /// <summary>Whether a type is JSON by any of its names: <c>application/json</c>, <c>text/json</c> or a structured suffix (RFC 6839).</summary>
    public static bool IsJson(MediaTypeHeaderValue type) =>
        type.MediaType.Equals(Json, StringComparison.OrdinalIgnoreCase) || type.MediaType.Equals("text/json", StringComparison.OrdinalIgnoreCase)
        || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a media type is one JSON document.</summary>
    public static bool IsDocument(string mediaType) => MediaTypeHeaderValue.TryParse(mediaType, out var type) && IsJson(type);

    /// <summary>Whether a type is NDJSON, which has no registered name.</summary>
    public static bool IsNdjson(MediaTypeHeaderValue type) => type.MediaType.ToString().ToLowerInvariant() is Ndjson or "application/ndjson"
        or "application/jsonl" or "application/x-jsonl" or "application/jsonlines" or "application/x-jsonlines" or "application/json-lines";

    /// <summary>Whether the text of a body is UTF-8, as far as its type says.</summary>
    public static bool IsUtf8(MediaTypeHeaderValue type) => type.Charset.ToString().Trim('"').ToLowerInvariant() is "" or "utf-8" or "us-ascii";

    /// <summary>Refuses a body whose type is not JSON in UTF-8, with the header to send.</summary>
    /// <param name="request">The request.</param>
    /// <param name="wanted">The type to name; the route may know a better one than <see cref="Json"/>.</param>
    public static ApiProblem? RefuseUnlessJson(HttpRequest request, string wanted = Json) =>
        !MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !IsJson(type) ? Unsupported(request, $"Content-Type: {wanted}")
        : !IsUtf8(type) ? NotUtf8(type)
        : null;

    /// <summary>Refuses a body for its type.</summary>
    /// <param name="request">The request.</param>
    /// <param name="header">The header to send instead.</param>
    public static ApiProblem Unsupported(HttpRequest request, string header)
    {
        var sent = string.IsNullOrEmpty(request.ContentType) ? "has no Content-Type"
            : IsForm(request) ? $"was sent as a form ({ApiProblem.Excerpt(request.ContentType)}), as curl does by default"
            : $"has the type {ApiProblem.Excerpt(request.ContentType)}";
        return new ApiProblem(
            ErrorCode.InvalidRequest, $"The body {sent}; send the header {header}.", StatusCodes.Status415UnsupportedMediaType);
    }

    /// <summary>Refuses text in a charset that is not read.</summary>
    public static ApiProblem NotUtf8(MediaTypeHeaderValue type) => new(
        ErrorCode.InvalidRequest,
        $"JSON and lines are read as UTF-8, not as {ApiProblem.Excerpt(type.Charset.ToString())}.",
        StatusCodes.Status415UnsupportedMediaType);

    /// <summary>Whether a body is an HTML form, which no route takes.</summary>
    public static bool IsForm(HttpRequest request) => MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
        && type.MediaType.ToString().ToLowerInvariant() is "application/x-www-form-urlencoded" or "multipart/form-data";

    /// <summary>
    /// The first of <paramref name="offered"/> that the client accepts with the highest quality; the first of all if it says nothing; null if it
    /// accepts none.
    /// </summary>
    public static string? Negotiate(HttpRequest request, params ReadOnlySpan<string> offered)
    {
        var accept = request.Headers.Accept;
        if (StringValues.IsNullOrEmpty(accept) || !MediaTypeHeaderValue.TryParseList(accept, out var wanted))
        {
            return offered[0];
        }

        string? best = null;
        var bestQuality = 0.0;
        foreach (var candidate in offered)
        {
            var quality = Quality(wanted, candidate);
            if (quality > bestQuality)
            {
                best = candidate;
                bestQuality = quality;
            }
        }

        return best;
    }

    // The most specific range that matches decides (RFC 9110, section 12.5.1).
    private static double Quality(IList<MediaTypeHeaderValue> wanted, string candidate)
    {
        var type = new MediaTypeHeaderValue(candidate);
        var quality = 0.0;
        var specificity = -1;
        foreach (var range in wanted)
        {
            var rank = range.MatchesAllTypes ? 0 : range.MatchesAllSubTypes ? 1 : 2;
            var matches = range.MatchesAllTypes
                || (range.Type.Equals(type.Type, StringComparison.OrdinalIgnoreCase)
                    && (range.MatchesAllSubTypes || range.SubType.Equals(type.SubType, StringComparison.OrdinalIgnoreCase)));
            if (matches && rank > specificity)
            {
                specificity = rank;
                quality = range.Quality ?? 1.0;
            }
        }

        return quality;
    }
}
