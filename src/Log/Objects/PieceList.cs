namespace Loire.Log.Objects;

/// <summary>Collects pieces of memory that form one run of bytes.</summary>
internal struct PieceList
{
    private ReadOnlyMemory<byte>[]? _pieces;
    private int _count;

    /// <summary>The sum of the lengths.</summary>
    public long Bytes { get; private set; }

    /// <summary>Adds a piece; an empty one is dropped.</summary>
    public void Add(ReadOnlyMemory<byte> piece)
    {
        if (piece.IsEmpty)
        {
            return;
        }

        Bytes += piece.Length;
        _pieces ??= new ReadOnlyMemory<byte>[1];
        if (_count == _pieces.Length)
        {
            Array.Resize(ref _pieces, _count * 2);
        }

        _pieces[_count++] = piece;
    }

    /// <summary>The pieces in order.</summary>
    public readonly ReadOnlyMemory<byte>[] ToArray() =>
        _pieces is null ? [] : _count == _pieces.Length ? _pieces : _pieces[.._count];
}
