using System.ComponentModel;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.WebApi.Errors;
using Loire.WebApi.Operations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Loire.WebApi.Transactions;

/// <summary>
/// <c>POST /v1/topics/{topic}/partitions/{partition}/transactions/{offset}:abort</c>: the end of a transaction that hangs (KIP-664). It has no other name than
/// where it begins: which transactional id it was of, nobody knows.
/// </summary>
internal sealed class HangingAbortEndpoint(IGrainFactory grains, TopicCache topics)
{
    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/topics/{topic}/partitions/{partition}/transactions/{offset}:abort", AbortAsync)
        .Describe(
            "abortHangingTransaction",
            "Aborts a transaction that hangs, in its partition",
            "One that listHangingTransactions shows, by the offset of its first record. Every coordinator is asked before; refused if one of them knows of the "
            + "transaction, if no transaction that is open begins there, or if its producer writes meanwhile. Answers when the abort is durable.")
        .Fails(400, 404, 409, 503);

    private async Task<Results<NoContent, ApiProblem>> AbortAsync(
        TopicName topic,
        int partition,
        [Description("The offset of the first record of the transaction.")] long offset,
        CancellationToken aborted)
    {
        var (start, search) = (new Offset(offset), new HangingSearch(new TransactionLookup(grains, topics), topics, aborted));
        if (await search.FindPartitionsAsync([topic], partition, isNamed: true) is { } problem)
        {
            return problem;
        }

        await search.AskPartitionsAsync(new Timestamp(long.MaxValue));
        if (search.Failure is { } failure)
        {
            return new ApiProblem(failure);
        }

        if (search.Find(start) is not { } described)
        {
            return new ApiProblem(ErrorCode.InvalidTxnState, $"No open transaction begins at offset {offset} of {topic}-{partition}.");
        }

        if (await search.LeaveOutKnownAsync() is { } unanswered)
        {
            return unanswered;
        }

        if (search.Find(start) is null)
        {
            return new ApiProblem(
                ErrorCode.InvalidTxnState,
                $"The transaction at offset {offset} of {topic}-{partition} does not hang: a coordinator knows of it, and ends it. It can be aborted by its transactional id.");
        }

        var producer = described.Producer;
        var request = new AbortHangingRequest(producer.Producer, start, producer.LastSequence);
        var error = await described.Topic.Partition(partition).AbortHanging(request);
        return ApiProblem.Of(error, error == ErrorCode.InvalidTxnState
            ? $"The transaction at offset {offset} of {topic}-{partition} has changed since its coordinator was looked for; look again whether it hangs."
            : null) is { } refused ? refused : TypedResults.NoContent();
    }
}
