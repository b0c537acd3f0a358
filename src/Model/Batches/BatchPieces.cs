using System.Buffers;
using System.Buffers.Binary;

namespace Loire.Model.Batches;

/// <summary>
/// Splits pieces whose concatenation consists of whole batches into batches. A batch within one piece is not copied; one that spans pieces
/// (a stamp and the producer's bytes) is joined in a pooled array. Copies of this value iterate independently.
/// </summary>
/// <param name="pieces">The pieces of a fetch.</param>
public struct BatchPieces(ReadOnlyMemory<byte>[] pieces)
{
    private const int LengthEnd = 12;

    private int _piece;
    private int _position;

    /// <summary>Whether a batch is wanted, by its header alone.</summary>
    /// <param name="header">The batch, of which nothing but the header may be read.</param>
    public delegate bool Wanted(RecordBatch header);

    /// <summary>The pieces of the batches that begin before an offset.</summary>
    /// <param name="pieces">The pieces of a fetch.</param>
    /// <param name="end">The offset.</param>
    public static ReadOnlyMemory<byte>[] Before(ReadOnlyMemory<byte>[] pieces, Offset end) => Where(pieces, header => header.BaseOffset < end);

    /// <summary>The pieces of those batches that are wanted. Nothing is copied.</summary>
    /// <param name="pieces">The pieces of a fetch.</param>
    /// <param name="wanted">Asked of each batch in its order.</param>
    public static ReadOnlyMemory<byte>[] Where(ReadOnlyMemory<byte>[] pieces, Wanted wanted)
    {
        var (batches, kept) = (new BatchPieces(pieces), new List<ReadOnlyMemory<byte>>());
        Span<byte> header = stackalloc byte[RecordBatch.HeaderSize];
        var (piece, position) = (0, 0);
        while (batches.Peek(header) == RecordBatch.HeaderSize)
        {
            if (!wanted(RecordBatch.OfHeader(header)))
            {
                Keep(batches._piece, batches._position);
                batches.Skip(LengthEnd + BinaryPrimitives.ReadInt32BigEndian(header[8..]));
                (piece, position) = (batches._piece, batches._position);
                continue;
            }

            batches.Skip(LengthEnd + BinaryPrimitives.ReadInt32BigEndian(header[8..]));
        }

        if ((piece, position) == (0, 0))
        {
            return pieces;
        }

        Keep(pieces.Length, 0);
        return [.. kept];

        void Keep(int toPiece, int toPosition)
        {
            for (; piece < toPiece; (piece, position) = (piece + 1, 0))
            {
                Add(pieces[piece][position..]);
            }

            if (toPosition > position)
            {
                Add(pieces[piece][position..toPosition]);
            }
        }

        void Add(ReadOnlyMemory<byte> part)
        {
            if (!part.IsEmpty)
            {
                kept.Add(part);
            }
        }
    }

    /// <summary>The header of the first batch, of which nothing else may be read.</summary>
    /// <param name="pieces">The pieces of a fetch, at least one.</param>
    /// <param name="header">Takes the header: <see cref="RecordBatch.HeaderSize"/> bytes.</param>
    public static RecordBatch First(ReadOnlyMemory<byte>[] pieces, Span<byte> header)
    {
        var length = new BatchPieces(pieces).Peek(header);
        Invariant.Check(length == RecordBatch.HeaderSize, "a partition returns whole batches");
        return RecordBatch.OfHeader(header);
    }

    /// <summary>Returns the next batch.</summary>
    /// <param name="batch">The bytes of the batch.</param>
    /// <param name="pooled">The array that holds them, which the caller returns to the shared pool; null if they lie in a piece.</param>
    /// <returns>False at the end.</returns>
    public bool TryTake(out ReadOnlyMemory<byte> batch, out byte[]? pooled)
    {
        Span<byte> prefix = stackalloc byte[LengthEnd];
        batch = default;
        pooled = null;
        if (Peek(prefix) < LengthEnd)
        {
            return false;
        }

        var size = LengthEnd + BinaryPrimitives.ReadInt32BigEndian(prefix[8..]);
        Invariant.Check(size >= RecordBatch.HeaderSize, "a partition returns whole batches");
        if (pieces[_piece].Length - _position >= size)
        {
            batch = pieces[_piece].Slice(_position, size);
            _position += size;
            return true;
        }

        pooled = ArrayPool<byte>.Shared.Rent(size);
        var missing = Copy(pooled.AsSpan(0, size));
        Invariant.Check(missing == 0, "a partition returns whole batches");
        batch = pooled.AsMemory(0, size);
        return true;
    }

    private void Skip(int bytes)
    {
        while (bytes > 0)
        {
            Invariant.Check(_piece < pieces.Length, "a partition returns whole batches");
            var taken = Math.Min(bytes, pieces[_piece].Length - _position);
            bytes -= taken;
            _position += taken;
            if (_position == pieces[_piece].Length)
            {
                (_piece, _position) = (_piece + 1, 0);
            }
        }
    }

    private int Peek(Span<byte> destination)
    {
        var (piece, position) = (_piece, _position);
        var missing = Copy(destination);
        var length = destination.Length - missing;
        if (missing == 0)
        {
            (_piece, _position) = (piece, position);
            while (_piece < pieces.Length && _position == pieces[_piece].Length)
            {
                _piece++;
                _position = 0;
            }
        }

        return length;
    }

    private int Copy(Span<byte> destination)
    {
        while (destination.Length > 0 && _piece < pieces.Length)
        {
            var from = pieces[_piece].Span[_position..];
            var length = Math.Min(from.Length, destination.Length);
            from[..length].CopyTo(destination);
            destination = destination[length..];
            _position += length;
            if (_position == pieces[_piece].Length)
            {
                _piece++;
                _position = 0;
            }
        }

        return destination.Length;
    }
}
