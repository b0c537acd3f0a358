using Loire.Edge.Topics;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Edge.Producing;

/// <summary>
/// The topic of a producer or of a request, whose records <see cref="PartitionAccumulator"/>s gather. Except for
/// <see cref="OpenBatch"/>, members are called by several senders at once and under no lock.
/// </summary>
public interface IAccumulatorOwner
{
    /// <summary>The topic as it is known now.</summary>
    TopicRoutes Routes { get; }

    /// <summary>When a partition answers.</summary>
    Acks Acks { get; }

    /// <summary>Continues with newer routes, which may lead to another creation of the topic.</summary>
    /// <returns>False if the records must not go there.</returns>
    bool TryFollow(TopicRoutes routes);

    /// <summary>The topic does not exist any more.</summary>
    void OnTopicGone()
    {
    }

    /// <summary>Makes the batch for a record that is being added. Called under the lock of the accumulator.</summary>
    PendingBatch OpenBatch(PartitionAccumulator accumulator, RecordBatchBuilder builder);

    /// <summary>A batch of <paramref name="partition"/> gets no more records.</summary>
    void OnBatchClosed(int partition);

    /// <summary>An append was answered or given up.</summary>
    void OnAppended(int partition, TimeSpan duration, ErrorCode error)
    {
    }
}
