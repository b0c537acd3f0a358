using Loire.Edge.Producing;
using Loire.Model;

namespace Loire.WebApi.Records.Produce;

/// <summary>The records of one request in one partition.</summary>
internal sealed class ProducedPartition(BatchDelivery delivery, ProduceSession session, int partition)
{
    public int Partition => partition;

    public PartitionAccumulator Accumulator { get; } = new(delivery, session, partition);

    /// <summary>Batches whose outcome has not been collected yet.</summary>
    public int PendingBatches { get; set; }

    /// <summary>Whether the open batch waits for <see cref="ProduceSession.SendIdle"/>.</summary>
    public bool IsOpen { get; set; }

    public long RecordsAccepted { get; private set; }

    public Offset FirstOffset { get; private set; } = Offset.None;

    public Offset LastOffset { get; private set; } = Offset.None;

    public void Accept(PendingBatch batch)
    {
        RecordsAccepted += batch.RecordsCount;
        FirstOffset = FirstOffset == Offset.None ? batch.BaseOffset : FirstOffset;
        LastOffset = batch.LastOffset;
    }
}
