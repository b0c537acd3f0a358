using Loire.Model;

namespace Loire.Client;

/// <summary>A record that was taken over: its place in a batch.</summary>
internal readonly record struct Ticket(ProducerBatch Batch, int Index, long Timestamp)
{
    /// <summary>What became of the record. Valid after the batch has ended.</summary>
    public ProduceOutcome Outcome => Batch.Failure is { } failure
        ? new ProduceOutcome(default, failure.ToException(new TopicPartition(Batch.Queue.Topic.Topic, Batch.Queue.Partition)))
        : new ProduceOutcome(
            new DeliveryResult(
                Batch.Queue.Topic.Topic,
                Batch.Queue.Partition,
                Batch.BaseOffset == Offset.None ? -1 : Batch.BaseOffset.Value + Index,
                DateTimeOffset.FromUnixTimeMilliseconds(
                    Batch.LogAppendTime == Model.Timestamp.None ? Timestamp : Batch.LogAppendTime.Milliseconds)),
            null);
}
