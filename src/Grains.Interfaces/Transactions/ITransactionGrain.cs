namespace Loire.Grains.Interfaces.Transactions;

/// <summary>
/// The coordinator of one transactional id: its producer's id and epoch, and its transaction. The key is the transactional id. Calls interleave. Every
/// call may be repeated at any time, and its outcome may be unknown to the caller.
/// </summary>
[Alias("loire.ITransactionGrain")]
public interface ITransactionGrain : IGrainWithStringKey
{
    /// <summary>
    /// Begins the life of a producer with this id: gives it an identity that fences all earlier ones, and aborts or completes what was open.
    /// </summary>
    [ResponseTimeout("00:00:15")]
    [Alias("Init")]
    ValueTask<InitProducerResult> Init(InitProducerRequest request);

    /// <summary>
    /// Adds partitions and groups to the open transaction, and begins one if none is open; or only says whether they are part of it. Called by producers of
    /// the first dialect, and by the partitions and groups to which a producer writes.
    /// </summary>
    [ResponseTimeout("00:00:10")]
    [Alias("Enlist")]
    ValueTask<EnlistResult> Enlist(EnlistRequest request);

    /// <summary>Commits or aborts the open transaction. Answered when the outcome is durable; its partitions and groups hear of it soon after.</summary>
    [ResponseTimeout("00:00:15")]
    [Alias("End")]
    ValueTask<EndTransactionResult> End(EndTransactionRequest request);

    /// <summary>Describes the transaction; <see cref="ErrorCode.TransactionalIdNotFound"/> for an id that was never used, or has expired.</summary>
    [ResponseTimeout("00:00:10")]
    [Alias("Describe")]
    ValueTask<TransactionResult> Describe();

    /// <summary>Aborts the open transaction and fences its producer, as its timeout would; for operators. Nothing is done if none is open.</summary>
    /// <returns>
    /// <see cref="ErrorCode.None"/> when the outcome is durable; <see cref="ErrorCode.InvalidTxnState"/> if it commits already;
    /// <see cref="ErrorCode.TransactionalIdNotFound"/>; retriable errors of the cluster.
    /// </returns>
    [ResponseTimeout("00:00:10")]
    [Alias("Abort")]
    ValueTask<ErrorCode> Abort();

    /// <summary>
    /// Goes on with what an earlier activation left: completes what is decided, aborts what has timed out, and forgets an id that was not used for
    /// long. Called periodically, and only by the catalog.
    /// </summary>
    [ResponseTimeout("00:00:15")]
    [Alias("Expire")]
    ValueTask<ErrorCode> Expire();
}
