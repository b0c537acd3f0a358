using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Loire.Model.Transactions;
using Loire.WebApi.Groups;

namespace Loire.WebApi.Transactions;

/// <summary>A transactional id in a list.</summary>
/// <param name="TransactionalId">The id.</param>
/// <param name="ProducerId">The id of its producer; null if it is unknown.</param>
/// <param name="State">Empty, Ongoing, PrepareCommit, PrepareAbort, CompleteCommit or CompleteAbort; null if it is unknown.</param>
/// <param name="DurationMs">For how long its transaction has been open; null if none is.</param>
/// <param name="Error">Why its coordinator could not be asked, by Kafka's name; null if it could.</param>
internal sealed record TransactionListingJson(string TransactionalId, long? ProducerId, string? State, long? DurationMs, string? Error)
{
    public static TransactionListingJson From(TransactionDescription transaction, Timestamp now) => new(
        transaction.Id.Value, transaction.Producer.Id, transaction.Status.ToString(), OpenTransaction.DurationMs(transaction, now), null);

    public static TransactionListingJson Unknown(TransactionalId id, ErrorCode error) =>
        new(id.Value, null, null, null, ErrorCodes.Describe(error).Name);
}

/// <summary>A transactional id and its transaction.</summary>
/// <param name="TransactionalId">The id.</param>
/// <param name="State">Empty, Ongoing, PrepareCommit, PrepareAbort, CompleteCommit or CompleteAbort.</param>
/// <param name="ProducerId">The id of its producer.</param>
/// <param name="ProducerEpoch">The producer's epoch.</param>
/// <param name="TimeoutMs">How long a transaction may stay open.</param>
/// <param name="StartedAt">When the open transaction began, or the last one, in milliseconds since 1970; null if the producer has had none.</param>
/// <param name="DurationMs">For how long it has been open; null if none is.</param>
/// <param name="Partitions">The partitions of the open transaction that have not been told of its end.</param>
/// <param name="Groups">The groups of the open transaction that have not been told of its end.</param>
internal sealed record TransactionJson(
    string TransactionalId, string State, long ProducerId, short ProducerEpoch, long TimeoutMs, long? StartedAt, long? DurationMs,
    TopicPartitionJson[] Partitions, string[] Groups)
{
    public static TransactionJson From(TransactionDescription transaction, Timestamp now) => new(
        transaction.Id.Value,
        transaction.Status.ToString(),
        transaction.Producer.Id,
        transaction.Producer.Epoch,
        (long)transaction.Timeout.TotalMilliseconds,
        transaction.StartedAt == Timestamp.None ? null : transaction.StartedAt.Milliseconds,
        OpenTransaction.DurationMs(transaction, now),
        TopicPartitionJson.From(transaction.Partitions),
        Array.ConvertAll(transaction.Groups, group => group.Value));
}

/// <summary>Transactions that are open: not ended, or not everywhere.</summary>
internal static class OpenTransaction
{
    public static bool IsOpen(TransactionDescription transaction) => transaction.Status == TransactionStatus.Ongoing || IsEnding(transaction);

    /// <summary>Whether the outcome is decided, and some of the partitions and groups do not know it.</summary>
    public static bool IsEnding(TransactionDescription transaction) =>
        transaction.Status is TransactionStatus.PrepareCommit or TransactionStatus.PrepareAbort;

    /// <summary>For how long it has been open, as far as clocks agree; null if it is not.</summary>
    public static long? DurationMs(TransactionDescription transaction, Timestamp now) =>
        IsOpen(transaction) && transaction.StartedAt != Timestamp.None
            ? Math.Max(0, now.Milliseconds - transaction.StartedAt.Milliseconds)
            : null;
}
