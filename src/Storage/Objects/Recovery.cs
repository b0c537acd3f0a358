using Loire.Model;
using Loire.Storage.Disk;
using Loire.Storage.Format;
using Microsoft.Extensions.Logging;

namespace Loire.Storage.Objects;

/// <summary>
/// Recovers what the last owner left: the checkpoint, if it is valid, and the records after it (<see cref="Replay"/>); otherwise all
/// records. It deletes only temporary files and store files that are proven to be retired, and a crash at any point leaves a store that
/// recovers to the same state.
/// </summary>
internal sealed partial class Recovery : IDisposable
{
    private readonly ObjectStore _store;
    private readonly StoreInventory _inventory;
    private readonly CheckpointReader? _checkpoint;
    private readonly Replay _replay;

    private Recovery(ObjectStore store, StoreInventory inventory, CheckpointReader? checkpoint)
    {
        (_store, _inventory, _checkpoint) = (store, inventory, checkpoint);
        _replay = new Replay(store, inventory, checkpoint?.Header);
    }

    /// <summary>Opens or creates the store in <paramref name="directory"/>.</summary>
    /// <exception cref="InvalidDataException">The directory holds files that do not belong together.</exception>
    public static OpenedStore Open(IStoreDirectory directory, FileStoreOptions options, ILogger logger)
    {
        DeleteTemporaries(directory);
        using var checkpoint = CheckpointReader.TryOpen(directory, out var isDamaged);
        var inventory = StoreInventory.Take(directory, checkpoint?.Header);
        var store = new ObjectStore(directory, inventory.Store ?? Guid.NewGuid(), options, logger);
        if (isDamaged)
        {
            store.Counters.Damages++;
            LogCheckpointDamaged(logger);
        }

        using var recovery = new Recovery(store, inventory, checkpoint);
        try
        {
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
            // Abandoned files that never became part of the store.
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
            if (FileNames.IsTemporary(name))
            {
                directory.Delete(name);
            }
        }
    }

    private OpenedStore Run()
    {
        AddFiles();
        LoadCheckpoint();
        var startFile = _checkpoint?.Header.StartFile ?? 0;
        var newest = _store.Files.Count == 0 ? 0 : _store.Files.Keys[^1];
        long end = 0;
        foreach (var file in _store.Files.Values.Where(file => file.Number >= startFile).ToList())
        {
            var from = file.Number == startFile ? _checkpoint!.Header.StartPosition : file.RecordsStart;
            if (file.Number < newest || file.Disk is null)
            {
                _replay.ReplaySealed(file, from);
            }
            else
            {
                end = _replay.ReplayNewest(file, from);
            }
        }

        DeleteRetired();
        var appender = Continue(newest, end);
        LogOpened(_store.Logger, _store.Index.Count, _store.Files.Count, _replay.Records, _checkpoint is not null);
        return new OpenedStore(_store, appender, _replay.Bytes, _replay.Records);
    }

    /// <summary>
    /// Adds the files that should exist. A missing one becomes an entry without a file, so that reads of its objects fail.
    /// </summary>
    private void AddFiles()
    {
        foreach (var number in _inventory.Expected)
        {
            var disk = _inventory.Present.GetValueOrDefault(number);
            var header = _inventory.Headers.GetValueOrDefault(number);
            var file = new StoreFile(number, disk, FileHeader.Seed(_store.Identity, number), RecordsStart(number, header));
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

    private long RecordsStart(int number, FileHeader? header)
        => header?.Size
            ?? _checkpoint?.Header.Files.FirstOrDefault(file => file.Number == number)?.RecordsStart
            ?? _replay.KeysOf(number)?.RecordsStart
            ?? FileHeader.MinimumSize;

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
            // A file that no longer exists has been retired since.
            if (_store.Files.TryGetValue(described.Number, out var file))
            {
                file.IsQuarantined |= described.IsQuarantined;
                foreach (var (oldest, bytes) in described.Tombstones)
                {
                    file.AddTombstone(oldest, bytes);
                }
            }
        }

        _checkpoint.ReadEntries((key, in entry) =>
        {
            var isLost = !_store.Files.TryGetValue(entry.File, out var file) || file.Disk is null;
            _store.Restore(key, entry with { IsDamaged = isLost || entry.IsDamaged });
        });
    }

    /// <summary>
    /// Completes interrupted deletions: a record retires the file, or a newer file's valid header omits it.
    /// </summary>
    private void DeleteRetired()
    {
        var retired = _inventory.GivenUp.Union(_store.Retired.Where(_store.Files.ContainsKey)).Where(number => number != _inventory.Newest);
        foreach (var number in retired.ToList())
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
        foreach (var known in _store.Files.Values)
        {
            _store.Weigh(known);
        }

        if (newest == 0 || _store.Active.IsQuarantined)
        {
            var fresh = NewFile.Create(_store);
            _store.Files.Add(fresh.Number, fresh);
            return new FileAppender(_store, fresh, KeyFile.Open(_store, fresh.Number, fresh.RecordsStart, validEnd: 0));
        }

        var file = _store.Active;
        Invariant.Check(file.End == end && end >= file.RecordsStart, "The log goes on where the newest file's records end.");
        var keys = _replay.KeysOf(newest);
        var appender = new FileAppender(_store, file, KeyFile.Open(_store, newest, file.RecordsStart, keys?.ValidEnd ?? 0));
        var start = _checkpoint?.Header.StartFile == newest ? _checkpoint.Header.StartPosition : file.RecordsStart;
        AddMissingHeads(file, keys is null ? file.RecordsStart : Math.Max(start, keys.DurableEnd), end, appender);
        return appender;
    }

    // The last owner may have stopped between a sync and its entry in the file of keys.
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

    [LoggerMessage(
        LogLevel.Information,
        "The store is open: {Objects} objects in {Files} files; {Records} records replayed, checkpoint used: {FromCheckpoint}.")]
    private static partial void LogOpened(ILogger logger, int objects, int files, long records, bool fromCheckpoint);

    [LoggerMessage(
        LogLevel.Warning,
        "The checkpoint of the index is damaged; all store files are scanned instead. Nothing is lost by that.")]
    private static partial void LogCheckpointDamaged(ILogger logger);

    [LoggerMessage(LogLevel.Error, "{File} {Damage}. Its objects are refused unless a later record replaced them.")]
    private static partial void LogFileDamaged(ILogger logger, StoreFile file, string damage);
}
