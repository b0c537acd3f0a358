using Loire.Storage.Disk;
using Loire.Storage.Format;

namespace Loire.Storage.Objects;

/// <summary>Reads a file of keys. Damaged blocks are skipped: only a second copy is lost.</summary>
internal sealed class KeyFileReader
{
    private readonly byte[] _bytes;
    private readonly uint _seed;

    private readonly long _from;

    private KeyFileReader(byte[] bytes, long from, uint seed, long recordsStart, Guid store)
        => (_bytes, _from, _seed, RecordsStart, Store, ValidEnd) = (bytes, from, seed, recordsStart, store, from);

    /// <summary>The position of the first record of the store file.</summary>
    public long RecordsStart { get; }

    /// <summary>The identity of the store.</summary>
    public Guid Store { get; }

    /// <summary>The position before which the store file is known to be durable; 0 if unknown.</summary>
    public long DurableEnd { get; private set; }

    /// <summary>The end of the last valid block.</summary>
    public long ValidEnd { get; private set; }

    /// <summary>Opens the file of keys of a store file; null if there is none or its header is damaged.</summary>
    /// <param name="directory">The directory of the store.</param>
    /// <param name="number">The number of the store file.</param>
    /// <param name="from">The position of the first block to read, or 0 for all.</param>
    public static KeyFileReader? TryOpen(IStoreDirectory directory, int number, long from)
    {
        var name = FileNames.Keys(number);
        if (!directory.List().Contains(name))
        {
            return null;
        }

        using var file = directory.Open(name);
        var header = new byte[KeyBlock.FileHeaderSize];
        from = Math.Max(from, header.Length);
        if (file.Read(header, 0) < header.Length
            || !KeyBlock.TryReadFileHeader(header, out var store, out var found, out var start)
            || found != number
            || file.Length < from
            || file.Length - from > Array.MaxLength)
        {
            return null;
        }

        var bytes = GC.AllocateUninitializedArray<byte>((int)(file.Length - from));
        var read = file.Read(bytes, from);
        var reader = new KeyFileReader(bytes[..read], from, FileHeader.Seed(store, number), start, store);
        reader.Walk(null);
        return reader;
    }

    /// <summary>
    /// Returns the heads of the records that start at or after <paramref name="from"/> and before <paramref name="to"/>, by position.
    /// </summary>
    public SortedDictionary<long, (RecordHead Header, byte[] Key)> Heads(long from, long to)
    {
        var heads = new SortedDictionary<long, (RecordHead, byte[])>();
        Walk((in header, key) =>
        {
            if (header.Position >= from && header.Position < to)
            {
                heads[header.Position] = (header, key.ToArray());
            }
        });
        return heads;
    }

    private void Walk(HeadVisitor? visitor)
    {
        var position = 0;
        while (position + KeyBlock.HeaderSize <= _bytes.Length)
        {
            var rest = _bytes.AsSpan(position);
            var length = KeyBlock.HeadsLength(rest);
            var isWhole = length >= 0 && length <= rest.Length - KeyBlock.HeaderSize;
            if (!isWhole || !KeyBlock.IsSound(rest[..(KeyBlock.HeaderSize + length)], _seed, out var durable))
            {
                position += RecordHead.Alignment;
                continue;
            }

            DurableEnd = Math.Max(DurableEnd, durable);
            if (visitor is not null)
            {
                Visit(rest.Slice(KeyBlock.HeaderSize, length), visitor);
            }

            position += KeyBlock.HeaderSize + length;
            ValidEnd = _from + position;
        }
    }

    private void Visit(ReadOnlySpan<byte> heads, HeadVisitor visitor)
    {
        while (heads.Length >= RecordHead.Size)
        {
            var bytes = RecordHead.HeadBytes(heads);
            if (bytes == 0 || bytes > heads.Length || !RecordHead.TryRead(heads, _seed, position: null, out var header))
            {
                return;
            }

            visitor(header, heads[RecordHead.Size..bytes]);
            heads = heads[header.PaddedHeadBytes..];
        }
    }

    private delegate void HeadVisitor(in RecordHead header, ReadOnlySpan<byte> key);
}
