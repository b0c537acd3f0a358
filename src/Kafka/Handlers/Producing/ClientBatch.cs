using Loire.Edge.Producing;

namespace Loire.Kafka.Handlers.Producing;

/// <summary>A batch of a client on its way to its partition, sent as it is.</summary>
/// <param name="accumulator">The partition.</param>
/// <param name="target">The partition within the request.</param>
internal sealed class ClientBatch(PartitionAccumulator accumulator, ProducedPartition target)
    : PendingBatch(accumulator, target.Check.RecordsCount, target.Check.Bytes.Length)
{
    protected override ReadOnlyMemory<byte> Encoded => target.Check.Bytes;

    protected override void OnEnded()
    {
        if (Failure is { } failure)
        {
            target.Refuse(ProduceErrors.Of(failure), failure.Text, failure.Demands);
        }
        else
        {
            target.End(new ProduceOutcome(ErrorCode.None, null, BaseOffset, LogAppendTime, LogStartOffset));
        }
    }
}
