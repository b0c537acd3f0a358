namespace Loire.Model.Batches;

/// <summary>
/// Restores a value with one flipped bit from its CRC-32C. A checksum is linear: the wrong and the right one differ by what the flipped bit
/// alone contributes, and no two bits of a value contribute the same. Other damage passes for one bit with a probability of one in four billion
/// for each bit of the value.
/// </summary>
public static class BitCorrection
{
    private const uint ReflectedPolynomial = 0x82F63B78;
    private static readonly uint[] _table = [.. Enumerable.Range(0, 256).Select(value => Divide((uint)value))];

    /// <summary>Flips the bit that makes the checksum right, unless it is; false, and nothing changed, if no single one does.</summary>
    public static bool TryCorrect(Span<byte> value, uint crc)
    {
        var difference = Crc32C.Compute(value) ^ crc;
        if (difference == 0)
        {
            return true;
        }

        Span<uint> contributions = stackalloc uint[8];
        for (var bit = 0; bit < 8; bit++)
        {
            contributions[bit] = _table[1 << bit];
        }

        for (var at = value.Length - 1; at >= 0; at--)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                var contribution = contributions[bit];
                if (contribution == difference)
                {
                    value[at] ^= (byte)(1 << bit);
                    return true;
                }

                // One byte further from the end.
                contributions[bit] = _table[(byte)contribution] ^ (contribution >> 8);
            }
        }

        return false;
    }

    private static uint Divide(uint value)
    {
        for (var bit = 0; bit < 8; bit++)
        {
            value = (value & 1) == 0 ? value >> 1 : (value >> 1) ^ ReflectedPolynomial;
        }

        return value;
    }
}
