using Loire.Model;
using Loire.Model.Batches;
using Loire.Model.Transactions;

namespace Loire.Coordination.Producers;

/// <summary>A batch of an idempotent producer, by what its header says.</summary>
/// <param name="Producer">The producer's id; at least 0.</param>
/// <param name="Epoch">The producer's epoch.</param>
/// <param name="FirstSequence">The sequence of its first record.</param>
/// <param name="Offsets">How many offsets it takes; as many sequences belong to it.</param>
/// <param name="MaxTimestamp">The greatest timestamp that it has in the log.</param>
/// <param name="IsTransactional">Whether it belongs to a transaction.</param>
public readonly record struct ProducedBatch(
    long Producer, short Epoch, int FirstSequence, int Offsets, Timestamp MaxTimestamp, bool IsTransactional = false)
{
    /// <summary>The sequence of its last record.</summary>
    public int LastSequence => Sequences.Add(FirstSequence, Offsets - 1);

    /// <summary>Whether its producer stands for a client's key.</summary>
    public bool IsKeyed => KeyedProducer.Owns(Producer);

    /// <summary>Whether it directly follows another batch of the same producer.</summary>
    public bool Continues(in ProducedBatch before) =>
        Producer == before.Producer && Epoch == before.Epoch && FirstSequence == Sequences.Add(before.LastSequence, 1);

    /// <summary>Reads a header; null if no idempotent producer wrote the batch.</summary>
    public static ProducedBatch? Of(RecordBatch batch) => batch.ProducerId < 0 || batch.IsControl
        ? null
        : new ProducedBatch(batch.ProducerId, batch.ProducerEpoch, batch.BaseSequence, batch.LastOffsetDelta + 1, batch.MaxTimestamp, batch.IsTransactional);
}

/// <summary>The end of a transaction in a partition, as its marker in the log says it.</summary>
/// <param name="Producer">The producer's id.</param>
/// <param name="Epoch">The producer's epoch from there on.</param>
/// <param name="Commits">Whether it committed.</param>
public readonly record struct EndMarker(long Producer, short Epoch, bool Commits)
{
    /// <summary>Reads a batch; null if it is no marker.</summary>
    public static EndMarker? Of(RecordBatch batch) =>
        EndMarkerBatch.TryRead(batch, out var commits) ? new EndMarker(batch.ProducerId, batch.ProducerEpoch, commits) : null;
}

/// <summary>A batch of an idempotent producer that is in the log.</summary>
/// <param name="Epoch">The producer's epoch.</param>
/// <param name="LastSequence">The sequence of its last record.</param>
/// <param name="Offsets">How many offsets it takes.</param>
/// <param name="LastOffset">The offset of its last record.</param>
/// <param name="MaxTimestamp">The greatest timestamp that it has in the log.</param>
public readonly record struct AppendedBatch(short Epoch, int LastSequence, int Offsets, Offset LastOffset, Timestamp MaxTimestamp)
{
    /// <summary>The offset of its first record.</summary>
    public Offset BaseOffset => LastOffset + (1 - Offsets);

    /// <summary>Whether it has the sequences of a batch, so that the latter is a retry.</summary>
    internal bool IsSame(in ProducedBatch batch) =>
        batch.Epoch == Epoch && batch.LastSequence == LastSequence && batch.FirstSequence == Sequences.Add(LastSequence, 1 - Offsets);
}

/// <summary>Sequence numbers of idempotent producers: 0 to 2³¹−1, and again from 0.</summary>
internal static class Sequences
{
    /// <summary>The sequence a number of records later, or earlier.</summary>
    public static int Add(int sequence, int records) => (int)(((long)sequence + records) & int.MaxValue);
}
