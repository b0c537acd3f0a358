using Loire.Grains.Interfaces.Consumers;
using Loire.Model;
using Loire.WebApi.Operations;
using Loire.WebApi.Requests;
using Loire.WebApi.RestProxy.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.RestProxy.Consumers;

/// <summary>
/// <c>.../positions</c>: the positions of an instance. An offset here is the next one to read, independent of the meaning of commits.
/// </summary>
internal sealed class PositionsEndpoints(IGrainFactory grains, IOptions<LoireApiOptions> options)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        const string Positions = ConsumerInstance.Path + "/positions";
        routes.MapPost(Positions, ConsumerInstance.Handle(grains, SeekAsync))
            .Describe(
                "v2Seek",
                "v2: seeks to offsets or timestamps",
                "offsets, timestamps (in ISO 8601), or both.")
            .TakesV2<V2PositionsJson>().AnswersNothing().FailsV2(400, 404, 409, 415, 422);
        MapTo(routes, Positions + "/beginning", OffsetSpec.Earliest, "v2SeekToBeginning", "v2: seeks to the beginning");
        MapTo(routes, Positions + "/end", OffsetSpec.Latest, "v2SeekToEnd", "v2: seeks to the end");
    }

    private void MapTo(IEndpointRouteBuilder routes, string path, OffsetSpec to, string id, string summary) =>
        routes.MapPost(path, ConsumerInstance.Handle(grains, (context, instance) => SeekAsync(context, instance, to)))
            .Describe(id, summary, "The instance must have all of the partitions.")
            .TakesV2<V2PartitionsJson>().AnswersNothing().FailsV2(400, 404, 409, 415, 422);

    private async Task<V2Error?> SeekAsync(HttpContext context, ConsumerInstance instance)
    {
        var (wanted, error) = await V2Requests.ReadAsync<V2PositionsJson>(context, options.Value.MaxDocumentBytes);
        PartitionSeek[] seeks = [];
        error ??= wanted is null ? V2Error.Invalid("The body must have offsets or timestamps.") : TryRead(wanted, out seeks);
        return error ?? Done(context, await instance.Grain.Seek(seeks));
    }

    private async Task<V2Error?> SeekAsync(HttpContext context, ConsumerInstance instance, OffsetSpec to)
    {
        var (wanted, error) = await V2Requests.ReadAsync<V2PartitionsJson>(context, options.Value.MaxDocumentBytes);
        TopicPartition[] partitions = [];
        error ??= InstanceDocument.TryRead(wanted ?? new V2PartitionsJson(), out partitions);
        return error
            ?? Done(context, await instance.Grain.Seek(Array.ConvertAll(partitions, partition => new PartitionSeek(partition, to))));
    }

    private static V2Error? TryRead(V2PositionsJson wanted, out PartitionSeek[] seeks)
    {
        seeks = [];
        var offsets = wanted.Offsets ?? [];
        var moments = wanted.Timestamps ?? [];
        if (offsets.Length + (long)moments.Length > Limits.OffsetsPerCommit)
        {
            return V2Error.Invalid($"At most {Limits.OffsetsPerCommit} positions are set at once.");
        }

        // The last entry of a partition applies, and timestamps come after offsets.
        var read = new Dictionary<TopicPartition, PartitionSeek>();
        foreach (var entry in offsets)
        {
            if (InstanceDocument.TryRead(entry?.Topic, entry?.Partition, out var partition) is { } wrong)
            {
                return wrong;
            }

            if (entry!.Offset is not (>= 0 and var offset))
            {
                return V2Error.Invalid("An entry's offset must be a whole number, at least 0.");
            }

            read[partition] = new PartitionSeek(partition, OffsetSpec.At(offset));
        }

        foreach (var entry in moments)
        {
            if (InstanceDocument.TryRead(entry?.Topic, entry?.Partition, out var partition) is { } wrong)
            {
                return wrong;
            }

            if (!SearchTime.TryParse(entry!.Timestamp, out var moment))
            {
                return V2Error.Invalid($"An entry's timestamp {Timestamp.Expected}.");
            }

            read[partition] = new PartitionSeek(partition, OffsetSpec.AtTime(moment.Timestamp));
        }

        seeks = [.. read.Values];
        return null;
    }

    private static V2Error? Done(HttpContext context, ConsumerResult result) =>
        ConsumerInstance.Read(result).Error ?? V2Requests.NoContent(context);
}
