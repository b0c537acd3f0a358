using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Cli.Produce;

/// <summary>A record to send; null for no key or no value.</summary>
internal readonly record struct OutgoingRecord(ReadOnlyMemory<byte>? Key, ReadOnlyMemory<byte>? Value, RecordHeader[] Headers)
{
    /// <summary>The partition that it names; null for none.</summary>
    public int? Partition { get; init; }

    /// <summary>The time that it names; null for the present.</summary>
    public Timestamp? Timestamp { get; init; }
}

/// <summary>Creates a record from a piece of the input, as kcat does.</summary>
/// <param name="KeyDelimiter">The delimiter after the key (<c>-K</c>); null for input without keys.</param>
/// <param name="FixedKey">The key of every record without its own (<c>-k</c>).</param>
/// <param name="EmptyIsNull">Whether an empty key or value becomes null (<c>-Z</c>).</param>
/// <param name="Headers">The headers of every record (<c>-H</c>).</param>
internal sealed record RecordShape(byte[]? KeyDelimiter, byte[]? FixedKey, bool EmptyIsNull, RecordHeader[] Headers)
{
    public OutgoingRecord Make(ReadOnlyMemory<byte> piece)
    {
        ReadOnlyMemory<byte>? key = FixedKey is null ? (ReadOnlyMemory<byte>?)null : FixedKey;
        var value = piece;
        if (KeyDelimiter is not null && piece.Span.IndexOf(KeyDelimiter) is >= 0 and var at)
        {
            key = piece[..at];
            value = piece[(at + KeyDelimiter.Length)..];
        }

        return new OutgoingRecord(NullIfEmpty(key), NullIfEmpty(value), Headers);
    }

    private ReadOnlyMemory<byte>? NullIfEmpty(ReadOnlyMemory<byte>? bytes) => EmptyIsNull && bytes is { IsEmpty: true } ? null : bytes;
}
