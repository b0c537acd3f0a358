using Loire.Model.Transactions;
using Microsoft.Extensions.Logging;

namespace Loire.Grains.Transactions;

public sealed partial class TransactionDriver
{
    [LoggerMessage(1, LogLevel.Error, "A bug stopped the coordinator of the transactional id {Id}; it restarts from the durable state.")]
    private partial void Failed(Exception bug, TransactionalId id);

    [LoggerMessage(2, LogLevel.Warning, "The transactional id {Id} could not be recorded in the catalog: {Error}. The next sweep retries.")]
    private partial void NotRecorded(TransactionalId id, ErrorCode error);

    [LoggerMessage(3, LogLevel.Information, "Transaction {Number} of {Id} is over its time of {Timeout} and is aborted.")]
    private partial void TimedOut(long number, TransactionalId id, TimeSpan timeout);

    [LoggerMessage(4, LogLevel.Warning,
        "The end of transaction {Number} of {Id} did not reach {Count} partitions and groups, the first because of {Error}. They are told again.")]
    private partial void NotAllReached(long number, TransactionalId id, int count, ErrorCode error);

    [LoggerMessage(5, LogLevel.Information, "The transactional id {Id} was not used for long and is forgotten.")]
    private partial void Forgotten(TransactionalId id);
}
