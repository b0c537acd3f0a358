using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Loire.Model.Codecs;

/// <summary>
/// Finds repetitions in a block of at most 64 KiB, greedily: the first candidate that a hash of four bytes points to is taken. LZ4 and
/// Snappy differ only in how they write down what this finds.
/// </summary>
internal ref struct MatchFinder
{
    public const int MaxBlock = 1 << 16;
    public const int TableSize = 1 << TableBits;

    private const int TableBits = 13;
    private const int MinMatch = 4;

    // LZ4's rules for the end of a block: the last match begins at least 12 bytes before it, and the last 5 bytes are literals.
    private const int LastMatchStart = 12;
    private const int LastLiterals = 5;

    // After 2^6 misses the step grows by one, so that incompressible data is passed over quickly.
    private const int SkipTrigger = 6;

    private readonly ReadOnlySpan<byte> _block;
    private readonly Span<ushort> _table;
    private int _position;

    /// <param name="block">At most <see cref="MaxBlock"/> bytes, so that positions fit the table.</param>
    /// <param name="table"><see cref="TableSize"/> zeros.</param>
    public MatchFinder(ReadOnlySpan<byte> block, Span<ushort> table)
    {
        Invariant.Check(block.Length <= MaxBlock && table.Length == TableSize);
        _block = block;
        _table = table;
        _position = 1;
    }

    /// <summary>The start of the literals before the next match; after the last match, of the literals that end the block.</summary>
    public int Anchor { get; private set; }

    public int MatchStart { get; private set; }

    public int MatchOffset { get; private set; }

    public int MatchLength { get; private set; }

    /// <summary>Goes to the next match. False if there is none: then what is left from <see cref="Anchor"/> on are literals.</summary>
    public bool MoveNext()
    {
        Anchor = MatchStart + MatchLength;
        var limit = _block.Length - LastMatchStart;
        ref var start = ref MemoryMarshal.GetReference(_block);
        ref var table = ref MemoryMarshal.GetReference(_table);
        var misses = 1 << SkipTrigger;
        var position = _position;

        // Up to the limit at least 12 bytes follow, and the table holds positions before this one or 0: no read leaves the block.
        while (position <= limit)
        {
            var sequence = Read64(ref start, position);
            ref var slot = ref Unsafe.Add(ref table, Hash(sequence));
            int candidate = slot;
            slot = (ushort)position;
            if ((uint)Read64(ref start, candidate) == (uint)sequence && candidate < position)
            {
                Take(position, candidate);
                return true;
            }

            position += misses++ >> SkipTrigger;
        }

        _position = position;
        return false;
    }

    /// <summary>Of five bytes: longer matches are worth more, and a table of few slots is not filled with short ones.</summary>
    private static int Hash(ulong sequence) => (int)(((sequence << 24) * 889523592379UL) >> (64 - TableBits));

    private static ulong Read64(ref byte start, int position)
    {
        var value = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, position));
        return BitConverter.IsLittleEndian ? value : BinaryPrimitives.ReverseEndianness(value);
    }

    private void Take(int position, int candidate)
    {
        var end = _block.Length - LastLiterals;
        var length = MinMatch + CommonLength(position + MinMatch, candidate + MinMatch, end);
        while (position > Anchor && candidate > 0 && _block[position - 1] == _block[candidate - 1])
        {
            position--;
            candidate--;
            length++;
        }

        MatchStart = position;
        MatchOffset = position - candidate;
        MatchLength = length;
        _position = position + length;

        // The end of a match is a likely start of the next repetition.
        if (_position <= _block.Length - LastMatchStart)
        {
            _table[Hash(BinaryPrimitives.ReadUInt64LittleEndian(_block[(_position - 2)..]))] = (ushort)(_position - 2);
        }
    }

    private readonly int CommonLength(int position, int candidate, int end)
    {
        ref var start = ref MemoryMarshal.GetReference(_block);
        var from = position;
        for (; position <= end - 8; position += 8, candidate += 8)
        {
            var difference = Read64(ref start, position) ^ Read64(ref start, candidate);
            if (difference != 0)
            {
                return position - from + (BitOperations.TrailingZeroCount(difference) >> 3);
            }
        }

        for (; position < end && _block[position] == _block[candidate]; position++, candidate++)
        {
        }

        return position - from;
    }
}
