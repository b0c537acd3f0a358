using System.Globalization;
using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.WebApi.Errors;
using Loire.WebApi.Operations;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Loire.WebApi.Groups;

/// <summary><c>/v1/groups</c>: list, describe, delete.</summary>
internal sealed class GroupEndpoints(IGrainFactory grains)
{
    private static readonly QueryParameter<string?> After = QueryParameter.Text(
        "after", Limits.GroupIdLength, "Only ids after this one, in ordinal order; what the Link header of a page continues with.");

    private static readonly QueryParameter<long> Limit =
        QueryParameter.Number("limit", 1, Limits.GroupsPerPage, 1_000, "Groups in one page at most.");

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/groups", ListAsync)
            .Describe(
                "Lists groups", "In ordinal order of the ids. A further page is linked in the header Link with rel=\"next\".", After, Limit)
            .Answers<GroupIdJson[]>().Fails(400);
        routes.MapGet("/groups/{group}", DescribeAsync)
            .Describe("Describes a group", "Its phase, and its members with what they are assigned and what they will be.")
            .Answers<GroupJson>().Fails(400, 404);
        routes.MapDelete("/groups/{group}", DeleteAsync)
            .Describe("Deletes a group and its offsets", "It must have no members.").AnswersNothing().Fails(400, 404, 409);
    }

    private async Task ListAsync(HttpContext context)
    {
        var query = new QueryReader(context);
        var after = query.Get(After) ?? "";
        var limit = (int)query.Get(Limit);
        if (query.Problem is { } problem)
        {
            await problem.WriteAsync(context);
            return;
        }

        var pages = await Task.WhenAll(Enumerable.Range(0, IGroupCatalogGrain.Shards)
            .Select(shard => shard.ToString(CultureInfo.InvariantCulture))
            .Select(shard => grains.GetGrain<IGroupCatalogGrain>(shard).List(after, limit).AsTask()));
        if (Array.Find(pages, page => page.Error != ErrorCode.None) is { } failed)
        {
            await new ApiProblem(failed.Error).WriteAsync(context);
            return;
        }

        // The first of all are among the first of each part.
        GroupId[] ids = [.. pages.SelectMany(page => page.GroupIds).Order()];
        if (ids.Length > limit || Array.Exists(pages, page => page.HasMore))
        {
            ids = ids[..Math.Min(limit, ids.Length)];
            var next = $"{context.Request.PathBase}{context.Request.Path}?after={Uri.EscapeDataString(ids[^1].Value)}&limit={limit}";
            context.Response.Headers.Link = $"<{next}>; rel=\"next\"";
        }

        await Answer.JsonAsync(context, Array.ConvertAll(ids, id => new GroupIdJson(id.Value)), DocumentJson.Default.GroupIdJsonArray);
    }

    private async Task DescribeAsync(HttpContext context)
    {
        var problem = GroupRoute.TryRead(context, out var group) ?? new QueryReader(context).Problem;
        var result = problem is null ? await grains.GetGrain<IGroupGrain>(group.Value).Describe() : null;
        problem ??= result!.Error == ErrorCode.None ? null : new ApiProblem(result.Error);
        await (problem is not null
            ? problem.WriteAsync(context)
            : Answer.JsonAsync(context, GroupJson.From(result!.Group!), DocumentJson.Default.GroupJson));
    }

    private async Task DeleteAsync(HttpContext context)
    {
        var problem = GroupRoute.TryRead(context, out var group) ?? new QueryReader(context).Problem;
        var error = problem is null ? await grains.GetGrain<IGroupGrain>(group.Value).Delete() : ErrorCode.None;
        problem ??= error == ErrorCode.None ? null : new ApiProblem(error);
        await (problem is not null ? problem.WriteAsync(context) : Answer.NoContent(context));
    }
}
