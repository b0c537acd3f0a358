using Loire.Edge.Offsets;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Model;
using Loire.WebApi.Errors;
using Loire.WebApi.Operations;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Loire.WebApi.Topics;

/// <summary><c>/v1/topics/{topic}/partitions</c>: which there are, and the positions that bound each.</summary>
internal sealed class PartitionEndpoints(IGrainFactory grains, TopicCache topics, OffsetLookup lookup)
{
    private static readonly QueryParameter<Timestamp> AtTime =
        QueryParameter.Moment("timestamp", "Answer instead the first record at or after this moment: milliseconds since 1970, or ISO 8601.");

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/topics/{topic}/partitions", ListAsync).Describe("Lists the partitions of a topic").Answers<PartitionJson[]>().Fails(400, 404);
        routes.MapGet("/topics/{topic}/partitions/{partition}", GetAsync).Describe("Shows a partition").Answers<PartitionStateJson>().Fails(400, 404, 503);
        routes.MapGet("/topics/{topic}/partitions/{partition}/offsets", OffsetsAsync)
            .Describe(
                "Shows the offsets that bound a partition",
                "Records can be read from log_start_offset up to high_watermark, exclusive. With timestamp the answer is one offset.",
                AtTime)
            .Answers<OffsetsJson>().Fails(400, 404, 503);
    }

    private async Task ListAsync(HttpContext context)
    {
        var problem = RouteReader.TryReadTopic(context, out var name) ?? new QueryReader(context).Problem;
        var result = problem is null ? await grains.GetGrain<ITopicGrain>(name.Value).Describe() : null;
        problem ??= result!.Problem();
        if (problem is not null)
        {
            await problem.WriteAsync(context);
            return;
        }

        var partitions = new PartitionJson[result!.Topic!.PartitionsCount];
        for (var i = 0; i < partitions.Length; i++)
        {
            partitions[i] = new PartitionJson(i);
        }

        await Answer.JsonAsync(context, partitions, DocumentJson.Default.PartitionJsonArray);
    }

    private async Task GetAsync(HttpContext context)
    {
        var problem = new QueryReader(context).Problem;
        var (target, missing) = problem is null ? await PartitionTarget.FindAsync(context, topics) : (null, problem);
        if (target is null)
        {
            await missing!.WriteAsync(context);
            return;
        }

        var offsets = await lookup.BoundsAsync(target.Topic, target.Partition, context.RequestAborted);
        await (offsets.Error != ErrorCode.None
            ? new ApiProblem(offsets.Error).WriteAsync(context)
            : Answer.JsonAsync(
                context,
                new PartitionStateJson(target.Partition, offsets.Epoch == LeaderEpoch.None ? null : offsets.Epoch.Value),
                DocumentJson.Default.PartitionStateJson));
    }

    private async Task OffsetsAsync(HttpContext context)
    {
        var query = new QueryReader(context);
        var time = query.Get(AtTime);
        var (target, problem) = query.Problem is null ? await PartitionTarget.FindAsync(context, topics) : (null, query.Problem);
        if (target is null)
        {
            await problem!.WriteAsync(context);
            return;
        }

        if (time != Timestamp.None)
        {
            var found = await lookup.AtTimeAsync(target.Topic, target.Partition, time, context.RequestAborted);
            await (found.Error != ErrorCode.None
                ? new ApiProblem(found.Error).WriteAsync(context)
                : Answer.JsonAsync(
                    context,
                    found.IsFound
                        ? new OffsetAtTimeJson(target.Partition, found.Offset.Value, found.Timestamp.Milliseconds)
                        : new OffsetAtTimeJson(target.Partition, null, null),
                    DocumentJson.Default.OffsetAtTimeJson));
            return;
        }

        var offsets = await lookup.BoundsAsync(target.Topic, target.Partition, context.RequestAborted);
        await (offsets.Error != ErrorCode.None
            ? new ApiProblem(offsets.Error).WriteAsync(context)
            : Answer.JsonAsync(context, ToJson(target.Partition, offsets), DocumentJson.Default.OffsetsJson));
    }

    private static OffsetsJson ToJson(int partition, PartitionOffsets offsets) => new(
        partition, offsets.LogStart.Value, offsets.LastStable.Value, offsets.HighWatermark.Value, offsets.LogEnd.Value);
}
