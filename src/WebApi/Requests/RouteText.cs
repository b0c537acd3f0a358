using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Loire.WebApi.Requests;

/// <summary>Values of a path that may have any character, and are percent-encoded.</summary>
internal static class RouteText
{
    /// <summary>
    /// Decodes what ASP.NET leaves of a value. The server decodes a path except for %2F, which then looks like an encoded "%2F". The request's target tells
    /// the two apart.
    /// </summary>
    public static string Decode(HttpContext context, string value)
    {
        if (!value.Contains("%2F", StringComparison.OrdinalIgnoreCase))
        {
            return value;
        }

        var path = context.Features.Get<IHttpRequestFeature>()?.RawTarget.Split('?')[0] ?? "";
        var sent = path.Split('/').Select(Uri.UnescapeDataString).FirstOrDefault(segment => Slashes(segment) == Slashes(value));
        return sent ?? value;
    }

    private static string Slashes(string text) => text.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
}
