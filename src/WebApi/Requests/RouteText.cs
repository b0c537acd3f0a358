using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Loire.WebApi.Requests;

/// <summary>Values of a path that may have any character, and are percent-encoded.</summary>
internal static class RouteText
{
    /// <summary>
    /// Decodes what ASP.NET leaves of a value. The server decodes a path except for %2F, which then looks like an encoded "%2F". The request's target tells
    /// the two apart. In the path an action may follow the value, such as <c>:abort</c>.
    /// </summary>
    public static string Decode(HttpContext context, string value)
    {
        if (!value.Contains("%2F", StringComparison.OrdinalIgnoreCase))
        {
            return value;
        }

        var path = context.Features.Get<IHttpRequestFeature>()?.RawTarget.Split('?')[0] ?? "";
        string[] segments = [.. path.Split('/').Select(Uri.UnescapeDataString)];
        return Array.Find(segments, segment => Slashes(segment) == Slashes(value))
            ?? segments.Select(segment => segment[..Math.Max(0, segment.LastIndexOf(':'))]).FirstOrDefault(named => Slashes(named) == Slashes(value))
            ?? value;
    }

    /// <summary>Decodes a route value, if the route has it, for handlers that ASP.NET binds.</summary>
    public static void DecodeValue(HttpContext context, string name)
    {
        if (context.GetRouteValue(name) is string value)
        {
            context.Request.RouteValues[name] = Decode(context, value);
        }
    }

    private static string Slashes(string text) => text.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
}
