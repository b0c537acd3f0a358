using Loire.Model;
using Loire.Storage.Disk;
using Loire.Storage.Format;

namespace Loire.Storage.Objects;

/// <summary>
/// Replays the records of store files into the index, and finds the end of the log.
/// <para>
/// The end. At most one group (with a sync interval: what was written since the last sync) may be torn, and it is last. Bytes before the
/// <i>proven end</i> had been synced: it is the greatest position that a later record, the file of keys, the checkpoint or a newer file's
/// header proves durable. Unreadable bytes before it are damage. After it, records are valid up to the first incomplete one; the rest was
/// never acknowledged and is truncated.
/// </para>
/// <para>
/// Damage. Records with an unreadable header are looked up in the file of keys. If it lacks them too, records of unknown keys are lost:
/// then every key without a later record is refused, because it might be one of them (<see cref="ObjectStore.UnknownBefore"/>).
/// </para>
/// </summary>
internal sealed partial class Replay(ObjectStore store, StoreInventory inventory, CheckpointHeader? checkpoint)
{
    private readonly Dictionary<int, KeyFileReader?> _keyFiles = [];

    /// <summary>Bytes of records replayed.</summary>
    public long Bytes { get; private set; }

    /// <summary>Records replayed.</summary>
    public long Records { get; private set; }

    /// <summary>The file of keys of a store file, from where replay starts; null if it is missing or damaged.</summary>
    public KeyFileReader? KeysOf(int number)
    {
        if (!_keyFiles.TryGetValue(number, out var reader))
        {
            var from = checkpoint?.StartFile == number ? checkpoint.KeysPosition : 0;
            reader = KeyFileReader.TryOpen(store.Directory, number, from);
            _keyFiles.Add(number, reader);
        }

        return reader;
    }

    /// <summary>Replays a file that is not the newest, or that is missing: all of it had been durable.</summary>
    public void ReplaySealed(StoreFile file, long from)
    {
        var isEndKnown = inventory.Ends.TryGetValue(file.Number, out var end);
        if (!isEndKnown)
        {
            // The file that has the answer is damaged or missing.
            end = Math.Max(file.Disk?.Length ?? from, KeysOf(file.Number)?.DurableEnd ?? from);
        }

        file.End = end;
        ReplayProven(file, from, end);
        if (!isEndKnown && file.Disk is null && KeysOf(file.Number) is null)
        {
            LoseUnknown(file, from, long.MaxValue);
        }
    }

    /// <summary>Replays the newest file, truncates it after the last valid record, and makes the rest durable.</summary>
    /// <returns>The position of the next record.</returns>
    public long ReplayNewest(StoreFile file, long from)
    {
        var disk = file.Disk!;
        var proven = Math.Max(from, KeysOf(file.Number)?.DurableEnd ?? 0);
        var scanner = new RecordScanner(disk, file.Seed, from, long.MaxValue);
        while (scanner.Next() is not Scanned.End and var found)
        {
            proven = found == Scanned.Record ? Math.Max(proven, scanner.Header.Durable) : proven;
        }

        ReplayProven(file, from, proven);
        var end = proven;
        scanner = new RecordScanner(disk, file.Seed, end, long.MaxValue);
        while (scanner.Next() == Scanned.Record && scanner.IsWhole && scanner.IsValueSound())
        {
            Apply(scanner.Header, scanner.Key, file, isDamaged: false);
            end = scanner.Header.End;
        }

        if (!IsZero(disk, end))
        {
            LogTailCut(store.Logger, file, end, disk.Length - end);
        }

        RewriteUnproven(disk, proven, end);
        file.End = end;
        return end;
    }

    /// <summary>Replays a range that had been durable: every record is valid, and unreadable bytes are damage.</summary>
    private void ReplayProven(StoreFile file, long from, long end)
    {
        var position = from;
        if (file.Disk is not null)
        {
            var scanner = new RecordScanner(file.Disk, file.Seed, from, end);
            while (position < end && scanner.Next() is not Scanned.End and var found)
            {
                if (found == Scanned.Gap)
                {
                    Repair(file, position, scanner.To);
                    position = scanner.To;
                    continue;
                }

                Apply(scanner.Header, scanner.Key, file, isDamaged: !scanner.HasValue);
                position = scanner.Header.End;
            }
        }

        if (position < end)
        {
            Repair(file, position, end);
        }
    }

    private void Apply(in RecordHead header, ReadOnlySpan<byte> key, StoreFile file, bool isDamaged)
    {
        store.Apply(header, key, file, isDamaged);
        file.IsQuarantined |= isDamaged;
        Records++;
        Bytes += header.End - header.Position;
    }

    // Zeros after the last record were written ahead and mean nothing.
    private static bool IsZero(IStoreFile disk, long from)
    {
        var buffer = new byte[64 * 1024];
        for (int read; (read = disk.Read(buffer, from)) > 0; from += read)
        {
            if (buffer.AsSpan(0, read).ContainsAnyExcept((byte)0))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Rewrites the records that are not proven durable. Their sync may have failed under the last owner: then the page cache has them, the
    /// device does not, and another sync alone would not write them. The bytes after them must not reappear.
    /// </summary>
    private static void RewriteUnproven(IStoreFile disk, long from, long to)
    {
        var buffer = new byte[(int)Math.Min(1024 * 1024, to - from)];
        for (var position = from; position < to; position += buffer.Length)
        {
            var part = buffer.AsMemory(0, (int)Math.Min(buffer.Length, to - position));
            Invariant.Check(disk.Read(part.Span, position) == part.Length, "What was just read can be read again.");
            disk.Write([part], position);
        }

        if (disk.Length > to)
        {
            disk.Truncate(to);
        }

        disk.Sync();
    }
}
