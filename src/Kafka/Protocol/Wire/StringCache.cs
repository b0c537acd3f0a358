using System.Buffers.Binary;
using System.Text;

namespace Loire.Kafka.Protocol.Wire;

/// <summary>
/// The short strings that one connection sent last, so that the topics, groups and ids which its requests repeat are allocated once. Not thread-safe.
/// </summary>
public sealed class StringCache
{
    // As long as the longest topic name; longer strings are not repeated by the thousand.
    private const int MaximumBytes = 249;
    private const int Slots = 256;

    private string?[]? _strings;

    /// <summary>The string that UTF-8 bytes say, if it is remembered.</summary>
    internal string? Find(ReadOnlySpan<byte> utf8) =>
        utf8.Length <= MaximumBytes && _strings?[Slot(utf8)] is { } known && Ascii.Equals(utf8, known) ? known : null;

    /// <summary>Remembers a string in place of another; only what is ASCII is found again.</summary>
    internal void Remember(ReadOnlySpan<byte> utf8, string value)
    {
        if (utf8.Length <= MaximumBytes)
        {
            _strings ??= new string?[Slots];
            _strings[Slot(utf8)] = value;
        }
    }

    /// <summary>Names of one family differ at the end, so both ends and the length count.</summary>
    private static int Slot(ReadOnlySpan<byte> utf8)
    {
        Span<byte> ends = stackalloc byte[16];
        ends.Clear();
        utf8[..Math.Min(8, utf8.Length)].CopyTo(ends);
        utf8[Math.Max(0, utf8.Length - 8)..].CopyTo(ends[8..]);
        var mixed = (BinaryPrimitives.ReadUInt64LittleEndian(ends) * 31) + BinaryPrimitives.ReadUInt64LittleEndian(ends[8..]) + (ulong)utf8.Length;
        return (int)((mixed * 0x9E3779B97F4A7C15) >> 56);
    }
}
