using Loire.Edge.Topics;
using Loire.Model;
using Loire.Model.Batches;
using Loire.Model.Transactions;

namespace Loire.Edge.Producing;

/// <summary>
/// The topic of a producer or a produce request, whose records <see cref="PartitionAccumulator"/>s collect. Except for
/// <see cref="OpenBatch"/>, members are called concurrently by several senders and without a lock.
/// </summary>
public interface IAccumulatorOwner
{
    /// <summary>The topic's current routes.</summary>
    TopicRoutes Routes { get; }

    /// <summary>When a partition acknowledges an append.</summary>
    Acks Acks { get; }

    /// <summary>
    /// The transactional id that clients named for batches that they have encoded, and the dialect of its producer; null without one, and where the policy has a
    /// transaction (<see cref="ProducePolicy.Transaction"/>).
    /// </summary>
    (TransactionalId Id, TransactionVersion Version)? Transaction => null;

    /// <summary>Continues with newer routes, which may lead to another creation of the topic.</summary>
    /// <returns>False if the records must not go there.</returns>
    bool TryFollow(TopicRoutes routes);

    /// <summary>Called when the topic no longer exists.</summary>
    void OnTopicGone()
    {
    }

    /// <summary>Creates the batch for a record that is being added. Called under the accumulator's lock.</summary>
    PendingBatch OpenBatch(PartitionAccumulator accumulator, RecordBatchBuilder builder);

    /// <summary>Called when a batch of <paramref name="partition"/> is closed to further records.</summary>
    void OnBatchClosed(int partition);

    /// <summary>Called when an append was answered or abandoned.</summary>
    void OnAppended(int partition, TimeSpan duration, ErrorCode error)
    {
    }
}
