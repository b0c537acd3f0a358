using System.Runtime.InteropServices;
using Loire.Storage.Format;

namespace Loire.Storage.Objects;

/// <summary>
/// Encodes a group of writes as the pieces of one gathered write: headers, small values and padding in one reused buffer, large values in
/// their own memory.
/// </summary>
internal sealed class GroupEncoder
{
    // Below this size a copy is cheaper than another piece in the system call.
    private const int CopiedValueMax = 2048;
    private readonly List<ReadOnlyMemory<byte>> _pieces = [];
    private readonly List<RecordHead> _headers = [];
    private byte[] _buffer = new byte[64 * 1024];
    private int _used;
    private int _pieceStart;

    /// <summary>The pieces of the last encoded group.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Pieces => _pieces;

    /// <summary>The headers of the last encoded group, in the order of its writes.</summary>
    public IReadOnlyList<RecordHead> Headers => _headers;

    /// <summary>Encodes a group.</summary>
    /// <param name="group">The writes.</param>
    /// <param name="position">The position of the group in its file.</param>
    /// <param name="durable">See <see cref="RecordHead.Durable"/>.</param>
    /// <param name="seed">The seed of the file.</param>
    /// <param name="heads">Receives a copy of every header.</param>
    public void Encode(List<PendingWrite> group, long position, long durable, uint seed, HeadBuffer heads)
    {
        _pieces.Clear();
        _headers.Clear();
        (_used, _pieceStart) = (0, 0);
        Reserve(group);
        foreach (var write in CollectionsMarshal.AsSpan(group))
        {
            var header = new RecordHead(
                write.Kind, write.Key.Length, write.Length, write.Crc, write.Sequence, position, durable, (uint)write.OldestFile);
            var head = _buffer.AsSpan(_used, RecordHead.Size + write.Key.Length);
            header.Write(head, write.Key, seed);
            heads.Add(head);
            _used += head.Length;
            AddValue(write);
            var padding = (int)(header.End - header.ValuePosition - write.Length);
            _buffer.AsSpan(_used, padding).Clear();
            _used += padding;
            _headers.Add(header);
            position = header.End;
        }

        EndPiece();
    }

    private void AddValue(PendingWrite write)
    {
        foreach (var piece in write.Pieces)
        {
            if (piece.Length <= CopiedValueMax)
            {
                piece.Span.CopyTo(_buffer.AsSpan(_used));
                _used += piece.Length;
            }
            else
            {
                EndPiece();
                _pieces.Add(piece);
            }
        }
    }

    private void EndPiece()
    {
        if (_used > _pieceStart)
        {
            _pieces.Add(_buffer.AsMemory(_pieceStart, _used - _pieceStart));
            _pieceStart = _used;
        }
    }

    // The buffer must not move while pieces point into it.
    private void Reserve(List<PendingWrite> group)
    {
        long needed = 0;
        foreach (var write in group)
        {
            needed += RecordHead.Size + write.Key.Length + RecordHead.Alignment;
            foreach (var piece in write.Pieces)
            {
                needed += piece.Length <= CopiedValueMax ? piece.Length : 0;
            }
        }

        if (needed > _buffer.Length)
        {
            _buffer = GC.AllocateUninitializedArray<byte>(checked((int)(needed * 2)));
        }
    }
}
