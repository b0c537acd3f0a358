using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Loire.Edge.Offsets;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.WebApi.Errors;
using Loire.WebApi.Operations;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Loire.WebApi.Groups;

/// <summary><c>/v1/groups/{group}/offsets</c>: the committed offsets with their lag, commits by an administrator, and deletion.</summary>
internal sealed class GroupOffsetsEndpoints(IGrainFactory grains, TopicCache topics, OffsetLookup lookup)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/groups/{group}/offsets", ListAsync)
            .Describe(
                "listGroupOffsets",
                "Lists the committed offsets of a group with their lag",
                "In order of topic and partition. If a log cannot be asked, log_end_offset and lag are null and error has the reason. "
                + "Offsets of open transactions are not listed. With require_stable, a partition of which such a transaction may commit another offset has "
                + "the error UNSTABLE_OFFSET_COMMIT and neither offset nor lag: ask again.")
            .Fails(400, 404);
        routes.MapPut("/groups/{group}/offsets", CommitAsync)
            .Describe(
                "commitGroupOffsets",
                "Commits offsets without a member",
                "The group must have no members; it is created if need be. An offset is the next one to read. "
                + "Partitions that are not listed keep theirs.")
            .Fails(400, 404, 409, 413, 415);
        routes.MapDelete("/groups/{group}/offsets", DeleteAsync)
            .Describe(
                "deleteGroupOffsets",
                "Deletes committed offsets",
                "Of the topic or partition that the query names, or of those in a body {\"topics\": [{\"topic_name\": text, "
                + "\"partitions\": [number]}]}, where a topic without partitions means all. No member may subscribe to the topics. "
                + "A partition without an offset is no error.")
            .Fails(400, 404, 409, 413, 415);
    }

    private async Task<Results<Ok<GroupOffsetJson[]>, ApiProblem>> ListAsync(
        GroupId group, CancellationToken aborted, [Description("Only this topic.")] TopicName? topic = null,
        [FromQuery(Name = "require_stable"), Description("Whether to refuse, one by one, offsets that an open transaction may replace.")]
        bool requireStable = false)
    {
        var (result, problem) = await OffsetsAsync(grains.GetGrain<IGroupGrain>(group.Value));
        if (problem is not null)
        {
            return problem;
        }

        var committed = result.Offsets.ToDictionary(offset => offset.Partition);
        var unstable = requireStable ? result.Pending?.ToHashSet() ?? [] : [];
        TopicPartition[] wanted =
            [.. committed.Keys.Union(unstable).Where(partition => topic is null || partition.Topic == topic).Order()];
        var bounds = await new LogOffsetLookup(topics, lookup, aborted).BoundsAsync(wanted);
        return TypedResults.Ok<GroupOffsetJson[]>([.. wanted.Zip(bounds, (partition, log) =>
            unstable.Contains(partition) ? GroupOffsetJson.Unstable(partition, log) : GroupOffsetJson.From(committed[partition], log))]);
    }

    private async Task<Results<NoContent, ApiProblem>> CommitAsync(GroupId group, Body<CommitOffsetsJson> body, CancellationToken aborted)
    {
        var (offsets, problem) = CommitBody.Read(body.Value.Offsets);
        problem ??= await new LogOffsetLookup(topics, lookup, aborted).FindMissingAsync([.. offsets!.Select(offset => offset.Partition)])
            ?? await AdminOffsetCommit.CommitAsync(grains.GetGrain<IGroupGrain>(group.Value), offsets!);
        return problem is not null ? problem : TypedResults.NoContent();
    }

    private async Task<Results<NoContent, ApiProblem>> DeleteAsync(
        GroupId group,
        OptionalBody<DeleteOffsetsJson> body,
        [Description("Only this topic.")] TopicName? topic = null,
        [Description("Only this partition of the topic."), Range(0, int.MaxValue)] int? partition = null)
    {
        if ((topic is null && partition is not null) || (topic is null) == (body.Value is null))
        {
            return ApiProblem.BadRequest(
                "Name what to delete: by the query parameter topic, if need be with partition, or else by a body.");
        }

        var (selection, problem) = PartitionSelection.Read(
            body.Value?.Topics ?? [new TopicPartitionsJson(topic!.Value.Value, partition is { } one ? [one] : null)]);
        problem ??= await DeleteSelectedAsync(grains.GetGrain<IGroupGrain>(group.Value), selection!);
        return problem is not null ? problem : TypedResults.NoContent();
    }

    private static async Task<ApiProblem?> DeleteSelectedAsync(IGroupGrain group, PartitionSelection selection)
    {
        var (committed, problem) = await OffsetsAsync(group);
        if (problem is not null)
        {
            return problem;
        }

        var all = committed.Offsets.ToLookup(offset => offset.Partition.Topic, offset => offset.Partition.Partition);
        TopicPartition[] partitions = [.. selection.Expand(topic => all[topic])];
        return CommitProblem.Of(await group.DeleteOffsets(partitions), "deleted");
    }

    private static async Task<(OffsetsResult Offsets, ApiProblem? Problem)> OffsetsAsync(IGroupGrain group)
    {
        var result = await group.Offsets(null);
        var error = result.Error;
        if (error == ErrorCode.None && result.Offsets.Length == 0)
        {
            // A group that does not exist has no offsets either.
            error = (await group.Describe()).Error;
        }

        return (result, error == ErrorCode.None ? null : new ApiProblem(error));
    }
}
