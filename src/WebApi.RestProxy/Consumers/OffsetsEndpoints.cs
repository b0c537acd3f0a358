using Loire.Edge.Offsets;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.Model.Groups;
using Loire.WebApi.Groups;
using Loire.WebApi.Operations;
using Loire.WebApi.RestProxy.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.RestProxy.Consumers;

/// <summary>
/// <c>.../offsets</c>: commits as the instance, and what its group has committed. Only the commit is shifted by <see
/// cref="CommitMeaning"/>: what is read back is what is stored, the next offset to read.
/// </summary>
internal sealed class OffsetsEndpoints(
    IGrainFactory grains, TopicCache topics, OffsetLookup lookup, IOptions<LoireApiOptions> options,
    IOptions<RestProxyOptions> proxy)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        const string Offsets = ConsumerInstance.Path + "/offsets";
        routes.MapPost(Offsets, ConsumerInstance.Handle(grains, CommitAsync))
            .Describe(
                "v2CommitOffsets",
                "v2: commits offsets",
                "Each offset is that of the last record that was read (200, an empty array) or, if the node is set so, the next one to read (204). "
                    + "Without a body, or with an empty object, everything delivered is committed.")
            .TakesV2<V2OffsetsJson>(isOptional: true).AnswersV2<string[]>().AnswersNothing().FailsV2(400, 404, 409, 415, 422);
        routes.MapGet(Offsets, ConsumerInstance.Handle(grains, CommittedAsync))
            .Describe(
                "v2GetCommittedOffsets",
                "v2: shows committed offsets",
                "The body says which: {\"partitions\": [{\"topic\", \"partition\"}]}. Many clients cannot send one; POST .../offsets:query "
                    + "does the same.")
            .AnswersV2<V2CommittedOffsetsJson>().FailsV2(400, 404, 415, 422);
        routes.MapPost(Offsets + ":query", ConsumerInstance.Handle(grains, CommittedAsync))
            .Describe("v2QueryCommittedOffsets", "v2: shows committed offsets", "An addition to the dialect.")
            .TakesV2<V2PartitionsJson>().AnswersV2<V2CommittedOffsetsJson>().FailsV2(400, 404, 415, 422);
    }

    private async Task<V2Error?> CommitAsync(HttpContext context, ConsumerInstance instance)
    {
        var (wanted, error) = await V2Requests.ReadAsync<V2OffsetsJson>(context, options.Value.MaxDocumentBytes);
        CommittedOffset[]? offsets = null;
        if (error is null && (wanted?.Offsets ?? wanted?.Partitions) is { } entries)
        {
            error = TryRead(entries, proxy.Value.Commits, out offsets) ?? await FindMissingAsync(offsets, context.RequestAborted);
        }

        if (error is not null)
        {
            return error;
        }

        if (offsets is { Length: 0 })
        {
            (_, error) = await instance.DescribeAsync();
        }
        else
        {
            var result = await instance.Grain.Commit(offsets);
            error = result.Error != ErrorCode.None ? V2Error.FromConsumer(result.Error, result.Detail)
                : result.Refused.Length > 0 ? Refused(result) : null;
        }

        return error is not null ? error
            : proxy.Value.Commits == CommitMeaning.NextToRead ? V2Requests.NoContent(context)
            : await V2Requests.AnswerAsync<string[]>(context, []);
    }

    private async Task<V2Error?> CommittedAsync(HttpContext context, ConsumerInstance instance)
    {
        var (wanted, error) = await V2Requests.ReadAsync<V2PartitionsJson>(context, options.Value.MaxDocumentBytes);
        if (error is not null || wanted is null)
        {
            return error ?? V2Error.PartitionNotFound with { Message = "The body names no partitions." };
        }

        error = InstanceDocument.TryRead(wanted, out var partitions);
        if (error is null)
        {
            (_, error) = await instance.DescribeAsync();
        }

        if (error is not null)
        {
            return error;
        }

        var result = await grains.GetGrain<IGroupGrain>(instance.Group.Value).Offsets(partitions);
        if (result.Error is not (ErrorCode.None or ErrorCode.GroupIdNotFound))
        {
            return V2Error.From(result.Error, null);
        }

        var known = result.Offsets.ToDictionary(offset => offset.Partition);
        var answer = partitions.Where(known.ContainsKey).Select(partition => V2CommittedJson.From(known[partition]));
        return await V2Requests.AnswerAsync(context, new V2CommittedOffsetsJson([.. answer]));
    }

    private static V2Error? TryRead(V2OffsetJson?[] entries, CommitMeaning meaning, out CommittedOffset[] offsets)
    {
        offsets = [];
        if (entries.Length > Limits.OffsetsPerCommit)
        {
            return V2Error.Invalid($"A commit holds at most {Limits.OffsetsPerCommit} offsets.");
        }

        // The last entry of a partition applies, as in the other servers.
        var read = new Dictionary<TopicPartition, CommittedOffset>();
        foreach (var entry in entries)
        {
            if (InstanceDocument.TryRead(entry?.Topic, entry?.Partition, out var partition) is { } wrong)
            {
                return wrong;
            }

            if (entry!.Offset is not (>= 0 and < long.MaxValue))
            {
                return V2Error.Invalid($"An entry's offset must be a whole number from 0 to {long.MaxValue - 1}.");
            }

            if (entry.Metadata?.Length > Limits.OffsetMetadataLength)
            {
                return V2Error.Invalid($"An entry's metadata has at most {Limits.OffsetMetadataLength} characters.");
            }

            var next = new Offset(entry.Offset.Value + (meaning == CommitMeaning.LastRead ? 1 : 0));
            read[partition] = new CommittedOffset(partition, next, LeaderEpoch.None, entry.Metadata ?? "", Timestamp.None);
        }

        offsets = [.. read.Values];
        return null;
    }

    private async ValueTask<V2Error?> FindMissingAsync(CommittedOffset[] offsets, CancellationToken cancellation)
    {
        var questions = new LogOffsetLookup(topics, lookup, cancellation);
        await questions.DescribeAsync(offsets.Select(offset => offset.Partition.Topic));
        var problems = offsets.Select(offset => questions.FindMissing(offset.Partition));
        return problems.FirstOrDefault(problem => problem is not null) is { } missing ? V2Error.From(missing) : null;
    }

    private static V2Error Refused(CommitResult result)
    {
        var (partition, error) = result.Refused[0];
        return V2Error.From(error, $"{partition}: {result.Detail ?? ErrorCodes.Describe(error).Text}");
    }
}
