using System.Numerics;

namespace Loire.Model.Batches;

/// <summary>
/// Kafka's variable-length integers: zigzag, then seven bits per byte, lowest first; at most 5 bytes for 32 bits and 10 for 64. Only the
/// shortest encoding of a value is accepted, so that equal records have equal bytes.
/// </summary>
internal static class Varint
{
    public const int MaxBytes = 10;

    public static bool TryRead(scoped ref ReadOnlySpan<byte> source, out int value)
    {
        // Nearly every number in a record takes one byte.
        if (source.Length > 0 && source[0] < 0x80)
        {
            value = (source[0] >> 1) ^ -(source[0] & 1);
            source = source[1..];
            return true;
        }

        var ok = TryReadLong(ref source, out var wide);
        value = (int)wide;
        return ok && wide == value;
    }

    public static bool TryRead(scoped ref ReadOnlySpan<byte> source, out long value)
    {
        if (source.Length > 0 && source[0] < 0x80)
        {
            value = (source[0] >> 1) ^ -(source[0] & 1);
            source = source[1..];
            return true;
        }

        return TryReadLong(ref source, out value);
    }

    /// <summary>Reads a length and that many bytes; length −1 is null.</summary>
    public static bool TryReadBytes(scoped ref ReadOnlySpan<byte> source, out ReadOnlySpan<byte> bytes, out bool isNull)
    {
        bytes = default;
        isNull = false;
        if (!TryRead(ref source, out int length) || length < -1 || length > source.Length)
        {
            return false;
        }

        if (length < 0)
        {
            isNull = true;
            return true;
        }

        bytes = source[..length];
        source = source[length..];
        return true;
    }

    public static int Size(long value) => (BitOperations.Log2(Zigzag(value) | 1) / 7) + 1;

    public static int Write(Span<byte> destination, long value)
    {
        var raw = Zigzag(value);
        var written = 0;
        for (; raw >= 0x80; raw >>= 7)
        {
            destination[written++] = (byte)(raw | 0x80);
        }

        destination[written++] = (byte)raw;
        return written;
    }

    private static bool TryReadLong(scoped ref ReadOnlySpan<byte> source, out long value)
    {
        ulong raw = 0;
        value = 0;
        for (var i = 0; i < source.Length && i < MaxBytes; i++)
        {
            var b = source[i];
            raw |= (ulong)(b & 0x7f) << (7 * i);
            if (b < 0x80)
            {
                // A last byte of 0 makes the encoding overlong; the tenth byte has room for one bit.
                if ((b == 0 && i > 0) || (b > 1 && i == MaxBytes - 1))
                {
                    return false;
                }

                source = source[(i + 1)..];
                value = (long)(raw >> 1) ^ -(long)(raw & 1);
                return true;
            }
        }

        return false;
    }

    private static ulong Zigzag(long value) => (ulong)((value << 1) ^ (value >> 63));
}
