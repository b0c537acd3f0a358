using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Topics;
using Loire.Model;
using Loire.WebApi.Errors;
using Loire.WebApi.Operations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Loire.WebApi.Transactions;

/// <summary>
/// <c>GET /v1/transactions:hanging</c>: a view of the whole collection, not one of its items, so it stands behind a colon, where no transactional id can be
/// meant. It is paged by topics, because the work lies in asking their partitions.
/// </summary>
internal sealed class HangingEndpoint(IGrainFactory grains, TopicCache topics, TimeProvider time)
{
    // As long as a transaction may stay open by default: none that is younger can have been forgotten.
    private const int DefaultAgeMs = 15 * 60 * 1_000;

    public void Map(IEndpointRouteBuilder routes) => routes.MapGet("/transactions:hanging", ListAsync)
        .Describe(
            "listHangingTransactions",
            "Lists transactions that are open in a partition and of which no coordinator knows",
            "They hold back readers with read_committed, and nobody will end them. Every partition of a page of topics is asked, which opens it, and if "
            + "any has such a candidate, every coordinator. In order of topic, partition and producer; a further page of topics is linked in the header "
            + "Link with rel=\"next\". A partition that cannot be asked has a row with the reason in error.")
        .Fails(400, 404, 503);

    private async Task<Results<Ok<HangingTransactionJson[]>, ApiProblem>> ListAsync(
        HttpContext context,
        CancellationToken aborted,
        [Description("Only this topic.")] TopicName? topic = null,
        [Description("Only this partition of the topic."), Range(0, int.MaxValue)] int? partition = null,
        [FromQuery(Name = "older_than_ms"), Description("Only transactions whose last record is older; by default 15 minutes."), Range(0, int.MaxValue)]
        int olderThanMs = DefaultAgeMs,
        [Description("Only topics after this one, in ordinal order; what the Link header of a page continues with.")]
        [MaxLength(Limits.TopicNameLength)]
        string after = "",
        [Description("Topics in one page at most."), Range(1, 1_000)] int limit = 100)
    {
        if (topic is null && partition is not null)
        {
            return ApiProblem.BadRequest("A partition is one of a topic: name that too.");
        }

        var names = topic is { } only ? new TopicList(ErrorCode.None, [only], false) : await grains.GetGrain<ICatalogGrain>(ICatalogGrain.Key).List(after, limit);
        if (names.Error != ErrorCode.None)
        {
            return new ApiProblem(names.Error);
        }

        var search = new HangingSearch(new TransactionLookup(grains, topics), topics, aborted);
        if (await search.FindPartitionsAsync(names.Names, partition, isNamed: topic is not null) is { } problem)
        {
            return problem;
        }

        await search.AskPartitionsAsync(new Timestamp(Timestamp.From(time.GetUtcNow()).Milliseconds - olderThanMs));
        if (await search.LeaveOutKnownAsync() is { } unanswered)
        {
            return unanswered;
        }

        await search.ConfirmAsync();
        if (names.HasMore && names.Names.Length > 0)
        {
            var query = string.Create(CultureInfo.InvariantCulture, $"after={names.Names[^1]}&limit={limit}&older_than_ms={olderThanMs}");
            context.Response.Headers.Link = $"<{context.Request.PathBase}{context.Request.Path}?{query}>; rel=\"next\"";
        }

        return TypedResults.Ok(search.Rows());
    }
}

/// <summary>A transaction that hangs, or a partition that could not be asked.</summary>
/// <param name="TopicName">The topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="ProducerId">The producer; null with an error.</param>
/// <param name="ProducerEpoch">Its epoch in the partition; null with an error.</param>
/// <param name="TransactionStartOffset">The offset of the first record of the transaction; null with an error.</param>
/// <param name="LastTimestamp">When the producer appended last, in milliseconds since 1970, by a broker's clock; null with an error.</param>
/// <param name="Error">Why the partition could not be asked, by Kafka's name; null if it could.</param>
internal sealed record HangingTransactionJson(
    string TopicName, int Partition, long? ProducerId, short? ProducerEpoch, long? TransactionStartOffset, long? LastTimestamp, string? Error);
