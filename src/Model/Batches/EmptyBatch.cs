using System.Buffers.Binary;
using Loire.Model.Transactions;
using static Loire.Model.Batches.BatchLayout;

namespace Loire.Model.Batches;

/// <summary>
/// A batch without records that takes one offset: it only makes a <see cref="KeyedProducer"/> known to a partition. Compaction leaves such batches of other
/// producers, so that every reader passes over them.
/// </summary>
public static class EmptyBatch
{
    /// <summary>Builds one, with base offset 0 and without a leader epoch and a time.</summary>
    /// <param name="producer">A keyed producer.</param>
    /// <param name="sequence">Its sequence.</param>
    public static ReadOnlyMemory<byte> Build(ProducerIdentity producer, int sequence)
    {
        Invariant.Check(KeyedProducer.Owns(producer.Id), "only a keyed producer appends nothing");
        var batch = new byte[RecordBatch.HeaderSize];
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(Length), batch.Length - LengthCountsFrom);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(BatchLayout.LeaderEpoch), Model.LeaderEpoch.None.Value);
        batch[Magic] = CurrentMagic;
        BinaryPrimitives.WriteInt64BigEndian(batch.AsSpan(BaseTimestamp), Timestamp.None.Milliseconds);
        BinaryPrimitives.WriteInt64BigEndian(batch.AsSpan(MaxTimestamp), Timestamp.None.Milliseconds);
        RecordBatch.SetProducer(batch, producer, sequence);
        return batch;
    }

    /// <summary>Whether a batch is one that a keyed producer may send.</summary>
    public static bool IsProduced(RecordBatch batch) =>
        batch.RecordCount == 0 && batch.LastOffsetDelta == 0 && batch.Payload.IsEmpty && KeyedProducer.Owns(batch.ProducerId);
}
