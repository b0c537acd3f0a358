using System.Buffers.Binary;

namespace Loire.Model.Codecs;

/// <summary>
/// Finds repetitions in a block of at most 64 KiB, greedily: the first candidate that a hash of four bytes points to is taken. LZ4 and Snappy differ
/// only in how they write down what this finds.
/// </summary>
internal ref struct MatchFinder
{
    public const int MaxBlock = 1 << 16;
    public const int TableSize = 1 << TableBits;

    private const int TableBits = 12;
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
        var misses = 1 << SkipTrigger;
        var position = _position;
        while (position <= limit)
        {
            var word = BinaryPrimitives.ReadUInt32LittleEndian(_block[position..]);
            ref var slot = ref _table[(int)((word * 2654435761u) >> (32 - TableBits))];
            int candidate = slot;
            slot = (ushort)position;
            if (candidate < position && BinaryPrimitives.ReadUInt32LittleEndian(_block[candidate..]) == word)
            {
                Take(position, candidate);
                return true;
            }

            position += misses++ >> SkipTrigger;
        }

        _position = position;
        return false;
    }

    private void Take(int position, int candidate)
    {
        var end = _block.Length - LastLiterals;
        var length = MinMatch + _block[(position + MinMatch)..end].CommonPrefixLength(_block[(candidate + MinMatch)..]);
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
            var word = BinaryPrimitives.ReadUInt32LittleEndian(_block[(_position - 2)..]);
            _table[(int)((word * 2654435761u) >> (32 - TableBits))] = (ushort)(_position - 2);
        }
    }
}
