using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Orleans.Concurrency;

namespace Loire.Grains.Interfaces.Partitions;

/// <summary>
/// One partition of a topic: the only writer of its log. The key is <see cref="PartitionKey"/>. Calls interleave, because an append waits
/// for storage and a fetch may wait for data while others proceed; the order of appends is the order in which they arrive.
/// </summary>
[Alias("loire.IPartitionGrain")]
public interface IPartitionGrain : IGrainWithStringKey
{
    /// <summary>Appends whole record batches atomically and consecutively.</summary>
    [Alias("Append")]
    ValueTask<AppendResult> Append(AppendRequest request);

    /// <summary>
    /// Appends like <see cref="Append"/> with <see cref="Acks.None"/>, as a one-way call: not even a failure is returned.
    /// </summary>
    [OneWay]
    [Alias("AppendUnacknowledged")]
    ValueTask AppendUnacknowledged(AppendRequest request);

    /// <summary>Reads whole batches from an offset on, waiting for data if the request allows it.</summary>
    [ResponseTimeout("00:02:00")]
    [Alias("Fetch")]
    ValueTask<FetchResult> Fetch(FetchRequest request, CancellationToken cancellation);

    /// <summary>Returns the current bounds of the log.</summary>
    [ResponseTimeout("00:00:05")]
    [Alias("Offsets")]
    ValueTask<PartitionOffsets> Offsets();

    /// <summary>
    /// Returns the first batch that has a record at or after a time. It is returned as bytes, because only the edge decodes records and
    /// finds the record within the batch. If the log starts within that batch, the next batch that has one follows it.
    /// </summary>
    [ResponseTimeout("00:00:10")]
    [Alias("FindBatch")]
    ValueTask<FindBatchResult> FindBatch(Timestamp timestamp);

    /// <summary>
    /// Returns the first batch with the greatest timestamp of the log (KIP-734), as bytes like <see cref="FindBatch"/>; no batch if the log is empty.
    /// </summary>
    [ResponseTimeout("00:00:10")]
    [Alias("FindNewest")]
    ValueTask<FindBatchResult> FindNewest();

    /// <summary>
    /// Returns where the records of a leader end, for readers that check whether what they have is part of the log (KIP-320).
    /// </summary>
    /// <param name="epoch">The epoch of the leader.</param>
    /// <param name="current">The epoch of the leader in which the reader believes; <see cref="LeaderEpoch.None"/> for no check.</param>
    [ResponseTimeout("00:00:10")]
    [Alias("EndOfEpoch")]
    ValueTask<EpochEndResult> EndOfEpoch(LeaderEpoch epoch, LeaderEpoch current);

    /// <summary>
    /// Returns the batch that holds the last record of a key, of a topic that is compacted: of every record that was acknowledged before the call. It is
    /// returned as bytes, like that of <see cref="FindBatch"/>.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <returns>
    /// See <see cref="LatestRecordResult"/>; <see cref="ErrorCode.PolicyViolation"/> for a topic that is not compacted,
    /// <see cref="ErrorCode.RequestTimedOut"/> while the partition, asked for the first time, learns its keys,
    /// <see cref="ErrorCode.ThrottlingQuotaExceeded"/> if it has more keys than the silo has memory for.
    /// </returns>
    [ResponseTimeout("00:00:10")]
    [Alias("Latest")]
    ValueTask<LatestRecordResult> Latest(byte[] key);

    /// <summary>
    /// Deletes the records before an offset for good (KIP-107). Nothing is done if the log starts there or later already, so a call may be repeated.
    /// </summary>
    /// <param name="before">The first offset that stays, at most the high watermark; <see cref="Offset.None"/> for the high watermark.</param>
    /// <param name="validateOnly">Answer as if it had been done, but do not.</param>
    /// <returns>
    /// The bounds of the log, whose start is the answer to Kafka's clients; <see cref="ErrorCode.OffsetOutOfRange"/> outside the log,
    /// <see cref="ErrorCode.InvalidTopicException"/> for an internal topic, <see cref="ErrorCode.PolicyViolation"/> for one that is only compacted.
    /// </returns>
    [ResponseTimeout("00:00:10")]
    [Alias("DeleteRecords")]
    ValueTask<PartitionOffsets> DeleteRecords(Offset before, bool validateOnly);

    /// <summary>
    /// Ends a transaction: writes its marker, unless that was done before. Called only by the coordinator, until it succeeds.
    /// </summary>
    /// <returns><see cref="ErrorCode.None"/> if nothing of that transaction is open here any more, durably; <see cref="ErrorCode.UnknownTopicOrPartition"/> or
    /// <see cref="ErrorCode.UnknownTopicId"/> if the topic was deleted; retriable errors of the cluster.</returns>
    [ResponseTimeout("00:00:15")]
    [Alias("EndTransaction")]
    ValueTask<ErrorCode> EndTransaction(TransactionMarker marker);

    /// <summary>
    /// Aborts a transaction that nobody else will end, by a marker of its producer (KIP-664); for operators. The caller has asked every coordinator since it
    /// learned of the transaction by <see cref="Producers"/>, and none knows of it. If the producer has written since, that is void, and nothing is done.
    /// </summary>
    /// <returns><see cref="ErrorCode.None"/> once the abort is durable; <see cref="ErrorCode.InvalidTxnState"/> if the transaction is not open, or not as the
    /// request says; <see cref="ErrorCode.UnknownTopicOrPartition"/> or <see cref="ErrorCode.UnknownTopicId"/> if the topic was deleted; retriable errors of the
    /// cluster, after which the outcome is unknown.</returns>
    [ResponseTimeout("00:00:15")]
    [Alias("AbortHanging")]
    ValueTask<ErrorCode> AbortHanging(AbortHangingRequest request);

    /// <summary>Describes the idempotent producers that the partition remembers (KIP-664).</summary>
    [ResponseTimeout("00:00:10")]
    [Alias("Producers")]
    ValueTask<ProducersResult> Producers();

    /// <summary>Adopts a new configuration of the topic. Called only by the topic.</summary>
    [Alias("Configure")]
    ValueTask<ErrorCode> Configure(PartitionSettings settings);

    /// <summary>
    /// Deletes the records that the topic no longer keeps, and answers how the log stands. Called only by the topic, when the partition is due. If it
    /// is to be compacted, its silo does so soon, because it is open now.
    /// </summary>
    [ResponseTimeout("00:01:00")]
    [Alias("Retain")]
    ValueTask<RetainResult> Retain();

    /// <summary>Deletes the log; a repeated call completes a deletion that a crash interrupted. Called only by the topic.</summary>
    [Alias("Delete")]
    ValueTask<ErrorCode> Delete();
}

/// <summary>The answer of a partition that was to apply retention.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why it could not.</param>
/// <param name="Report">How its log stands after that; null with an error.</param>
[GenerateSerializer, Immutable, Alias("loire.RetainResult")]
public sealed record RetainResult([property: Id(0)] ErrorCode Error, [property: Id(1)] PartitionReport? Report);
