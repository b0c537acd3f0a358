using Loire.Edge.Producing;
using Loire.Model;

namespace Loire.Client;

/// <summary>A record that was taken over.</summary>
/// <param name="Place">Where it is.</param>
/// <param name="Timestamp">The producer's time.</param>
internal readonly record struct Ticket(RecordPlace Place, Timestamp Timestamp)
{
    public ProducerBatch Batch => (ProducerBatch)Place.Batch;

    /// <summary>The record's outcome. Valid after the batch has ended.</summary>
    public ProduceOutcome Outcome => Batch.Failure is { } failure
        ? new ProduceOutcome(default, failure.ToException(Target))
        : new ProduceOutcome(
            new DeliveryResult(
                Target.Topic,
                Target.Partition,
                Place.Offset == Offset.None ? -1 : Place.Offset,
                DateTimeOffset.FromUnixTimeMilliseconds(
                    (Batch.LogAppendTime == Timestamp.None ? Timestamp : Batch.LogAppendTime).Milliseconds)),
            null);

    private TopicPartition Target => new(Batch.Topic.Topic, Batch.Accumulator.Partition);
}
