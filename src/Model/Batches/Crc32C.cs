using System.Buffers.Binary;
using System.Numerics;

namespace Loire.Model.Batches;

/// <summary>
/// CRC-32C (Castagnoli), the checksum of record batches, computed with the processor's instruction if it has one. That instruction has a
/// latency of three cycles and a throughput of one per cycle, so long inputs are processed in three interleaved strands whose checksums are
/// then combined.
/// </summary>
public static class Crc32C
{
    private const uint Polynomial = 0x82F63B78;
    private const int Strand = 1024;

    /// <summary>x^(2^i) modulo the polynomial, in the reflected order of bits in which the top bit is x^0.</summary>
    private static readonly uint[] Powers = MakePowers();

    /// <summary>For each byte position of a checksum and each byte value, its contribution after <see cref="Strand"/> more bytes.</summary>
    private static readonly uint[] StrandShift = MakeStrandShift();

    /// <summary>The checksum of <paramref name="data"/>.</summary>
    public static uint Compute(ReadOnlySpan<byte> data) => Append(0, data);

    /// <summary>
    /// Extends a checksum: returns that of the data behind <paramref name="crc"/> followed by <paramref name="data"/>. The checksum of no
    /// data is 0.
    /// </summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> data)
    {
        crc = ~crc;
        while (data.Length >= 3 * Strand)
        {
            var first = data[..Strand];
            var second = data[Strand..(2 * Strand)];
            var third = data[(2 * Strand)..(3 * Strand)];
            uint crc2 = 0, crc3 = 0;
            for (var i = 0; i <= Strand - 8; i += 8)
            {
                crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(first.Slice(i, 8)));
                crc2 = BitOperations.Crc32C(crc2, BinaryPrimitives.ReadUInt64LittleEndian(second.Slice(i, 8)));
                crc3 = BitOperations.Crc32C(crc3, BinaryPrimitives.ReadUInt64LittleEndian(third.Slice(i, 8)));
            }

            crc = ShiftByStrand(ShiftByStrand(crc) ^ crc2) ^ crc3;
            data = data[(3 * Strand)..];
        }

        while (data.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(data));
            data = data[8..];
        }

        foreach (var b in data)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return ~crc;
    }

    /// <summary>The checksum of two concatenated pieces, derived from their own checksums.</summary>
    /// <param name="first">The checksum of the first piece.</param>
    /// <param name="second">The checksum of the second piece.</param>
    /// <param name="secondLength">The second piece's length in bytes.</param>
    public static uint Combine(uint first, uint second, long secondLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(secondLength);
        return Multiply(first, ToThePowerOfBytes(secondLength)) ^ second;
    }

    private static uint ShiftByStrand(uint crc) =>
        StrandShift[crc & 0xff]
        ^ StrandShift[256 + ((crc >> 8) & 0xff)]
        ^ StrandShift[512 + ((crc >> 16) & 0xff)]
        ^ StrandShift[768 + (crc >> 24)];

    /// <summary>The product of two polynomials modulo <see cref="Polynomial"/>.</summary>
    private static uint Multiply(uint a, uint b)
    {
        uint product = 0;
        for (; a != 0; a <<= 1)
        {
            product ^= (uint)((int)a >> 31) & b;
            b = (b >> 1) ^ ((uint)-(int)(b & 1) & Polynomial);
        }

        return product;
    }

    private static uint ToThePowerOfBytes(long bytes)
    {
        // Each byte is 8 bits: start with x^8.
        var result = 1u << 31;
        for (var i = 3; bytes != 0; i++, bytes >>= 1)
        {
            if ((bytes & 1) != 0)
            {
                result = Multiply(Powers[i], result);
            }
        }

        return result;
    }

    private static uint[] MakePowers()
    {
        // One for each bit of a length, and three for the factor of 8.
        var powers = new uint[63 + 3];
        powers[0] = 1u << 30;
        for (var i = 1; i < powers.Length; i++)
        {
            powers[i] = Multiply(powers[i - 1], powers[i - 1]);
        }

        return powers;
    }

    private static uint[] MakeStrandShift()
    {
        var shift = ToThePowerOfBytes(Strand);
        var table = new uint[4 * 256];
        for (var i = 0; i < table.Length; i++)
        {
            table[i] = Multiply((uint)(i & 0xff) << (8 * (i >> 8)), shift);
        }

        return table;
    }
}
