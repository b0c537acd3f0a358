using Loire.Storage.Disk;
using Loire.Storage.Format;

namespace Loire.Storage.Objects;

/// <summary>
/// Reclaims the space of store files with few live records: writes their live records again at the end of the log, checkpoints the index,
/// writes a record that retires the file, and then deletes it. A delete is moved as long as an older file may have a put of its key, so
/// nothing reappears even if recovery has only the store files. A damaged file stays.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="commit">Writes records at the end of the log, except those that newer writes have replaced, and returns when they are
/// durable or have failed.</param>
/// <param name="sync">Makes everything that was written durable; needed only with a sync interval.</param>
/// <param name="checkpoint">Writes a checkpoint of the index.</param>
/// <param name="pace">Takes the bytes about to be written, and waits as the bandwidth bound requires.</param>
internal sealed class Reclaimer(ObjectStore store, Action<List<PendingWrite>> commit, Action sync, Action checkpoint, Action<long> pace)
{
    private const long BatchBytes = 1024 * 1024;

    // With so much of the device free, space may be used to write less.
    private const double RoomyShare = 0.25;

    // Moving less than this costs next to nothing.
    private const double EmptyShare = 0.05;
    private readonly List<PendingWrite> _batch = [];

    /// <summary>
    /// The sealed files whose live share is below the option, the emptiest first, and at most as many as fit into one file together:
    /// deleting them early needs less space. As long as the device has room, only those that are all but empty, unless the share of the whole store is below
    /// the option: most objects die soon after their neighbours, as retention goes on, and the later a file is emptied, the fewer are moved.
    /// </summary>
    public List<StoreFile> Candidates()
    {
        var isRoomy = store.Directory.FreeShare >= RoomyShare;
        lock (store.Gate)
        {
            var needed = 0.0;

            // A quota can be exhausted on a device that has room.
            isRoomy &= store.Condition != StoreCondition.Full;
            var share = isRoomy && store.LiveShare >= store.Options.ReclaimLiveShare ? EmptyShare : store.Options.ReclaimLiveShare;
            store.Sparse.RemoveWhere(number => !store.Files.ContainsKey(number));
            return [.. store.Sparse.Select(number => store.Files[number])
                .Where(file => file.LiveShare < share && file != store.Active && !file.IsQuarantined && !store.Retired.Contains(file.Number))
                .Select(file => (File: file, Share: file.NeededShare(store.Files)))
                .Where(candidate => candidate.Share < share)
                .OrderBy(candidate => candidate.Share)
                .ThenBy(candidate => candidate.File.Number)
                .TakeWhile((candidate, i) => (needed += candidate.Share * candidate.File.End) <= store.Options.FileBytes || i == 0)
                .Select(candidate => candidate.File)];
        }
    }

    /// <summary>Moves the live records of files and deletes the emptied files.</summary>
    /// <returns>How many were deleted.</returns>
    public int Reclaim(IReadOnlyList<StoreFile> files)
    {
        var emptied = files.Where(TryEmpty).ToList();
        if (emptied.Count == 0)
        {
            return 0;
        }

        try
        {
            // From here on no checkpoint that recovery could use refers to these files.
            checkpoint();
        }
        catch (DiskException e) when (e.IsFull)
        {
            // The last checkpoint lacks deletes that are removed with these files. Without a checkpoint, recovery reads the store files
            // alone, which are consistent.
            CheckpointWriter.Remove(store);
        }

        var retired = emptied.Where(TryRetire).ToList();
        sync();
        if (store.BrokenBy is not null)
        {
            return 0;
        }

        foreach (var file in retired)
        {
            // No new reader opens the file; a current one finds it closed and looks up the object again.
            file.Dispose();
            FileRemoval.Detach(store.Directory, file.Number);
        }

        store.Directory.Sync();

        // Only now: while a file may reappear after a crash, the deletes that hide its records are needed.
        lock (store.Gate)
        {
            foreach (var file in retired)
            {
                store.Files.Remove(file.Number);
                store.Retired.Remove(file.Number);
            }
        }

        foreach (var file in retired)
        {
            FileRemoval.Release(store.Directory, file.Number, store.Options.ReleaseStepBytes, pace);
            lock (store.Gate)
            {
                store.Counters.BytesReclaimed += file.End;
            }
        }

        return retired.Count;
    }

    private bool TryEmpty(StoreFile file)
    {
        var scanner = new RecordScanner(file.Disk!, file.Seed, file.RecordsStart, file.End);
        var position = file.RecordsStart;
        long bytes = 0;
        while (position < file.End)
        {
            if (scanner.Next() != Scanned.Record)
            {
                // The unreadable part may contain a delete, which recovery may need although the index does not.
                file.IsQuarantined = true;
                store.Counters.Damages++;
                store.LogQuarantined(file.Number, position);
                return false;
            }

            position = scanner.Header.End;
            if (TryMove(file, scanner) is { } move)
            {
                _batch.Add(move);
                bytes += move.RecordBytes;
            }

            if ((bytes >= BatchBytes || position >= file.End) && !TryCommit(ref bytes))
            {
                return false;
            }
        }

        lock (store.Gate)
        {
            return file.LiveBytes == 0 && !file.IsQuarantined;
        }
    }

    private PendingWrite? TryMove(StoreFile file, RecordScanner scanner)
    {
        var header = scanner.Header;
        if (header.Kind == RecordKind.Delete)
        {
            lock (store.Gate)
            {
                return !file.IsDeleteNeeded((int)header.OldestFile, store.Files) ? null
                    : new PendingWrite(RecordKind.Delete, scanner.Key.ToArray(), [], 0, 0)
                    {
                        Sequence = header.Sequence,
                        OldestFile = (int)header.OldestFile,
                        IsMove = true,
                    };
            }
        }

        var key = scanner.Key.ToArray();
        ObjectEntry entry;
        lock (store.Gate)
        {
            if (header.Kind != RecordKind.Put || !store.Index.TryGet(key, out entry) || !entry.IsAt(file.Number, header.Position))
            {
                return null;
            }
        }

        var value = ValueReader.Read(file.Disk!, header.ValuePosition, header.ValueLength, header.ValueCrc, cachedOnly: false, out _);
        if (value is null)
        {
            store.MarkDamaged(key, entry);
            return null;
        }

        return new PendingWrite(RecordKind.Put, key, [value], header.ValueLength, header.ValueCrc)
        {
            Sequence = header.Sequence,
            IsMove = true,
            MovedFrom = (file.Number, header.Position),
        };
    }

    private bool TryCommit(ref long bytes)
    {
        pace(bytes);
        commit(_batch);
        var isDone = _batch.TrueForAll(move => move.Error is null);
        store.Counters.BytesMoved += isDone ? bytes : 0;
        bytes = 0;
        _batch.Clear();
        return isDone;
    }

    private bool TryRetire(StoreFile file)
    {
        List<PendingWrite> retirement = [new PendingWrite(RecordKind.Retire, [], [], 0, 0) { OldestFile = file.Number, IsMove = true }];
        commit(retirement);
        return retirement[0].Error is null;
    }
}
