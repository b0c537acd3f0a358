using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Log.Objects;

/// <summary>
/// An immutable object of a log in memory: in the pieces that a write gathered, or in one piece as read. Its bytes never change, so it is
/// shared freely.
/// </summary>
internal sealed class LogObject
{
    private readonly ReadOnlyMemory<byte> _index;
    private readonly ReadOnlyMemory<byte>[] _body;
    private readonly int[]? _starts;

    /// <summary>Creates an object from verified bytes.</summary>
    /// <param name="header">The decoded header.</param>
    /// <param name="prefix">The bytes before the body.</param>
    /// <param name="body">The pieces of the body, none of them empty.</param>
    /// <param name="etag">The ETag from storage, if known.</param>
    public LogObject(in ObjectHeader header, ReadOnlyMemory<byte> prefix, ReadOnlyMemory<byte>[] body, string? etag)
    {
        Header = header;
        ETag = etag;
        _index = prefix.Slice(ObjectHeader.Size, header.IndexEntries * IndexEntry.Size);
        _body = body;
        if (body.Length > 1)
        {
            _starts = new int[body.Length];
            for (var i = 1; i < body.Length; i++)
            {
                _starts[i] = _starts[i - 1] + body[i - 1].Length;
            }
        }
    }

    /// <summary>The header.</summary>
    public ObjectHeader Header { get; }

    /// <summary>The ETag from storage; null if unknown.</summary>
    public string? ETag { get; }

    /// <summary>Bytes of header and body.</summary>
    public int Bytes => Header.PrefixBytes + Header.BodyBytes;

    /// <summary>The body in order.</summary>
    public ReadOnlySpan<ReadOnlyMemory<byte>> Body => _body;

    /// <summary>
    /// Decodes and verifies a whole object; false if a byte is wrong, missing or surplus, or if it belongs to another log.
    /// </summary>
    public static bool TryRead(ReadOnlyMemory<byte> bytes, uint logTag, string? etag, out LogObject? read)
    {
        read = null;
        if (!ObjectHeader.TryRead(bytes.Span, logTag, out var header)
            || bytes.Length - header.PrefixBytes != header.BodyBytes
            || Crc32C.Compute(bytes.Span[header.PrefixBytes..]) != header.BodyCrc)
        {
            return false;
        }

        var found = new LogObject(header, bytes[..header.PrefixBytes], header.BodyBytes == 0 ? [] : [bytes[header.PrefixBytes..]], etag);
        if (!found.IndexIsSound())
        {
            return false;
        }

        read = found;
        return true;
    }

    /// <summary>One entry of the sparse index.</summary>
    public IndexEntry Index(int entry) => IndexEntry.Read(_index.Span[(entry * IndexEntry.Size)..]);

    /// <summary>The end in the body of the block of an index entry.</summary>
    public int BlockEnd(int entry) => entry + 1 < Header.IndexEntries ? Index(entry + 1).BodyAt : Header.BodyBytes;

    /// <summary>The last block that begins at or before <paramref name="position"/>; the first if none does.</summary>
    public int FindBlock(Offset position)
    {
        var (low, high) = (0, Header.IndexEntries - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (Index(middle).Base <= position)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return low;
    }

    /// <summary>The last block that begins at or before <paramref name="bodyAt"/> in the body.</summary>
    public int FindBlockAt(int bodyAt)
    {
        var (low, high) = (0, Header.IndexEntries - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (Index(middle).BodyAt <= bodyAt)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return low;
    }

    /// <summary>Copies bytes of the body from <paramref name="at"/> on; false if it ends before the destination is full.</summary>
    public bool TryCopy(int at, Span<byte> destination)
    {
        if (at < 0 || at > Header.BodyBytes - destination.Length)
        {
            return false;
        }

        for (var piece = PieceAt(at); destination.Length > 0; piece++)
        {
            var source = _body[piece].Span[(at - Start(piece))..];
            var length = Math.Min(source.Length, destination.Length);
            source[..length].CopyTo(destination);
            destination = destination[length..];
            at += length;
        }

        return true;
    }

    /// <summary>Adds the body's bytes from <paramref name="from"/> up to <paramref name="to"/>, exclusive, without copying them.</summary>
    public void Slice(int from, int to, ref PieceList pieces)
    {
        for (var piece = from < to ? PieceAt(from) : 0; from < to; piece++)
        {
            var start = Start(piece);
            var end = Math.Min(to, start + _body[piece].Length);
            pieces.Add(_body[piece][(from - start)..(end - start)]);
            from = end;
        }
    }

    /// <summary>The body's bytes from <paramref name="from"/> up to <paramref name="to"/>, exclusive; copied only if they span pieces.</summary>
    public ReadOnlyMemory<byte> Whole(int from, int to)
    {
        var pieces = new PieceList();
        Slice(from, to, ref pieces);
        if (pieces.ToArray() is [var only])
        {
            return only;
        }

        var bytes = new byte[to - from];
        Invariant.Check(TryCopy(from, bytes), "a body has these bytes");
        return bytes;
    }

    private int Start(int piece) => _starts is null ? 0 : _starts[piece];

    private int PieceAt(int at)
    {
        if (_starts is null)
        {
            return 0;
        }

        var found = Array.BinarySearch(_starts, at);
        return found >= 0 ? found : ~found - 1;
    }

    private bool IndexIsSound()
    {
        for (var i = 0; i < Header.IndexEntries; i++)
        {
            var entry = Index(i);
            var sound = i == 0
                ? entry.BodyAt == 0 && entry.Base >= Header.Base
                : entry.BodyAt > Index(i - 1).BodyAt && entry.Base > Index(i - 1).Base;
            if (!sound || entry.BodyAt >= Header.BodyBytes || entry.Base >= Header.End)
            {
                return false;
            }
        }

        return (Header.IndexEntries == 0) == (Header.BodyBytes == 0) || Header.Kind is ObjectKind.Page or ObjectKind.Snapshot or ObjectKind.Table;
    }
}
