using Loire.Model;
using Loire.WebApi.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Loire.WebApi.Requests;

/// <summary>The group that a path names. Unlike a topic's name, its id may have any character, so it is percent-encoded.</summary>
internal static class GroupRoute
{
    public static ApiProblem? TryRead(HttpContext context, out GroupId group) =>
        GroupId.TryParse(RouteText.Decode(context, (string)context.GetRouteValue("group")!), out group, out var problem)
            ? null
            : new ApiProblem(ErrorCode.InvalidGroupId, problem);
}
