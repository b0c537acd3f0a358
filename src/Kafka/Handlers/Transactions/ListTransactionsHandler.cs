using System.Text.RegularExpressions;
using Loire.Grains.Interfaces.Transactions;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model.Transactions;

namespace Loire.Kafka.Handlers.Transactions;

/// <summary>
/// ListTransactions 0 to 2 (KIP-664): the transactional ids of the cluster, by state, producer, age from version 1 on, and a pattern from version 2 on, which stands for
/// the whole id. States that do not exist are named in the answer.
/// </summary>
/// <param name="listing">Goes through the ids.</param>
/// <param name="time">The clock.</param>
internal sealed class ListTransactionsHandler(TransactionListing listing, TimeProvider time)
    : KafkaHandler<ListTransactionsRequest>(ApiKey.ListTransactions, 0, 2)
{
    // Its automaton may be much larger.
    private const int PatternLength = 1_000;

    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, ListTransactionsRequest request)
    {
        var (states, producers) = (request.StateFilters.ToHashSet(StringComparer.Ordinal), request.ProducerIdFilters.ToHashSet());
        if (!TryParse(request.TransactionalIdPattern, out var pattern))
        {
            return new ListTransactionsResponse { ErrorCode = ErrorCode.InvalidRegularExpression };
        }

        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var (error, found) = await listing.FindAsync(IsWanted, id => pattern?.IsMatch(id.Value) != false, context.Gone);
        return new ListTransactionsResponse
        {
            ErrorCode = error,
            UnknownStateFilters = [.. states.Except(Enum.GetNames<TransactionStatus>())],
            TransactionStates = [.. found.Select(static transaction => new ListTransactionsResponse.Transaction
            {
                TransactionalId = transaction.Id.Value,
                ProducerId = transaction.Producer.Id,
                TransactionState = transaction.Status.ToString(),
            })],
        };

        bool IsWanted(TransactionDescription transaction) =>
            (states.Count == 0 || states.Contains(transaction.Status.ToString()))
            && (producers.Count == 0 || producers.Contains(transaction.Producer.Id))
            && (request.DurationFilter < 0 || now - transaction.StartedAt.Milliseconds > request.DurationFilter);
    }

    protected override IKafkaMessage Refuse(HandlerContext context, ListTransactionsRequest request, ErrorCode error) =>
        new ListTransactionsResponse { ErrorCode = error };

    private static bool TryParse(string? text, out Regex? pattern)
    {
        pattern = null;
        if (string.IsNullOrEmpty(text))
        {
            return true;
        }

        try
        {
            // Matches in a time that grows with the text alone.
            pattern = text.Length <= PatternLength ? new Regex($"\\A(?:{text})\\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant) : null;
            return pattern is not null;
        }
        catch (Exception invalid) when (invalid is ArgumentException or NotSupportedException)
        {
            return false;
        }
    }
}
