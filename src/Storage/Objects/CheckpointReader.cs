using System.Buffers.Binary;
using Loire.Model;
using Loire.Model.Batches;
using Loire.Storage.Disk;
using Loire.Storage.Format;

namespace Loire.Storage.Objects;

/// <summary>
/// Reads the checkpoint. It is used as a whole or not at all: if any of it is damaged, recovery scans all store files instead.
/// </summary>
internal sealed class CheckpointReader : IDisposable
{
    private const int BlockBytesMax = 1024 * 1024;
    private readonly IStoreFile _file;
    private readonly long _blocksStart;

    private CheckpointReader(IStoreFile file, CheckpointHeader header, long blocksStart)
        => (_file, Header, _blocksStart) = (file, header, blocksStart);

    public CheckpointHeader Header { get; }

    /// <summary>
    /// Opens the checkpoint and verifies all of it; null if there is none, or with <paramref name="isDamaged"/>, if it is damaged.
    /// </summary>
    public static CheckpointReader? TryOpen(IStoreDirectory directory, out bool isDamaged)
    {
        isDamaged = false;
        if (!directory.List().Contains(FileNames.Checkpoint))
        {
            return null;
        }

        var file = directory.Open(FileNames.Checkpoint);
        if (TryReadHeader(file) is { } header)
        {
            var reader = new CheckpointReader(file, header, header.ToBytes().Length);
            if (reader.TryVisit(null))
            {
                return reader;
            }
        }

        file.Dispose();
        isDamaged = true;
        return null;
    }

    /// <summary>Visits all entries.</summary>
    public void ReadEntries(EntryVisitor visitor) => Invariant.Check(TryVisit(visitor), "A checkpoint that was sound stays so.");

    public void Dispose() => _file.Dispose();

    private static CheckpointHeader? TryReadHeader(IStoreFile file)
    {
        var start = new byte[CheckpointHeader.MinimumSize];
        if (file.Read(start, 0) < start.Length || CheckpointHeader.Measure(start) is not (> 0 and var size) || size > file.Length)
        {
            return null;
        }

        var bytes = new byte[size];
        return file.Read(bytes, 0) == size ? CheckpointHeader.TryRead(bytes) : null;
    }

    private bool TryVisit(EntryVisitor? visitor)
    {
        var position = _blocksStart;
        var block = GC.AllocateUninitializedArray<byte>((int)Math.Clamp(_file.Length, CheckpointHeader.BlockHeaderSize, BlockBytesMax));
        ulong entries = 0;
        for (uint ordinal = 0; ; ordinal++)
        {
            var head = block.AsSpan(0, CheckpointHeader.BlockHeaderSize);
            if (_file.Read(head, position) < head.Length)
            {
                return false;
            }

            var length = BinaryPrimitives.ReadInt32LittleEndian(head);
            var crc = BinaryPrimitives.ReadUInt32LittleEndian(head[4..]);
            position += head.Length;
            if (length == 0)
            {
                Span<byte> count = stackalloc byte[sizeof(ulong)];
                BinaryPrimitives.WriteUInt64LittleEndian(count, entries);
                return crc == Crc32C.Append(ordinal, count);
            }

            if (length < 0 || length > block.Length)
            {
                return false;
            }

            var bytes = block.AsSpan(0, length);
            if (_file.Read(bytes, position) < length || Crc32C.Append(ordinal, bytes) != crc || !TryVisitBlock(bytes, visitor, ref entries))
            {
                return false;
            }

            position += length;
        }
    }

    private static bool TryVisitBlock(ReadOnlySpan<byte> bytes, EntryVisitor? visitor, ref ulong entries)
    {
        while (bytes.Length >= CheckpointHeader.EntrySize)
        {
            var end = CheckpointHeader.EntrySize + BinaryPrimitives.ReadUInt16LittleEndian(bytes[32..]);
            if (end > bytes.Length)
            {
                return false;
            }

            entries++;
            visitor?.Invoke(bytes[CheckpointHeader.EntrySize..end], new ObjectEntry(
                BinaryPrimitives.ReadUInt64LittleEndian(bytes),
                BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]),
                BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]),
                BinaryPrimitives.ReadUInt32LittleEndian(bytes[20..]),
                BinaryPrimitives.ReadUInt32LittleEndian(bytes[24..]),
                BinaryPrimitives.ReadInt32LittleEndian(bytes[28..]),
                BinaryPrimitives.ReadUInt16LittleEndian(bytes[34..]) != 0));
            bytes = bytes[end..];
        }

        return bytes.IsEmpty;
    }

    internal delegate void EntryVisitor(ReadOnlySpan<byte> key, in ObjectEntry entry);
}
