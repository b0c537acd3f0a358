using Loire.Grains.Interfaces.Consumers;
using Loire.Model;
using Loire.WebApi.Errors;
using Loire.WebApi.Operations;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Loire.WebApi.Groups.Members;

/// <summary>The positions of a member: what it has committed, and where it reads next.</summary>
internal sealed class MemberPositionEndpoints(IGrainFactory grains)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPut("/groups/{group}/members/{member}/offsets", CommitAsync)
            .Describe(
                "commitMemberOffsets",
                "Commits offsets as a member",
                "An offset is the next one to read; records below it count as finished. Without offsets, or without a body, everything "
                + "delivered to the member is committed.")
            .Fails(400, 404, 409, 413, 415);
        routes.MapPost("/groups/{group}/members/{member}/positions", SeekAsync)
            .Describe(
                "seekMember",
                "Seeks in partitions that the member has",
                "to is earliest, latest, timestamp (the first record at or after value) or offset (value itself). All move or none.")
            .Fails(400, 404, 413, 415);
    }

    private async Task<Results<NoContent, ApiProblem>> CommitAsync(GroupId group, string member, OptionalBody<MemberOffsetsJson> body)
    {
        var (offsets, problem) = body.Value?.Offsets is { } entries ? CommitBody.Read(entries) : (null, null);
        if (problem is null)
        {
            var result = await grains.GetGrain<IConsumerGrain>(new ConsumerKey(group.Value, member).ToString()).Commit(offsets);
            problem = MemberRoute.Problem(result.Error, result.Detail) ?? CommitProblem.Of(result, "committed");
        }

        return problem is not null ? problem : TypedResults.NoContent();
    }

    private async Task<Results<NoContent, ApiProblem>> SeekAsync(GroupId group, string member, Body<PositionsJson> body)
    {
        var (seeks, problem) = PartitionEntries.Read(
            "positions", body.Value.Positions, entry => (entry.TopicName, entry.Partition), ReadSeek);
        problem ??= (await grains.GetGrain<IConsumerGrain>(new ConsumerKey(group.Value, member).ToString()).Seek(seeks!)).Problem();
        return problem is not null ? problem : TypedResults.NoContent();
    }

    private static (PartitionSeek Seek, ApiProblem? Problem) ReadSeek(PositionJson entry, TopicPartition partition)
    {
        var (to, problem) = OffsetSpecJson.Read(entry.To, entry.Value, canShift: false);
        return (new PartitionSeek(partition, to), problem);
    }
}
