using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Loire.WebApi.Errors;
using Loire.WebApi.Operations;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Loire.WebApi.Transactions;

/// <summary>
/// <c>/v1/producers</c>: ids of idempotent producers; <c>/v1/topics/{topic}/partitions/{partition}/producers</c>: those that a partition remembers (KIP-664).
/// </summary>
internal sealed class ProducerEndpoints(IGrainFactory grains, TopicCache topics)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/producers", CreateAsync)
            .Describe(
                "createProducer",
                "Gives an id to an idempotent producer",
                "That no other producer of the cluster has had. What it appends to a partition with producer_id, producer_epoch and base_sequence may be repeated: "
                + "each of its last five batches is recognized, and a sequence that neither continues nor repeats one is refused with 409.")
            .Fails(503);
        routes.MapGet("/topics/{topic}/partitions/{partition}/producers", ListAsync)
            .Describe(
                "listProducers",
                "Lists the idempotent producers of a partition",
                "Those that stand for an Idempotency-Key, with ids from 2^62 on, and then the others, of both the one first that appended the longest time "
                + "ago. A transaction that is open in the partition shows by its first offset, which bounds what can be read with read_committed.")
            .Fails(400, 404, 503);
    }

    private async Task<Results<Ok<NewProducerJson>, ApiProblem>> CreateAsync()
    {
        var result = await grains.GetGrain<IProducerIdGrain>(IProducerIdGrain.Key).Next();
        return ApiProblem.Of(result.Error) is { } problem ? problem : TypedResults.Ok(new NewProducerJson(result.Producer.Id, result.Producer.Epoch));
    }

    private async Task<Results<Ok<ProducerJson[]>, ApiProblem>> ListAsync(TopicName topic, int partition, CancellationToken aborted)
    {
        // Always asked anew: the answer of a partition does not tell that its topic is another one now.
        var found = await topics.FindAsync(topic, TopicCache.Fresh, Timeout.InfiniteTimeSpan, aborted);
        if (found.Topic is not { } routes)
        {
            return PartitionTarget.Problem(topic, found);
        }

        if (partition >= routes.PartitionsCount)
        {
            return PartitionTarget.Unknown(routes, partition);
        }

        var result = await routes.Partition(partition).Producers();
        return ApiProblem.Of(result.Error) is { } problem ? problem : TypedResults.Ok(Array.ConvertAll(result.Producers, ProducerJson.From));
    }
}

/// <summary>A new idempotent producer.</summary>
/// <param name="ProducerId">Its id.</param>
/// <param name="ProducerEpoch">Its epoch.</param>
internal sealed record NewProducerJson(long ProducerId, short ProducerEpoch);

/// <summary>What a partition remembers of an idempotent producer.</summary>
/// <param name="ProducerId">The producer.</param>
/// <param name="ProducerEpoch">Its last epoch.</param>
/// <param name="LastSequence">The sequence of its last record; −1 if none of that epoch is remembered.</param>
/// <param name="LastTimestamp">When it appended last, in milliseconds since 1970, by a broker's clock.</param>
/// <param name="TransactionStartOffset">The offset of the first record of its open transaction; null if none is open.</param>
internal sealed record ProducerJson(long ProducerId, short ProducerEpoch, int LastSequence, long LastTimestamp, long? TransactionStartOffset)
{
    public static ProducerJson From(ProducerDescription producer) => new(
        producer.Producer.Id, producer.Producer.Epoch, producer.LastSequence, producer.LastAppend.Milliseconds,
        producer.TransactionStart == Offset.None ? null : producer.TransactionStart.Value);
}
