using Loire.Edge.Producing;
using Loire.Model;

namespace Loire.Client;

/// <summary>An accepted record.</summary>
/// <param name="Batch">The record's batch.</param>
/// <param name="Index">The record's index in the batch, from 0.</param>
/// <param name="Timestamp">The producer's time.</param>
internal readonly record struct Ticket(ProducerBatch Batch, int Index, Timestamp Timestamp)
{
    /// <summary>The record's outcome. Valid after the batch has ended.</summary>
    public ProduceOutcome Outcome
    {
        get
        {
            var (topic, partition) = (Batch.Topic.Topic, Batch.Accumulator.Partition);
            if (Batch.Failure is { } failure)
            {
                return new ProduceOutcome(default, failure.ToException(new TopicPartition(topic, partition)));
            }

            var time = Batch.LogAppendTime == Timestamp.None ? Timestamp : Batch.LogAppendTime;
            return new ProduceOutcome(
                new DeliveryResult(
                    topic, partition, new RecordPlace(Batch, Index).Offset, DateTimeOffset.FromUnixTimeMilliseconds(time.Milliseconds)),
                null);
        }
    }
}
