using Loire.Model.Batches;

namespace Loire.Cli.Produce;

/// <summary>A record to be sent; null for no key or no value.</summary>
internal readonly record struct OutgoingRecord(ReadOnlyMemory<byte>? Key, ReadOnlyMemory<byte>? Value, RecordHeader[] Headers);

/// <summary>Makes a record of a piece of the input, as kcat does.</summary>
/// <param name="KeyDelimiter">What ends the key (<c>-K</c>); null for input without keys.</param>
/// <param name="FixedKey">The key of every record that has none of its own (<c>-k</c>).</param>
/// <param name="EmptyIsNull">Whether an empty key or value is none (<c>-Z</c>).</param>
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
