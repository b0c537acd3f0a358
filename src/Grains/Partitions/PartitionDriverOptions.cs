using Loire.Grains.Interfaces.Transactions;
using Loire.Grains.Turns;
using Loire.Model.Memory;
using Loire.Model.Transactions;

namespace Loire.Grains.Partitions;

/// <summary>The bounds of one partition.</summary>
/// <param name="PendingBytes">Bytes of batches that the log has pending before appends wait; as in the log's own options.</param>
/// <param name="WaitingAppendBytes">Bytes of queued appends, which wait for room or leadership; an append beyond it is refused at
/// once.</param>
/// <param name="RoomWait">How long an append waits for room.</param>
/// <param name="MaxAge">How old the known end of the log may be when a fetch finds nothing beyond it, and how often storage is checked for a
/// parked fetch.</param>
/// <param name="AppendMemory">Bytes of appends that the partitions of a silo hold at once, from their arrival until they are durable; an
/// append beyond it is refused at once.</param>
/// <param name="Computations">Runs the conversions of batches for the partitions of a silo.</param>
/// <param name="Compaction">Bounds compaction in the silo.</param>
/// <param name="KeyIndex">The silo's memory for where the last record of each key lies.</param>
/// <param name="Reports">Gets the reports of partitions that close; null if they are not reported.</param>
/// <param name="StoresTables">Whether tables may be stored beside logs (<see cref="StoredKeys"/>, <see cref="PartitionProducers"/>) now; null if always.</param>
/// <param name="BrokerId">The broker that leads the partition while it is open here; −1 if the silo is none.</param>
public sealed record PartitionDriverOptions(
    long PendingBytes, long WaitingAppendBytes, TimeSpan RoomWait, TimeSpan MaxAge, MemoryQuota AppendMemory, Computations Computations,
    CompactionBudget Compaction, KeyIndexMemory KeyIndex, PartitionReports? Reports = null, Func<ValueTask<bool>>? StoresTables = null,
    int BrokerId = -1)
{
    /// <summary>How long a producer that appends nothing is remembered (Kafka's <c>producer.id.expiration.ms</c>).</summary>
    public TimeSpan ProducerExpiration { get; init; } = TimeSpan.FromDays(1);

    /// <summary>
    /// Asks the coordinator of a transactional id (<see cref="ITransactionGrain.Enlist"/>): answers every failure with an error. Null if there are no
    /// transactions.
    /// </summary>
    public Func<TransactionalId, EnlistRequest, ValueTask<EnlistResult>>? Enlist { get; init; }

    /// <summary>Whether the cluster stores transactions now; null if always.</summary>
    public Func<ValueTask<bool>>? TransactionsAllowed { get; init; }
}
