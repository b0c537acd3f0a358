using Loire.Edge.Offsets;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.Model.Groups;
using Loire.WebApi.Errors;
using Loire.WebApi.Operations;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Loire.WebApi.Groups;

/// <summary>
/// <c>POST /v1/groups/{group}/offsets:reset</c>. All partitions are looked at before anything is changed, and then all are changed by one
/// commit, which the group refuses if someone has joined meanwhile.
/// </summary>
internal sealed class OffsetsResetEndpoint(
    IGrainFactory grains, TopicCache topics, OffsetLookup lookup)
{
    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/groups/{group}/offsets:reset", ResetAsync)
        .Describe(
            "resetGroupOffsets",
            "Resets the offsets of a group",
            "to is earliest, latest, timestamp (the first record at or after value), offset (value itself) or shift (value records "
            + "further, or back if it is negative), each kept within what can be read. Without topics every committed offset is reset. "
            + "The group must have no members. All are changed or none; with dry_run none.")
        .Fails(400, 404, 409, 413, 415, 503);

    private async Task<Results<Ok<OffsetResetJson[]>, ApiProblem>> ResetAsync(
        GroupId group, Body<ResetOffsetsJson> body, CancellationToken aborted)
    {
        var wanted = body.Value;
        var (target, problem) = OffsetSpecJson.Read(wanted.To, wanted.Value, canShift: true);
        PartitionSelection? selection = null;
        if (problem is null && wanted.Topics is not null)
        {
            (selection, problem) = PartitionSelection.Read(wanted.Topics);
        }

        var grain = grains.GetGrain<IGroupGrain>(group.Value);
        (var resets, problem) = problem is null
            ? await PlanAsync(grain, selection, target, new LogOffsetLookup(topics, lookup, aborted))
            : ([], problem);
        if (problem is null && !wanted.DryRun && resets.Length > 0)
        {
            problem = await AdminOffsetCommit.CommitAsync(grain, Array.ConvertAll(resets, ToCommit));
        }

        return problem is not null ? problem : TypedResults.Ok(Array.ConvertAll(resets, ToJson));
    }

    private static async Task<(Reset[] Resets, ApiProblem? Problem)> PlanAsync(
        IGroupGrain group, PartitionSelection? selection, OffsetSpec target, LogOffsetLookup logs)
    {
        var described = await group.Describe();
        var isNew = described.Error == ErrorCode.GroupIdNotFound && selection is not null;
        if (described.Error != ErrorCode.None && !isNew)
        {
            return ([], new ApiProblem(described.Error));
        }

        if (described.Group?.Members.Length > 0)
        {
            return ([], AdminOffsetCommit.HasMembers);
        }

        var result = await group.Offsets(null);
        if (result.Error != ErrorCode.None)
        {
            return ([], new ApiProblem(result.Error));
        }

        var committed = result.Offsets.ToDictionary(offset => offset.Partition, offset => offset.Offset);
        var (partitions, problem) = await SelectAsync(selection, committed, logs);
        var lacking = target.Kind == OffsetSpecKind.Shift ? Array.FindIndex(partitions, partition => !committed.ContainsKey(partition)) : -1;
        if (problem is null && lacking >= 0)
        {
            problem = ApiProblem.BadRequest($"A shift begins at the committed offset, and {partitions[lacking]} has none.");
        }

        return problem is null ? await ResolveAsync(partitions, committed, target, logs) : ([], problem);
    }

    private static async Task<(TopicPartition[] Partitions, ApiProblem? Problem)> SelectAsync(
        PartitionSelection? selection, Dictionary<TopicPartition, Offset> committed, LogOffsetLookup logs)
    {
        if (selection is not null)
        {
            await logs.DescribeAsync(selection.Topics);
            if (selection.Topics.Select(topic => logs.Topic(topic).Problem).FirstOrDefault(missing => missing is not null) is { } problem)
            {
                return ([], problem);
            }
        }

        // One more than is allowed is enough to know.
        TopicPartition[] partitions =
        [
            .. (selection?.Expand(topic => Enumerable.Range(0, logs.Topic(topic).Topic!.PartitionsCount)) ?? committed.Keys.Order())
                .Take(Limits.OffsetsPerCommit + 1),
        ];
        return partitions.Length <= Limits.OffsetsPerCommit
            ? (partitions, null)
            : ([], ApiProblem.BadRequest($"At most {Limits.OffsetsPerCommit} partitions are reset at once; name topics or partitions."));
    }

    private static async Task<(Reset[] Resets, ApiProblem? Problem)> ResolveAsync(
        TopicPartition[] partitions, Dictionary<TopicPartition, Offset> committed, OffsetSpec target, LogOffsetLookup logs)
    {
        var bounds = await logs.BoundsAsync(partitions);
        var problem = Array.Find(bounds, log => log.Problem is not null)?.Problem;
        var found = new Offset?[partitions.Length];
        if (problem is null && target.Kind == OffsetSpecKind.Time)
        {
            var problems = new ApiProblem?[partitions.Length];
            await logs.EachAsync(partitions.Length, async index =>
            {
                var record = await logs.AtTimeAsync(partitions[index], new Timestamp(target.Number));
                problems[index] = record.Error == ErrorCode.None ? null : new ApiProblem(record.Error);
                found[index] = record.IsFound ? record.Offset : null;
            });
            problem = Array.Find(problems, problem => problem is not null);
        }

        return problem is not null ? ([], problem) : ([.. partitions.Select(Resolve)], null);

        Reset Resolve(TopicPartition partition, int index)
        {
            Offset? old = committed.TryGetValue(partition, out var offset) ? offset : null;
            return new Reset(bounds[index], old, Apply(target, bounds[index].Offsets!, old, found[index]));
        }
    }

    // Within what can be read, whatever was asked for.
    private static Offset Apply(OffsetSpec target, PartitionOffsets bounds, Offset? committed, Offset? found)
    {
        Offset wanted = target.Kind switch
        {
            OffsetSpecKind.Earliest => bounds.LogStart,
            OffsetSpecKind.Latest => bounds.HighWatermark,
            OffsetSpecKind.Time => found ?? bounds.HighWatermark,
            OffsetSpecKind.Offset => target.Number,
            _ => (long)Int128.Clamp((Int128)committed!.Value.Value + target.Number, 0, long.MaxValue),
        };
        return Offset.Max(bounds.LogStart, Offset.Min(wanted, bounds.HighWatermark));
    }

    private static CommittedOffset ToCommit(Reset reset) => new(reset.Log.Partition, reset.New, LeaderEpoch.None, "", Timestamp.None);

    private static OffsetResetJson ToJson(Reset reset) => new(
        reset.Log.Partition.Topic.Value, reset.Log.Partition.Partition, reset.Old?.Value, reset.New.Value,
        reset.Log.Offsets!.LogStart.Value, reset.Log.Offsets.HighWatermark.Value);

    private sealed record Reset(LogBounds Log, Offset? Old, Offset New);
}
