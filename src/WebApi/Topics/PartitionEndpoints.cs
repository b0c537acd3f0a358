using System.ComponentModel;
using Loire.Edge.Offsets;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.WebApi.Errors;
using Loire.WebApi.Operations;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Loire.WebApi.Topics;

/// <summary><c>/v1/topics/{topic}/partitions</c>: the partitions of a topic, and the positions that bound each.</summary>
internal sealed class PartitionEndpoints(IGrainFactory grains, TopicCache topics, OffsetLookup lookup)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/topics/{topic}/partitions", ListAsync)
            .Describe("listPartitions", "Lists the partitions of a topic", "With the log of each as the topic knows it: no partition is called.")
            .Fails(400, 404);
        routes.MapGet("/topics/{topic}/partitions/{partition}", GetAsync).Describe("getPartition", "Shows a partition").Fails(400, 404, 503);
        routes.MapGet("/topics/{topic}/partitions/{partition}/offsets", OffsetsAsync)
            .Describe(
                "getPartitionOffsets",
                "Shows the offsets that bound a partition",
                "Records can be read from log_start_offset up to high_watermark, exclusive. With timestamp the answer is one offset.")
            .Answers<OffsetsJson>().Fails(400, 404, 503);
    }

    private async Task<Results<Ok<PartitionJson[]>, ApiProblem>> ListAsync(TopicName topic)
    {
        var (described, logs) = await TopicLogs.DescribeAsync(grains, topic);
        if (ApiProblem.OfTopic(topic, described.Error, described.Detail) is { } problem)
        {
            return problem;
        }

        var ofPartition = logs.ToDictionary(log => log.Report.Partition);
        var partitions = Enumerable.Range(0, described.Topic!.PartitionsCount)
            .Select(partition => PartitionJson.Of(described.Topic, partition, ofPartition.GetValueOrDefault(partition)));
        return TypedResults.Ok(partitions.ToArray());
    }

    private async Task<Results<Ok<PartitionStateJson>, ApiProblem>> GetAsync(TopicName topic, int partition, CancellationToken aborted)
    {
        var (target, missing) = await PartitionTarget.FindPartitionAsync(topics, topic, partition, aborted);
        if (target is null)
        {
            return missing!;
        }

        var offsets = await lookup.BoundsAsync(target.Topic, partition, aborted);
        var leader = offsets.Leader < 0 ? target.Topic.LeaderOf(partition) : offsets.Leader;
        return ApiProblem.Of(offsets.Error) is { } problem
            ? problem
            : TypedResults.Ok(new PartitionStateJson(
                partition, leader, offsets.Epoch == LeaderEpoch.None ? null : offsets.Epoch.Value, target.Topic.PreferredLeaderOf(partition),
                [leader], [leader]));
    }

    private async Task<Results<Ok<OffsetsJson>, Ok<OffsetAtTimeJson>, ApiProblem>> OffsetsAsync(
        TopicName topic,
        int partition,
        CancellationToken aborted,
        [Description("Answer instead the first record at or after this moment: milliseconds since 1970, or ISO 8601.")]
        SearchTime? timestamp = null)
    {
        var (target, missing) = await PartitionTarget.FindPartitionAsync(topics, topic, partition, aborted);
        if (target is null)
        {
            return missing!;
        }

        if (timestamp is { } moment)
        {
            var found = await lookup.AtTimeAsync(target.Topic, partition, moment.Timestamp, aborted);
            return ApiProblem.Of(found.Error) is { } failed ? failed
                : found.IsFound ? TypedResults.Ok(new OffsetAtTimeJson(partition, found.Offset.Value, found.Timestamp.Milliseconds))
                : TypedResults.Ok(new OffsetAtTimeJson(partition, null, null));
        }

        var offsets = await lookup.BoundsAsync(target.Topic, partition, aborted);
        return ApiProblem.Of(offsets.Error) is { } problem ? problem : TypedResults.Ok(ToJson(partition, offsets));
    }

    private static OffsetsJson ToJson(int partition, PartitionOffsets offsets) => new(
        partition, offsets.LogStart.Value, offsets.LastStable.Value, offsets.HighWatermark.Value, offsets.LogEnd.Value);
}
