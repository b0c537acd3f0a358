using System.Runtime.InteropServices;

namespace Loire.Model.Batches;

/// <summary>
/// The location of a decoded record within the records of its batch. A reader that needs records later keeps frames, 40 bytes each, instead
/// of decoding again.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public readonly struct RecordFrame
{
    private readonly long _offset;
    private readonly long _timestamp;
    private readonly int _keyStart;
    private readonly int _keyLength;
    private readonly int _valueStart;
    private readonly int _valueLength;
    private readonly int _headersStart;
    private readonly int _headersCount;

    /// <param name="record">The record.</param>
    /// <param name="records">The decompressed records of its batch, of which the record is a view.</param>
    public RecordFrame(in Record record, ReadOnlySpan<byte> records)
    {
        _offset = record.Offset.Value;
        _timestamp = record.Timestamp.Milliseconds;
        (_keyStart, _keyLength) = Find(records, record.Key, record.KeyIsNull);
        (_valueStart, _valueLength) = Find(records, record.Value, record.ValueIsNull);
        (_headersStart, _) = Find(records, record.Headers.Bytes, false);
        _headersCount = record.Headers.Count;
    }

    /// <summary>The record's position.</summary>
    public Offset Offset => new(_offset);

    /// <summary>The record's own time, or the broker's.</summary>
    public Timestamp Timestamp => new(_timestamp);

    /// <summary>Whether there is no key.</summary>
    public bool KeyIsNull => _keyLength < 0;

    /// <summary>Whether there is no value.</summary>
    public bool ValueIsNull => _valueLength < 0;

    /// <summary>The key; also empty if there is none.</summary>
    /// <param name="records">The records that the frame was made from, which may have moved in memory since.</param>
    public ReadOnlyMemory<byte> Key(ReadOnlyMemory<byte> records) => records.Slice(_keyStart, Math.Max(0, _keyLength));

    /// <summary>The value; also empty if there is none.</summary>
    /// <param name="records">The records that the frame was made from, which may have moved in memory since.</param>
    public ReadOnlyMemory<byte> Value(ReadOnlyMemory<byte> records) => records.Slice(_valueStart, Math.Max(0, _valueLength));

    /// <summary>The headers in order.</summary>
    /// <param name="records">The records that the frame was made from, which may have moved in memory since.</param>
    public RecordHeaders Headers(ReadOnlySpan<byte> records) => new(records[_headersStart..], _headersCount);

    /// <summary>The record as a view.</summary>
    /// <param name="records">The records that the frame was made from, which may have moved in memory since.</param>
    public Record View(ReadOnlySpan<byte> records) => new(
        new Offset(_offset),
        new Timestamp(_timestamp),
        records.Slice(_keyStart, Math.Max(0, _keyLength)),
        KeyIsNull,
        records.Slice(_valueStart, Math.Max(0, _valueLength)),
        ValueIsNull,
        Headers(records));

    // An empty span overlaps nothing, so its position does not matter.
    private static (int Start, int Length) Find(ReadOnlySpan<byte> records, ReadOnlySpan<byte> part, bool isNull)
    {
        records.Overlaps(part, out var start);
        return (start, isNull ? -1 : part.Length);
    }
}
