using Loire.Model;
using Loire.Storage.Disk;
using Loire.Storage.Format;
using Microsoft.Extensions.Logging;

namespace Loire.Storage.Objects;

/// <summary>
/// Opens what the last owner left: the newest checkpoint, then the records after it. It changes nothing before it has understood everything, and a crash at any
/// point of it leaves a store that recovers to the same.
/// <para>
/// The end of the log. At most one group (with a sync interval: what was written since the last sync) may be torn, and it is last. Bytes before the <i>proven end</i> had
/// been synced: the greatest position that a later record, the file of keys, the checkpoint or a newer file's header vouches for. What is unreadable before it
/// is damage; from it on, records count up to the first one that is not whole, and the rest was never acknowledged and is cut off.
/// </para>
/// <para>
/// Damage. Records whose head is unreadable are taken from the file of keys. Where that is of no help either, records of unknown keys are lost: then every key
/// without a later record is refused, since it might be one of them (<see cref="ObjectStore.UnknownBefore"/>).
/// </para>
/// </summary>
internal sealed partial class Recovery : IDisposable
{
    private readonly ObjectStore _store;
    private readonly StoreInventory _inventory;
    private readonly CheckpointReader? _checkpoint;
    private readonly Dictionary<int, KeyFileReader?> _keyFiles = [];
    private bool _isNewestDamaged;

    private Recovery(ObjectStore store, StoreInventory inventory, CheckpointReader? checkpoint)
        => (_store, _inventory, _checkpoint) = (store, inventory, checkpoint);

    /// <summary>Bytes and records replayed since the checkpoint.</summary>
    public long ReplayedBytes { get; private set; }

    public long ReplayedRecords { get; private set; }

    /// <summary>Opens or creates the store in <paramref name="directory"/>.</summary>
    public static OpenedStore Open(IStoreDirectory directory, FileStoreOptions options, ILogger logger)
    {
        DeleteTemporaries(directory);
        using var checkpoint = CheckpointReader.TryOpen(directory, out var isDamaged);
        var inventory = StoreInventory.Take(directory, checkpoint?.Header);
        var store = new ObjectStore(directory, inventory.Store ?? Guid.NewGuid(), options, logger);
        try
        {
            if (isDamaged)
            {
                store.Counters.Damages++;
                LogCheckpointDamaged(logger);
            }

            using var recovery = new Recovery(store, inventory, checkpoint);
            return recovery.Run();
        }
        catch
        {
            foreach (var file in store.Files.Values)
            {
                file.Dispose();
            }

            throw;
        }
    }

    public void Dispose()
    {
        foreach (var (number, disk) in _inventory.Present)
        {
            // Files that were given up and never became part of the store.
            if (!_store.Files.ContainsKey(number))
            {
                disk.Dispose();
            }
        }
    }

    private static void DeleteTemporaries(IStoreDirectory directory)
    {
        foreach (var name in directory.List())
        {
            if (name.EndsWith(FileNames.Temporary, StringComparison.Ordinal))
            {
                directory.Delete(name);
            }
        }
    }

    private OpenedStore Run()
    {
        FindLostFiles();
        LoadCheckpoint();
        var startFile = _checkpoint?.Header.StartFile ?? 0;
        var newest = _store.Files.Count == 0 ? 0 : _store.Files.Keys[^1];
        long end = 0;
        foreach (var file in _store.Files.Values.ToList())
        {
            if (file.Number < startFile)
            {
                continue;
            }

            var from = file.Number == startFile ? _checkpoint!.Header.StartPosition : file.RecordsStart;
            if (file.Number < newest || file.Disk is null)
            {
                ReplaySealed(file, from);
            }
            else
            {
                end = ReplayNewest(file, from);
            }
        }

        DeleteRetired();
        var appender = Continue(newest, end);
        LogOpened(_store.Logger, _store.Index.Count, _store.Files.Count, ReplayedRecords, _checkpoint is not null);
        return new OpenedStore(_store, appender, ReplayedBytes, ReplayedRecords);
    }

    /// <summary>Adds the files that exist and should; in place of those that should and do not, an empty entry that all reads of their objects run into.</summary>
    private void FindLostFiles()
    {
        foreach (var number in _inventory.Expected)
        {
            var seed = FileHeader.Seed(_store.Identity, number);
            var keys = _inventory.Present.ContainsKey(number) && _inventory.Headers.ContainsKey(number) ? null : KeysOf(number);
            var recordsStart = _inventory.Headers.TryGetValue(number, out var header) ? header.Size
                : _checkpoint?.Header.Files.FirstOrDefault(file => file.Number == number)?.RecordsStart ?? keys?.RecordsStart ?? FileHeader.MinimumSize;
            var disk = _inventory.Present.GetValueOrDefault(number);
            var file = new StoreFile(number, disk, seed, recordsStart);
            _store.Files.Add(number, file);
            if (disk is null || header is null)
            {
                file.IsQuarantined = true;
                _store.Counters.Damages++;
                LogFileDamaged(_store.Logger, file, disk is null ? "is missing" : "has a damaged header");
            }

            if (_inventory.Ends.TryGetValue(number, out var end))
            {
                file.End = end;
            }
        }
    }

    private void LoadCheckpoint()
    {
        if (_checkpoint is not { Header: var header })
        {
            return;
        }

        _store.NextSequence = header.NextSequence;
        _store.UnknownBefore = _store.Options.AcceptUnknownLosses ? default : header.UnknownBefore;
        foreach (var described in header.Files)
        {
            if (!_store.Files.TryGetValue(described.Number, out var file))
            {
                // Retired since.
                continue;
            }

            file.IsQuarantined |= described.IsQuarantined;
            foreach (var (oldest, bytes) in described.Tombstones)
            {
                file.AddTombstone(oldest, bytes);
            }
        }

        _checkpoint.ReadEntries((key, in entry) =>
        {
            var isLost = !_store.Files.TryGetValue(entry.File, out var file) || file.Disk is null;
            if (file is not null)
            {
                file.LiveBytes += RecordHead.RecordBytes(key.Length, entry.Length);
            }

            _store.Counters.DamagedObjects += isLost || entry.IsDamaged ? 1 : 0;
            _store.Index.Set(key, entry with { IsDamaged = isLost || entry.IsDamaged }, out _);
        });
    }

    private void ReplaySealed(StoreFile file, long from)
    {
        var isEndKnown = _inventory.Ends.TryGetValue(file.Number, out var end);
        if (!isEndKnown)
        {
            // The file that would tell is damaged or missing.
            end = Math.Max(file.Disk?.Length ?? from, KeysOf(file.Number)?.DurableEnd ?? from);
        }

        file.End = end;
        ReplayProven(file, from, end);
        if (!isEndKnown && file.Disk is null && KeysOf(file.Number) is null)
        {
            LoseUnknown(file, from, long.MaxValue);
        }
    }

    /// <summary>Replays what had been durable: everything counts, and what cannot be read is damage.</summary>
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

    /// <returns>Where the next record goes.</returns>
    private long ReplayNewest(StoreFile file, long from)
    {
        var keys = KeysOf(file.Number);
        var proven = Math.Max(from, keys?.DurableEnd ?? 0);
        var scanner = new RecordScanner(file.Disk!, file.Seed, from, long.MaxValue);
        while (scanner.Next() is not Scanned.End and var found)
        {
            proven = found == Scanned.Record ? Math.Max(proven, scanner.Header.Durable) : proven;
        }

        ReplayProven(file, from, proven);
        _isNewestDamaged = file.IsQuarantined;
        var end = proven;
        scanner = new RecordScanner(file.Disk!, file.Seed, end, long.MaxValue);
        while (scanner.Next() == Scanned.Record && scanner.IsWhole && scanner.IsValueSound())
        {
            Apply(scanner.Header, scanner.Key, file, isDamaged: false);
            end = scanner.Header.End;
        }

        if (!IsZero(file.Disk!, end))
        {
            LogTailCut(_store.Logger, file, end, file.Disk!.Length - end);
        }

        RewriteUnproven(file, proven, end);
        file.End = end;
        return end;
    }

    // Zeros behind the last record were written ahead and say nothing.
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
    /// Writes again, as they are, the records that nothing vouches for. A sync of them may have failed under the last owner: then the page cache holds them,
    /// the device does not, and another sync alone would not write them. And what is behind them must not come back.
    /// </summary>
    private static void RewriteUnproven(StoreFile file, long from, long to)
    {
        var buffer = new byte[(int)Math.Min(1024 * 1024, to - from)];
        for (var position = from; position < to; position += buffer.Length)
        {
            var part = buffer.AsMemory(0, (int)Math.Min(buffer.Length, to - position));
            Invariant.Check(file.Disk!.Read(part.Span, position) == part.Length);
            file.Disk.Write([part], position);
        }

        if (file.Disk!.Length > to)
        {
            file.Disk.Truncate(to);
        }

        file.Disk.Sync();
    }

    private void Apply(in RecordHead header, ReadOnlySpan<byte> key, StoreFile file, bool isDamaged)
    {
        _store.Apply(header, key, file, isDamaged);
        file.IsQuarantined |= isDamaged;
        ReplayedRecords++;
        ReplayedBytes += header.End - header.Position;
    }

    private KeyFileReader? KeysOf(int number)
    {
        if (!_keyFiles.TryGetValue(number, out var reader))
        {
            var from = _checkpoint?.Header.StartFile == number ? _checkpoint.Header.KeysPosition : 0;
            reader = KeyFileReader.TryOpen(_store.Directory, number, from);
            _keyFiles.Add(number, reader);
        }

        return reader;
    }

    /// <summary>Finishes deletions that were begun, for good reasons only: the file's own retirement is on record, or a newer file's sound header omits it.</summary>
    private void DeleteRetired()
    {
        foreach (var number in _inventory.GivenUp.Union(_store.Retired.Where(_store.Files.ContainsKey)).Where(number => number != _inventory.Newest).ToList())
        {
            if (_store.Files.Remove(number, out var file))
            {
                file.Dispose();
            }

            FileRemoval.Delete(_store.Directory, number);
        }

        _store.Retired.Clear();
        _store.Directory.Sync();
    }

    private FileAppender Continue(int newest, long end)
    {
        if (newest == 0 || _store.Active.Disk is null || _isNewestDamaged)
        {
            var fresh = NewFile.Create(_store);
            _store.Files.Add(fresh.Number, fresh);
            return new FileAppender(_store, fresh, KeyFile.Open(_store, fresh.Number, fresh.RecordsStart, validEnd: 0));
        }

        var file = _store.Active;
        Invariant.Check(file.End == end && end >= file.RecordsStart);
        var keys = KeysOf(newest);
        var appender = new FileAppender(_store, file, KeyFile.Open(_store, newest, file.RecordsStart, keys?.ValidEnd ?? 0));
        var start = _checkpoint?.Header.StartFile == newest ? _checkpoint.Header.StartPosition : file.RecordsStart;
        AddMissingHeads(file, keys is null ? file.RecordsStart : Math.Max(start, keys.DurableEnd), end, appender);
        return appender;
    }

    // The last owner may have ended between a sync and its entry in the file of keys.
    private static void AddMissingHeads(StoreFile file, long from, long to, FileAppender appender)
    {
        var scanner = new RecordScanner(file.Disk!, file.Seed, from, to);
        var head = new byte[RecordHead.Size + Limits.StorageKeyBytes];
        while (from < to && scanner.Next() == Scanned.Record)
        {
            scanner.Header.Write(head, scanner.Key, file.Seed);
            appender.Heads.Add(head.AsSpan(0, RecordHead.Size + scanner.Header.KeyLength));
            from = scanner.Header.End;
        }

        appender.AppendKeys();
    }
}
