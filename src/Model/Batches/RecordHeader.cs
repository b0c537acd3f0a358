namespace Loire.Model.Batches;

/// <summary>A header to be written. Keys may repeat, and the order is kept.</summary>
/// <param name="Key">UTF-8; may be empty.</param>
/// <param name="Value">Any bytes.</param>
/// <param name="ValueIsNull">Whether there is no value; then <paramref name="Value"/> is not looked at.</param>
public readonly record struct RecordHeader(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value, bool ValueIsNull = false);
