using System.Buffers.Binary;
using Loire.Model.Batches;
using Loire.Storage.Disk;
using Loire.Storage.Format;

namespace Loire.Storage.Objects;

/// <summary>What a scanner found.</summary>
internal enum Scanned
{
    /// <summary>A record with a valid header and key; its value is not verified.</summary>
    Record,

    /// <summary>Bytes that belong to no record, with a record after them.</summary>
    Gap,

    /// <summary>No further record.</summary>
    End,
}

/// <summary>
/// Walks the records of a store file from header to header without reading large values. Where a header is invalid it searches every
/// multiple of 8 for the next one; a record contains its own position and its checksum is seeded with its file, so the bytes of a value are
/// never taken for a record.
/// </summary>
/// <param name="disk">The store file.</param>
/// <param name="seed">The seed of the file.</param>
/// <param name="start">Where to start: the expected position of a record.</param>
/// <param name="limit">Where to stop; bytes after it are ignored.</param>
internal sealed class RecordScanner(IStoreFile disk, uint seed, long start, long limit)
{
    private const int WindowBytes = 256 * 1024;

    // After a large value only the next header is needed; reading a full window each time would read everything.
    private const int ShortReadBytes = 8 * 1024;
    private readonly long _limit = Math.Min(limit, disk.Length);
    private readonly byte[] _window = GC.AllocateUninitializedArray<byte>(
        (int)Math.Clamp(Math.Min(limit, disk.Length) - start, ShortReadBytes, WindowBytes));
    private long _windowStart;
    private int _windowLength;
    private long _next = start;

    /// <summary>Where the gap begins, or the records end.</summary>
    public long From { get; private set; }

    /// <summary>Where the gap ends.</summary>
    public long To { get; private set; }

    /// <summary>The header of the record.</summary>
    public RecordHead Header { get; private set; }

    /// <summary>The key of the record; valid until the next call.</summary>
    public ReadOnlySpan<byte> Key => Peek(Header.Position + RecordHead.Size, Header.KeyLength);

    /// <summary>Whether the whole record lies before the limit.</summary>
    public bool IsWhole => Header.End <= _limit;

    /// <summary>Whether the whole value lies before the limit; the padding may be missing.</summary>
    public bool HasValue => Header.ValuePosition + Header.ValueLength <= _limit;

    /// <summary>Moves to the next record or gap.</summary>
    public Scanned Next()
    {
        if (IsRecordAt(_next, out var header))
        {
            (Header, _next) = (header, header.End);
            return Scanned.Record;
        }

        From = _next;
        To = FindRecord(_next + RecordHead.Alignment);
        _next = To;
        return To < 0 ? Scanned.End : Scanned.Gap;
    }

    /// <summary>Reads and verifies the value of the record.</summary>
    public bool IsValueSound()
    {
        if (!HasValue)
        {
            return false;
        }

        var (position, left) = (Header.ValuePosition, (long)Header.ValueLength);
        uint crc = 0;
        while (left > 0)
        {
            var part = Peek(position, (int)Math.Min(left, _window.Length));
            if (part.IsEmpty)
            {
                return false;
            }

            crc = Crc32C.Append(crc, part);
            position += part.Length;
            left -= part.Length;
        }

        return crc == Header.ValueCrc;
    }

    private bool IsRecordAt(long position, out RecordHead header)
    {
        header = default;
        if (position < 0)
        {
            return false;
        }

        var fixedPart = Peek(position, RecordHead.Size);
        if (fixedPart.Length < RecordHead.Size || RecordHead.HeadBytes(fixedPart) is not (> 0 and var bytes))
        {
            return false;
        }

        var head = Peek(position, bytes);
        return head.Length == bytes && RecordHead.TryRead(head, seed, position, out header);
    }

    /// <returns>The position of the next record; -1 if there is none.</returns>
    private long FindRecord(long position)
    {
        Span<byte> magic = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(magic, RecordHead.Magic);
        while (position + RecordHead.Size <= _limit)
        {
            var window = Peek(position, _window.Length);
            var found = window.IndexOf(magic);
            if (found < 0)
            {
                // The magic may begin in the last bytes of the window.
                position += Math.Max(RecordHead.Alignment, (window.Length & ~(RecordHead.Alignment - 1)) - RecordHead.Alignment);
                continue;
            }

            var candidate = position + found;
            if (candidate % RecordHead.Alignment == 0 && IsRecordAt(candidate, out _))
            {
                return candidate;
            }

            position = RecordHead.Align(candidate + 1);
        }

        return -1;
    }

    /// <returns>Up to <paramref name="count"/> bytes at <paramref name="position"/>, fewer only at the limit.</returns>
    private ReadOnlySpan<byte> Peek(long position, int count)
    {
        count = (int)Math.Min(count, Math.Max(0, _limit - position));
        if (count == 0)
        {
            return default;
        }

        if (position < _windowStart || position + count > _windowStart + _windowLength)
        {
            var isNear = position >= _windowStart && position <= _windowStart + _windowLength;
            var wanted = Math.Max(count, isNear ? _window.Length : ShortReadBytes);
            _windowStart = position;
            _windowLength = disk.Read(_window.AsSpan(0, (int)Math.Min(wanted, _limit - position)), position);
        }

        return _window.AsSpan((int)(position - _windowStart), Math.Min(count, (int)(_windowStart + _windowLength - position)));
    }
}
