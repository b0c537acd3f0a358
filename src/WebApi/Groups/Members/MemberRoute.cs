using Loire.Grains.Interfaces.Consumers;
using Loire.WebApi.Errors;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Loire.WebApi.Groups.Members;

/// <summary>The member that a path names, and the problems of its consumer.</summary>
internal static class MemberRoute
{
    /// <summary>Reads the member. No consumer has an id that breaks the rules, so such an id is as unknown as any other.</summary>
    public static ApiProblem? TryReadPath(HttpContext context, out ConsumerKey key)
    {
        key = default;
        if (GroupRoute.TryRead(context, out var group) is { } problem)
        {
            return problem;
        }

        var member = (string)context.GetRouteValue("member")!;
        if (ConsumerKey.FindProblem(member) is { } illegal)
        {
            return new ApiProblem(ErrorCode.UnknownMemberId, illegal);
        }

        key = new ConsumerKey(group, member);
        return null;
    }

    /// <summary>Maps a consumer's result to a problem; null if it succeeded.</summary>
    public static ApiProblem? Problem(this ConsumerResult result) => Problem(result.Error, result.Detail);

    /// <summary>Maps an error of a consumer to a problem; null for none.</summary>
    public static ApiProblem? Problem(ErrorCode error, string? detail = null) => error switch
    {
        ErrorCode.None => null,
        ErrorCode.UnknownMemberId => new ApiProblem(
            error, detail ?? "There is no such member: it has left, it was not read for max_poll_interval_ms, or it never existed."),
        _ => new ApiProblem(error, detail),
    };
}
