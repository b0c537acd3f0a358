using System.Text.Json;
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

/// <summary>
/// <c>POST /v1/topics/{topic}/records:delete</c>. Every partition is asked whether it would do it before any of them does.
/// </summary>
internal sealed class RecordsDeletionEndpoint(TopicCache topics, OffsetLookup lookup)
{
    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/topics/{topic}/records:delete", DeleteAsync)
        .Describe(
            "deleteRecords",
            "Deletes the oldest records",
            "Deletes the records of each partition before to: latest (all of them), timestamp (the first record at or after value) or offset "
            + "(value itself). Without partitions those of all partitions are deleted. With dry_run none are. The offsets of deleted records are not used again.")
        .Fails(400, 403, 404, 413, 415, 416, 503);

    private async Task<Results<Ok<RecordsDeletionJson[]>, ApiProblem>> DeleteAsync(
        TopicName topic, Body<DeleteRecordsJson> body, CancellationToken aborted)
    {
        var wanted = body.Value;
        var (before, problem) = OffsetSpecJson.Read(wanted.To, wanted.Value, canShift: false);
        if ((problem ?? Problem(before, wanted.Partitions)) is { } bad)
        {
            return bad;
        }

        var found = await topics.FindAsync(topic, TopicCache.Fresh, Timeout.InfiniteTimeSpan, aborted);
        if (found.Topic is not { } routes)
        {
            return PartitionTarget.Problem(topic, found);
        }

        var partitions = wanted.Partitions ?? [.. Enumerable.Range(0, routes.PartitionsCount)];
        if (partitions.Max() is var highest && highest >= routes.PartitionsCount)
        {
            return PartitionTarget.Unknown(routes, highest);
        }

        var deletions = new Deletion[partitions.Length];
        problem = await EachAsync(deletions, index => PlanAsync(routes, partitions[index], before, aborted), aborted);
        if (problem is null && !wanted.DryRun)
        {
            problem = await EachAsync(deletions, index => CallAsync(routes, deletions[index], validateOnly: false, aborted), aborted);
        }

        return problem is not null ? problem : TypedResults.Ok(Array.ConvertAll(deletions, ToJson));
    }

    private async ValueTask<Deletion> PlanAsync(TopicRoutes routes, int partition, OffsetSpec before, CancellationToken aborted)
    {
        var bounds = await lookup.BoundsAsync(routes, partition, aborted);
        var offset = before.Kind == OffsetSpecKind.Offset ? before.Number : bounds.HighWatermark;
        if (bounds.Error == ErrorCode.None && before.Kind == OffsetSpecKind.Time)
        {
            var record = await lookup.AtTimeAsync(routes, partition, new Timestamp(before.Number), aborted);
            bounds = bounds with { Error = record.Error };
            offset = record.IsFound ? record.Offset : offset;
        }

        var planned = new Deletion(partition, bounds, offset, bounds, null);
        return bounds.Error != ErrorCode.None
            ? planned with { Problem = new ApiProblem(bounds.Error) }
            : await CallAsync(routes, planned, validateOnly: true, aborted);
    }

    private async ValueTask<Deletion> CallAsync(TopicRoutes routes, Deletion planned, bool validateOnly, CancellationToken aborted)
    {
        var (answer, _) = await topics.AskAsync(
            routes, planned.Partition, mayMove: false, (planned.Before, validateOnly),
            static (grain, wanted) => grain.DeleteRecords(wanted.Before, wanted.validateOnly), Timeout.InfiniteTimeSpan, aborted);
        return planned with
        {
            After = answer,
            Problem = answer.Error == ErrorCode.None ? null
                : answer.Error == ErrorCode.OffsetOutOfRange
                    ? new ApiProblem(answer.Error, $"Partition {planned.Partition} ends at offset {planned.Bounds.HighWatermark}.")
                    : new ApiProblem(answer.Error),
        };
    }

    /// <summary>Makes a call for each partition; the first problem of any.</summary>
    private static async Task<ApiProblem?> EachAsync(Deletion[] deletions, Func<int, ValueTask<Deletion>> call, CancellationToken aborted)
    {
        try
        {
            await Parallel.ForEachAsync(
                Enumerable.Range(0, deletions.Length),
                new ParallelOptions { MaxDegreeOfParallelism = OffsetLookup.AtOnce, CancellationToken = aborted },
                async (index, _) => deletions[index] = await call(index));
            return Array.Find(deletions, deletion => deletion.Problem is not null)?.Problem;
        }
        catch (Exception exception) when (ApiProblem.FromGrainCall(exception) is { } failed)
        {
            return failed;
        }
    }

    private static ApiProblem? Problem(OffsetSpec before, int[]? partitions) =>
        before.Kind == OffsetSpecKind.Earliest
            ? ApiProblem.BadRequest("to must be latest, timestamp or offset: nothing lies before the earliest record.")
        : partitions is { Length: 0 } ? ApiProblem.BadRequest("partitions is empty; leave it out for all partitions.")
        : partitions?.Distinct().Count() < partitions?.Length ? ApiProblem.BadRequest("A partition is named twice.")
        : partitions?.Min() < 0 ? ApiProblem.BadRequest("A partition is a number from 0 on.")
        : null;

    private static RecordsDeletionJson ToJson(Deletion deletion) => new(
        deletion.Partition, deletion.Bounds.LogStart.Value, deletion.After.LogStart.Value, deletion.After.HighWatermark.Value);

    private sealed record Deletion(int Partition, PartitionOffsets Bounds, Offset Before, PartitionOffsets After, ApiProblem? Problem);
}

/// <summary>The records to be deleted.</summary>
/// <param name="To">latest, timestamp or offset: the first record that stays.</param>
/// <param name="Value">With timestamp milliseconds since 1970 or ISO 8601, with offset a whole number up to the high watermark; absent
/// otherwise.</param>
/// <param name="Partitions">Which partitions; absent for all.</param>
/// <param name="DryRun">Answer as if it had been done, but do not.</param>
internal sealed record DeleteRecordsJson(string To, JsonElement? Value = null, int[]? Partitions = null, bool DryRun = false);

/// <summary>What a deletion makes of a partition.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="OldLogStartOffset">The first offset that could be read before.</param>
/// <param name="LogStartOffset">The first offset that can be read after.</param>
/// <param name="HighWatermark">Records can be read up to here, exclusive.</param>
internal sealed record RecordsDeletionJson(int Partition, long OldLogStartOffset, long LogStartOffset, long HighWatermark);
