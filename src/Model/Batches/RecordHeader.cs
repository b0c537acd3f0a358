namespace Loire.Model.Batches;

/// <summary>A header to write. Keys may repeat, and the order is preserved.</summary>
/// <param name="Key">UTF-8; may be empty.</param>
/// <param name="Value">Any bytes.</param>
/// <param name="ValueIsNull">Whether there is no value; then <paramref name="Value"/> is ignored.</param>
public readonly record struct RecordHeader(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value, bool ValueIsNull = false);
