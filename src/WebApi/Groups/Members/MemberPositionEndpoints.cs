using Loire.Grains.Interfaces.Consumers;
using Loire.Model;
using Loire.Model.Groups;
using Loire.WebApi.Errors;
using Loire.WebApi.Operations;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.Groups.Members;

/// <summary>Where a member is: what it has committed, and where it goes on.</summary>
internal sealed class MemberPositionEndpoints(IGrainFactory grains, IOptions<LoireApiOptions> options)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPut("/groups/{group}/members/{member}/offsets", CommitAsync)
            .Describe(
                "Commits offsets as a member",
                "An offset is the next one to read; records below it count as finished. Without offsets, or without a body, everything "
                + "that the member was given is committed.")
            .Takes<MemberOffsetsJson>().AnswersNothing().Fails(400, 404, 409, 413, 415);
        routes.MapPost("/groups/{group}/members/{member}/positions", SeekAsync)
            .Describe(
                "Goes on elsewhere in partitions that the member has",
                "to is earliest, latest, timestamp (the first record at or after value) or offset (value itself). All move or none.")
            .Takes<PositionsJson>().AnswersNothing().Fails(400, 404, 413, 415);
    }

    private async Task CommitAsync(HttpContext context)
    {
        var problem = MemberRoute.TryRead(context, out var key);
        CommittedOffset[]? offsets = null;
        if (problem is null && JsonBody.IsPresent(context.Request))
        {
            (var body, problem) = await JsonBody.ReadAsync(
                context, DocumentJson.Default.MemberOffsetsJson, options.Value.MaxDocumentBytes);
            (offsets, problem) = body?.Offsets is null ? (null, problem) : CommitBody.Read(body.Offsets);
        }

        if (problem is null)
        {
            var result = await grains.GetGrain<IConsumerGrain>(key.ToString()).Commit(offsets);
            problem = MemberRoute.Problem(result.Error, result.Detail) ?? CommitProblem.Of(result, "committed");
        }

        await (problem is not null ? problem.WriteAsync(context) : Answer.NoContent(context));
    }

    private async Task SeekAsync(HttpContext context)
    {
        var (key, body, problem) = await MemberRoute.ReadAsync(context, DocumentJson.Default.PositionsJson, options);
        (var seeks, problem) = body is null
            ? (null, problem)
            : PartitionEntries.Read("positions", body.Positions, entry => (entry.TopicName, entry.Partition), ReadSeek);
        problem ??= (await grains.GetGrain<IConsumerGrain>(key.ToString()).Seek(seeks!)).Problem();
        await (problem is not null ? problem.WriteAsync(context) : Answer.NoContent(context));
    }

    private static (PartitionSeek Seek, ApiProblem? Problem) ReadSeek(PositionJson entry, TopicPartition partition)
    {
        var (to, problem) = OffsetSpecJson.Read(entry.To, entry.Value, canShift: false);
        return (new PartitionSeek(partition, to), problem);
    }
}
