using Loire.Edge.Calls;
using Loire.Edge.Producing;
using Loire.Model.Transactions;

namespace Loire.Kafka.Handlers.Producing;

/// <summary>
/// The errors that producers understand. They repeat a batch after <see cref="ErrorCode.NotLeaderOrFollower"/>, once they have asked where the partition is,
/// <see cref="ErrorCode.NotEnoughReplicas"/> and <see cref="ErrorCode.RequestTimedOut"/>; after the last one it may have been stored. Many fail for good with a
/// code that Kafka's brokers do not send in this place, whatever its meaning.
/// </summary>
internal static class ProduceErrors
{
    // The first version whose clients abort a transaction for this error instead of failing.
    private const short FirstThatAborts = 11;

    /// <summary>The error of a batch that was not acknowledged.</summary>
    public static ErrorCode Of(AppendFailure failure) =>
        !failure.IsOutcomeUnknown ? OfRefusal(failure.Code)
        : failure.Code is ErrorCode.NotEnoughReplicasAfterAppend or ErrorCode.KafkaStorageError ? failure.Code
        : ErrorCode.RequestTimedOut;

    /// <summary>The error of a batch of which nothing was stored.</summary>
    public static ErrorCode OfRefusal(ErrorCode error) => error switch
    {
        ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable or ErrorCode.CoordinatorLoadInProgress or ErrorCode.ThrottlingQuotaExceeded
            => ErrorCode.NotEnoughReplicas,
        _ when GrainCallErrors.IsMoved(error) => ErrorCode.NotLeaderOrFollower,
        ErrorCode.InconsistentTopicId => ErrorCode.UnknownTopicId,
        _ => error,
    };

    /// <summary>How a version of the answer says an error.</summary>
    /// <param name="error">The error.</param>
    /// <param name="version">The version.</param>
    public static ErrorCode Told(ErrorCode error, short version) => error switch
    {
        ErrorCode.InvalidTxnState when version == FirstThatAborts => ErrorCode.TransactionAbortable,
        ErrorCode.ConcurrentTransactions when DialectOf(version) == TransactionVersion.V1 => ErrorCode.NotEnoughReplicas,
        ErrorCode.UnknownTopicId when version < ProduceVersions.FirstWithTopicIds => ErrorCode.UnknownTopicOrPartition,
        _ => error,
    };

    /// <summary>The dialect of transactions that a version speaks.</summary>
    public static TransactionVersion DialectOf(short version) =>
        version < ProduceVersions.FirstOfSecondDialect ? TransactionVersion.V1 : TransactionVersion.V2;
}

/// <summary>What the versions of Produce differ in.</summary>
internal static class ProduceVersions
{
    /// <summary>The first with batches of format 2; those before it are only listed, because clients look for them to know which codecs they may use.</summary>
    public const short FirstWithBatches = 3;

    /// <summary>The first whose consumers know zstd (KIP-110).</summary>
    public const short FirstWithZstd = 7;

    /// <summary>The first whose answer names the records because of which a batch was refused (KIP-467).</summary>
    public const short FirstWithRecordErrors = 8;

    /// <summary>The first in which a write adds its partition to the producer's transaction (KIP-890).</summary>
    public const short FirstOfSecondDialect = 12;

    /// <summary>The first that has ids of topics instead of names (KIP-516).</summary>
    public const short FirstWithTopicIds = 13;
}
