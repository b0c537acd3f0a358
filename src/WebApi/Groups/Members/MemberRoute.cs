using System.Text.Json.Serialization.Metadata;
using Loire.Grains.Interfaces.Consumers;
using Loire.WebApi.Errors;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.Groups.Members;

/// <summary>The member that a path names.</summary>
internal static class MemberRoute
{
    /// <summary>Reads it where the path has no query.</summary>
    public static ApiProblem? TryRead(HttpContext context, out ConsumerKey key) =>
        TryReadPath(context, out key) ?? new QueryReader(context).Problem;

    /// <summary>Reads it, and a body.</summary>
    public static async ValueTask<(ConsumerKey Key, T? Body, ApiProblem? Problem)> ReadAsync<T>(
        HttpContext context, JsonTypeInfo<T> type, IOptions<LoireApiOptions> options)
        where T : class
    {
        var problem = TryRead(context, out var key);
        (var body, problem) = problem is null ? await JsonBody.ReadAsync(context, type, options.Value.MaxDocumentBytes) : (null, problem);
        return (key, body, problem);
    }

    /// <summary>Reads the path. A text that is no legal id names no member, so it is reported as an unknown one.</summary>
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

    /// <summary>The problem that a consumer's answer stands for; null if it was done.</summary>
    public static ApiProblem? Problem(this ConsumerResult result) => Problem(result.Error, result.Detail);

    /// <summary>The problem that an error of a consumer stands for; null for none.</summary>
    public static ApiProblem? Problem(ErrorCode error, string? detail = null) => error switch
    {
        ErrorCode.None => null,
        ErrorCode.UnknownMemberId => new ApiProblem(
            error, detail ?? "There is no such member here: it has left, nobody has read through it for too long, or it never was."),
        _ => new ApiProblem(error, detail),
    };
}
