namespace Loire.Model.Batches;

/// <summary>Zigzag varints, at most 5 bytes for 32 bits and 10 for 64; longer forms than needed are refused.</summary>
internal static class Varint
{
    public static bool TryRead(scoped ref ReadOnlySpan<byte> source, out int value)
    {
        var ok = TryRead(ref source, out long wide);
        value = (int)wide;
        return ok && wide == value;
    }

    public static bool TryRead(scoped ref ReadOnlySpan<byte> source, out long value)
    {
        ulong raw = 0;
        value = 0;
        for (var i = 0; i < source.Length && i < 10; i++)
        {
            var b = source[i];
            if (i == 9 && b > 1)
            {
                return false;
            }

            raw |= (ulong)(b & 0x7f) << (7 * i);
            if (b < 0x80)
            {
                if (b == 0 && i > 0)
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

    public static bool TryReadBytes(scoped ref ReadOnlySpan<byte> source, out ReadOnlySpan<byte> bytes, out bool isNull)
    {
        bytes = default;
        isNull = false;
        if (!TryRead(ref source, out int length) || length < -1 || length > source.Length)
        {
            return false;
        }

        isNull = length < 0;
        if (length > 0)
        {
            bytes = source[..length];
            source = source[length..];
        }

        return true;
    }

    public static int Size(long value) => (70 - System.Numerics.BitOperations.LeadingZeroCount(Zigzag(value) | 1)) / 7;

    public static int Write(Span<byte> destination, long value)
    {
        var raw = Zigzag(value);
        var i = 0;
        while (raw >= 0x80)
        {
            destination[i++] = (byte)(raw | 0x80);
            raw >>= 7;
        }

        destination[i++] = (byte)raw;
        return i;
    }

    private static ulong Zigzag(long value) => (ulong)((value << 1) ^ (value >> 63));
}
