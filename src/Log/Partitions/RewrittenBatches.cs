namespace Loire.Log.Partitions;

/// <summary>What becomes of the batches of one object.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why the step ends without a change.</param>
/// <param name="Batches">
/// For each batch: the same memory if it stays as it is, empty memory if it goes, or another batch with the same base offset and last offset delta.
/// Other batches must not change before the step has ended.
/// </param>
public readonly record struct RewrittenBatches(ErrorCode Error, ReadOnlyMemory<byte>[] Batches);
