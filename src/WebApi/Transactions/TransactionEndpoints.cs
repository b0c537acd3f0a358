using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Loire.Model.Transactions;
using Loire.WebApi.Errors;
using Loire.WebApi.Operations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Loire.WebApi.Transactions;

/// <summary><c>/v1/transactions</c>: the transactional ids with their transactions; list, describe, abort (KIP-664).</summary>
internal sealed class TransactionEndpoints(IGrainFactory grains, TopicCache topics, TimeProvider time)
{
    private readonly TransactionLookup _lookup = new(grains, topics);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/transactions", ListAsync)
            .Describe(
                "listTransactions",
                "Lists the transactional ids and how far their transactions are",
                "In ordinal order of the ids. A further page is linked in the header Link with rel=\"next\". Filters apply within a page, which then may "
                + "have few rows or none and still a next one. An id whose coordinator cannot be asked has the reason in error, and passes every filter.")
            .Fails(400, 503);
        routes.MapGet("/transactions/{transaction}", DescribeAsync)
            .Describe("getTransaction", "Describes a transactional id", "Its producer, and the open transaction with its partitions and groups.")
            .Fails(400, 404, 503);
        routes.MapPost("/transactions/{transaction}:abort", AbortAsync)
            .Describe(
                "abortTransaction",
                "Aborts the open transaction",
                "And fences its producer, as the transaction's timeout would. Answers when the outcome is durable; partitions and groups hear of it soon "
                + "after. Does nothing if none is open. Refused if it commits already.")
            .Fails(400, 404, 409, 503);
    }

    private async Task<Results<Ok<TransactionListingJson[]>, ApiProblem>> ListAsync(
        HttpContext context,
        CancellationToken aborted,
        [Description("Only ids after this one, in ordinal order; what the Link header of a page continues with.")]
        [MaxLength(Limits.GroupIdLength)]
        string after = "",
        [Description("Ids that are looked at for one page at most."), Range(1, TransactionLookup.IdsPerPage)] int limit = TransactionLookup.IdsPerPage,
        [FromQuery, Description("Only this state: Empty, Ongoing, PrepareCommit, PrepareAbort, CompleteCommit or CompleteAbort; may be repeated.")]
        string[]? state = null,
        [FromQuery(Name = "producer_id"), Description("Only this producer; may be repeated.")] long[]? producerId = null,
        [FromQuery(Name = "duration_ms"), Description("Only transactions that have been open for longer than this."), Range(0, int.MaxValue)]
        int? durationMs = null)
    {
        var states = Array.ConvertAll(state ?? [], StateOf);
        if (Array.IndexOf(states, null) is >= 0 and var unknown)
        {
            return ApiProblem.BadRequest(
                $"The parameter state must be one of {string.Join(", ", Enum.GetNames<TransactionStatus>())}, not '{ApiProblem.Excerpt(state![unknown])}'.");
        }

        var page = await _lookup.ListAsync(after, limit, aborted);
        if (page.Error != ErrorCode.None)
        {
            return new ApiProblem(page.Error);
        }

        if (page.HasMore)
        {
            string[] query =
            [
                $"after={Uri.EscapeDataString(page.Ids[^1].Value)}", string.Create(CultureInfo.InvariantCulture, $"limit={limit}"),
                .. (state ?? []).Select(one => $"state={one}"),
                .. (producerId ?? []).Select(one => string.Create(CultureInfo.InvariantCulture, $"producer_id={one}")),
                .. durationMs is { } shortest ? [string.Create(CultureInfo.InvariantCulture, $"duration_ms={shortest}")] : Array.Empty<string>(),
            ];
            context.Response.Headers.Link = $"<{context.Request.PathBase}{context.Request.Path}?{string.Join('&', query)}>; rel=\"next\"";
        }

        var now = Now;
        var rows = page.Ids.Zip(await _lookup.DescribeAsync(page.Ids, aborted), (id, result) => result.Transaction switch
        {
            // An id that has expired since it was listed is none.
            null => result.Error == ErrorCode.TransactionalIdNotFound ? null : TransactionListingJson.Unknown(id, result.Error),
            var one when (states.Length > 0 && !states.Contains(one.Status))
                || (producerId is { Length: > 0 } && !producerId.Contains(one.Producer.Id))
                || (durationMs is { } shortest && !(OpenTransaction.DurationMs(one, now) > shortest)) => null,
            var one => TransactionListingJson.From(one, now),
        });
        return TypedResults.Ok(rows.OfType<TransactionListingJson>().ToArray());
    }

    private async Task<Results<Ok<TransactionJson>, ApiProblem>> DescribeAsync(TransactionalId transaction)
    {
        var result = await grains.GetGrain<ITransactionGrain>(transaction.Value).Describe();
        return ProblemOf(transaction, result.Error) is { } problem ? problem : TypedResults.Ok(TransactionJson.From(result.Transaction!, Now));
    }

    private async Task<Results<NoContent, ApiProblem>> AbortAsync(TransactionalId transaction) =>
        ProblemOf(transaction, await grains.GetGrain<ITransactionGrain>(transaction.Value).Abort()) is { } problem ? problem : TypedResults.NoContent();

    private Timestamp Now => Timestamp.From(time.GetUtcNow());

    private static ApiProblem? ProblemOf(TransactionalId id, ErrorCode error) => ApiProblem.Of(error, error switch
    {
        ErrorCode.TransactionalIdNotFound => $"The transactional id '{id}' is not in use.",
        ErrorCode.InvalidTxnState => $"The transaction of '{id}' commits already.",
        _ => null,
    });

    private static TransactionStatus? StateOf(string name) =>
        Array.IndexOf(Enum.GetNames<TransactionStatus>(), name) is >= 0 and var index ? Enum.GetValues<TransactionStatus>()[index] : null;
}
