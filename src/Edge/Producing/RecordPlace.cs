using Loire.Model;

namespace Loire.Edge.Producing;

/// <summary>The location of an added record.</summary>
/// <param name="Batch">The batch.</param>
/// <param name="Index">The record's index in the batch, from 0.</param>
public readonly record struct RecordPlace(PendingBatch Batch, int Index)
{
    /// <summary>The record's offset once its batch is acknowledged; <see cref="Offset.None"/> if it is unknown.</summary>
    public Offset Offset => Batch.BaseOffset == Offset.None ? Offset.None : Batch.BaseOffset + Index;
}
