using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.WebApi.Errors;
using Loire.WebApi.Operations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Loire.WebApi.Groups;

/// <summary><c>/v1/groups</c>: list, describe, delete.</summary>
internal sealed class GroupEndpoints(IGrainFactory grains)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/groups", ListAsync)
            .Describe("listGroups", "Lists groups", "In ordinal order of the ids. A further page is linked in the header Link with rel=\"next\".")
            .Fails(400);
        routes.MapGet("/groups/{group}", DescribeAsync)
            .Describe("getGroup", "Describes a group", "Its phase, and its members with their current and their target assignment.").Fails(400, 404);
        routes.MapDelete("/groups/{group}", DeleteAsync)
            .Describe("deleteGroup", "Deletes a group and its offsets", "It must have no members.").Fails(400, 404, 409);
    }

    private async Task<Results<Ok<GroupIdJson[]>, ApiProblem>> ListAsync(
        HttpContext context,
        [Description("Only ids after this one, in ordinal order; what the Link header of a page continues with.")]
        [MaxLength(Limits.GroupIdLength)]
        string after = "",
        [Description("Groups in one page at most."), Range(1, Limits.GroupsPerPage)] int limit = 1_000)
    {
        var pages = await Task.WhenAll(Enumerable.Range(0, IGroupCatalogGrain.Shards)
            .Select(shard => shard.ToString(CultureInfo.InvariantCulture))
            .Select(shard => grains.GetGrain<IGroupCatalogGrain>(shard).List(after, limit).AsTask()));
        if (Array.Find(pages, page => page.Error != ErrorCode.None) is { } failed)
        {
            return new ApiProblem(failed.Error);
        }

        // The first ids of all groups are among the first of each shard.
        GroupId[] ids = [.. pages.SelectMany(page => page.GroupIds).Order()];
        if (ids.Length > limit || Array.Exists(pages, page => page.HasMore))
        {
            ids = ids[..Math.Min(limit, ids.Length)];
            var next = $"{context.Request.PathBase}{context.Request.Path}?after={Uri.EscapeDataString(ids[^1].Value)}&limit={limit}";
            context.Response.Headers.Link = $"<{next}>; rel=\"next\"";
        }

        return TypedResults.Ok(Array.ConvertAll(ids, id => new GroupIdJson(id.Value)));
    }

    private async Task<Results<Ok<GroupJson>, ApiProblem>> DescribeAsync(GroupId group)
    {
        var result = await grains.GetGrain<IGroupGrain>(group.Value).Describe();
        return ApiProblem.Of(result.Error) is { } problem ? problem : TypedResults.Ok(GroupJson.From(result.Group!));
    }

    private async Task<Results<NoContent, ApiProblem>> DeleteAsync(GroupId group) =>
        ApiProblem.Of(await grains.GetGrain<IGroupGrain>(group.Value).Delete()) is { } problem ? problem : TypedResults.NoContent();
}
