using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Edge.Producing;

/// <summary>A record to append. A method that takes one copies its bytes before it returns.</summary>
public readonly ref struct ProducerRecord(
    Timestamp timestamp,
    ReadOnlySpan<byte> key,
    bool keyIsNull,
    ReadOnlySpan<byte> value,
    bool valueIsNull,
    ReadOnlySpan<RecordHeader> headers)
{
    // Lengths, deltas and the count of headers.
    private const int RecordOverhead = 24;
    private const int HeaderOverhead = 10;

    /// <summary>The producer's time.</summary>
    public Timestamp Timestamp { get; } = timestamp;

    /// <summary>The key; also empty if there is none.</summary>
    public ReadOnlySpan<byte> Key { get; } = key;

    /// <summary>Whether there is no key.</summary>
    public bool KeyIsNull { get; } = keyIsNull;

    /// <summary>The value; also empty if there is none.</summary>
    public ReadOnlySpan<byte> Value { get; } = value;

    /// <summary>Whether there is no value.</summary>
    public bool ValueIsNull { get; } = valueIsNull;

    /// <summary>The headers in order.</summary>
    public ReadOnlySpan<RecordHeader> Headers { get; } = headers;

    /// <summary>The size of key, value and headers plus an upper bound on the record's encoding overhead, in bytes.</summary>
    public long ReservedBytes => Reserve((long)Key.Length + Value.Length + (Headers.IsEmpty ? 0 : HeaderBytes()), Headers.Length);

    /// <summary>The <see cref="ReservedBytes"/> of a record with the given total size of key, value and headers.</summary>
    public static long Reserve(long bytes, int headersCount) => RecordOverhead + bytes + ((long)headersCount * HeaderOverhead);

    /// <summary>Whether the record, alone in a batch without compression, takes at most <paramref name="batchBytes"/>.</summary>
    public bool FitsInto(int batchBytes) =>
        RecordBatch.HeaderSize + ReservedBytes <= batchBytes
        || RecordBatchBuilder.SizeOfOne(Key, KeyIsNull, Value, ValueIsNull, Headers) <= batchBytes;

    private long HeaderBytes()
    {
        long bytes = 0;
        foreach (var header in Headers)
        {
            bytes += header.Key.Length + header.Value.Length;
        }

        return bytes;
    }
}
