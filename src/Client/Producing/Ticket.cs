using Loire.Edge.Producing;
using Loire.Model;

namespace Loire.Client;

/// <summary>A record that was taken over.</summary>
/// <param name="Batch">Its batch.</param>
/// <param name="Index">Its place in the batch.</param>
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
