using Loire.Model;

namespace Loire.Edge.Producing;

/// <summary>Where a record that was added is: its batch and its place within it.</summary>
/// <param name="Batch">The batch.</param>
/// <param name="Index">Its place in the batch, from 0.</param>
public readonly record struct RecordPlace(PendingBatch Batch, int Index)
{
    /// <summary>The record's offset once its batch is acknowledged; <see cref="Offset.None"/> if the partition did not say.</summary>
    public Offset Offset => Batch.BaseOffset == Offset.None ? Offset.None : Batch.BaseOffset + Index;
}
