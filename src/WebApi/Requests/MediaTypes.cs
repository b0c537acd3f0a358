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

    public static bool IsJson(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type) && type.MediaType.Equals(Json, StringComparison.OrdinalIgnoreCase);

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
