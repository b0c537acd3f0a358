using Loire.Model;
using Loire.WebApi.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Loire.WebApi.Requests;

/// <summary>The group that a path names. Unlike a topic's name, its id may have any character, so it is percent-encoded.</summary>
internal static class GroupRoute
{
    public static ApiProblem? TryRead(HttpContext context, out GroupId group) =>
        GroupId.TryParse(Decode(context, (string)context.GetRouteValue("group")!), out group, out var problem)
            ? null
            : new ApiProblem(ErrorCode.InvalidGroupId, problem);

    /// <summary>Decodes the route value itself, for handlers that ASP.NET binds.</summary>
    public static void Decode(HttpContext context)
    {
        if (context.GetRouteValue("group") is string group)
        {
            context.Request.RouteValues["group"] = Decode(context, group);
        }
    }

    // The server decodes a path except for %2F, which then looks like an encoded "%2F". The request's target tells the two apart.
    private static string Decode(HttpContext context, string value)
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
