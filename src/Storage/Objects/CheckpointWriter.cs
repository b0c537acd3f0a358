using System.Buffers.Binary;
using Loire.Model.Batches;
using Loire.Storage.Disk;
using Loire.Storage.Format;

namespace Loire.Storage.Objects;

/// <summary>
/// Writes the index to a temporary file, makes it durable and renames it over the last checkpoint. The index is walked in slices between
/// which writes continue, so entries may be newer than the header; replay from the header's position corrects that.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="appender">Writes the newest store file.</param>
/// <param name="pace">Takes the bytes written, and waits as the bandwidth bound requires.</param>
/// <param name="syncRecords">Makes all records in the index durable; needed only with a sync interval.</param>
internal sealed class CheckpointWriter(ObjectStore store, FileAppender appender, Action<long> pace, Action syncRecords)
{
    private const int BlockBytes = 64 * 1024;
    private const int SlotsPerSlice = 256;

    // One sync of a large file would delay the syncs of records.
    private const long BytesPerSync = 4 * 1024 * 1024;
    private readonly byte[] _block = GC.AllocateUninitializedArray<byte>(BlockBytes);
    private long _position;
    private long _unsynced;

    /// <summary>Writes a checkpoint. If it throws, the last checkpoint is unchanged.</summary>
    public void Write()
    {
        var name = FileNames.Checkpoint + FileNames.Temporary;
        if (store.Directory.List().Contains(name))
        {
            store.Directory.Delete(name);
        }

        CheckpointHeader header;
        lock (store.Gate)
        {
            header = Describe();
        }

        try
        {
            using var file = store.Directory.Create(name);
            _position = _unsynced = 0;
            Append(file, header.ToBytes());
            WriteEntries(file);
            file.Sync();
        }
        catch (DiskException e) when (e.IsFull)
        {
            store.Directory.Delete(name);
            throw;
        }

        syncRecords();
        store.Directory.Rename(name, FileNames.Checkpoint);
        store.Directory.Sync();
        store.Counters.Checkpoints++;
        store.Counters.CheckpointBytes = _position;
    }

    /// <summary>Removes the checkpoint durably. Recovery then reads the headers of all records.</summary>
    public static void Remove(ObjectStore store)
    {
        if (store.Directory.List().Contains(FileNames.Checkpoint))
        {
            store.Directory.Delete(FileNames.Checkpoint);
        }

        store.Directory.Sync();
    }

    private CheckpointHeader Describe()
    {
        var files = store.Files.Values
            .Where(file => !store.Retired.Contains(file.Number))
            .Select(file => new CheckpointedFile(
                file.Number, file.IsQuarantined, file.RecordsStart, file.End, new Dictionary<int, long>(file.Tombstones)));
        var active = store.Active;
        return new CheckpointHeader(
            store.Identity, store.NextSequence, active.Number, active.End, appender.KeysEnd, store.UnknownBefore, [.. files]);
    }

    private void WriteEntries(IStoreFile file)
    {
        ulong entries = 0;
        uint ordinal = 0;
        var used = CheckpointHeader.BlockHeaderSize;
        for (var slot = 0; ;)
        {
            lock (store.Gate)
            {
                var end = Math.Min(slot + SlotsPerSlice, store.Index.SlotCount);
                for (; slot < end; slot++)
                {
                    if (!store.Index.TryRead(slot, out var key, out var entry))
                    {
                        continue;
                    }

                    if (used + CheckpointHeader.EntrySize + key.Length > BlockBytes)
                    {
                        break;
                    }

                    used += WriteEntry(_block.AsSpan(used), key, entry);
                    entries++;
                }

                if (slot == store.Index.SlotCount)
                {
                    break;
                }
            }

            if (used > BlockBytes / 2)
            {
                AppendBlock(file, used, ordinal++);
                used = CheckpointHeader.BlockHeaderSize;
            }
        }

        if (used > CheckpointHeader.BlockHeaderSize)
        {
            AppendBlock(file, used, ordinal++);
        }

        var last = new byte[CheckpointHeader.BlockHeaderSize];
        Span<byte> count = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(count, entries);
        BinaryPrimitives.WriteUInt32LittleEndian(last.AsSpan(4), Crc32C.Append(ordinal, count));
        Append(file, last);
    }

    private static int WriteEntry(Span<byte> destination, ReadOnlySpan<byte> key, in ObjectEntry entry)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, entry.Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(destination[8..], entry.Position);
        BinaryPrimitives.WriteInt32LittleEndian(destination[16..], entry.File);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[20..], entry.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[24..], entry.Crc);
        BinaryPrimitives.WriteInt32LittleEndian(destination[28..], entry.OldestFile);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[32..], (ushort)key.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[34..], (ushort)(entry.IsDamaged ? 1 : 0));
        key.CopyTo(destination[CheckpointHeader.EntrySize..]);
        return CheckpointHeader.EntrySize + key.Length;
    }

    private void AppendBlock(IStoreFile file, int length, uint ordinal)
    {
        var entries = _block.AsSpan(CheckpointHeader.BlockHeaderSize, length - CheckpointHeader.BlockHeaderSize);
        BinaryPrimitives.WriteInt32LittleEndian(_block, entries.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(_block.AsSpan(4), Crc32C.Append(ordinal, entries));
        Append(file, _block.AsMemory(0, length));
    }

    private void Append(IStoreFile file, ReadOnlyMemory<byte> bytes)
    {
        file.Write([bytes], _position);
        _position += bytes.Length;
        _unsynced += bytes.Length;
        if (_unsynced >= BytesPerSync)
        {
            file.Sync();
            _unsynced = 0;
        }

        pace(bytes.Length);
    }
}
