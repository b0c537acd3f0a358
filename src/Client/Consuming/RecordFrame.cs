using Loire.Model;

namespace Loire.Client;

/// <summary>Where the parts of one record lie in the records of its batch.</summary>
/// <param name="Offset">The record's offset.</param>
/// <param name="Timestamp">Milliseconds since 1970, or −1.</param>
/// <param name="Key">The key.</param>
/// <param name="Value">The value.</param>
/// <param name="Headers">The headers, decoded.</param>
internal readonly record struct RecordFrame(Offset Offset, long Timestamp, Extent Key, Extent Value, Headers Headers);

/// <summary>A part of a record.</summary>
/// <param name="Start">Where it begins.</param>
/// <param name="Length">Its bytes; −1 for null.</param>
internal readonly record struct Extent(int Start, int Length)
{
    public bool IsNull => Length < 0;
}
