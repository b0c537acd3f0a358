using Loire.Log;
using Loire.Model;
using Loire.Storage.Disk;
using Loire.Storage.Format;
using Microsoft.Extensions.Logging;

namespace Loire.Storage.Objects;

/// <summary>
/// The state of a store: its files, the index over them, and its condition. Guarded by <see cref="Gate"/>, which is never held during I/O.
/// The index contains only durable records. In the order of the log (file number, then position) the versions of one key never decrease, so
/// the last record wins, live and in recovery alike.
/// </summary>
internal sealed partial class ObjectStore(IStoreDirectory directory, Guid identity, FileStoreOptions options, ILogger logger) : IDisposable
{
    /// <summary>Guards all state of the store.</summary>
    public Lock Gate { get; } = new();

    public IStoreDirectory Directory => directory;

    /// <summary>The random identity of the store, created with it.</summary>
    public Guid Identity => identity;

    public FileStoreOptions Options => options;

    public ILogger Logger => logger;

    public ObjectIndex Index { get; } = new();

    /// <summary>The files by number; the last one is the newest.</summary>
    public SortedList<int, StoreFile> Files { get; } = [];

    public StoreFile Active => Files.GetValueAtIndex(Files.Count - 1);

    /// <summary>Files without live records that are being deleted.</summary>
    public HashSet<int> Retired { get; } = [];

    /// <summary>
    /// The files of which so little is in use that rewriting them may pay, so that a search for such files does not look at all others. Some may be
    /// gone.
    /// </summary>
    public HashSet<int> Sparse { get; } = [];

    /// <summary>The number of the next put or delete.</summary>
    public ulong NextSequence { get; set; } = 1;

    /// <summary>
    /// The position in the log before which records of unknown keys were lost: a key without a later record may be one of them. Zero if
    /// there is no such damage.
    /// </summary>
    public (int File, long Position) UnknownBefore { get; set; }

    public StoreCounters Counters { get; } = new();

    /// <summary>Whether the store is closed.</summary>
    public bool IsClosed { get; set; }

    public StoreCondition Condition { get; private set; }

    /// <summary>Why <see cref="Condition"/> is not Ok.</summary>
    public string? Reason { get; private set; }

    public Exception? BrokenBy { get; private set; }

    /// <summary>The share of all files that the index points to. The gate must be held.</summary>
    public double LiveShare
    {
        get
        {
            var (live, bytes) = (0L, 0L);
            foreach (var file in Files.Values)
            {
                live += file.LiveBytes;
                bytes += file.End - file.RecordsStart;
            }

            return bytes == 0 ? 1 : (double)live / bytes;
        }
    }

    /// <summary>
    /// Adds an entry of the checkpoint. A key that was deleted and put again while the checkpoint was written may have two of them; the
    /// second is the newer one.
    /// </summary>
    public void Restore(ReadOnlySpan<byte> key, in ObjectEntry entry)
    {
        if (Files.TryGetValue(entry.File, out var file))
        {
            file.LiveBytes += RecordHead.RecordBytes(key.Length, entry.Length);
        }

        Counters.DamagedObjects += entry.IsDamaged ? 1 : 0;
        if (Index.Set(key, entry, out var previous))
        {
            Forget(previous, key.Length);
        }
    }

    /// <summary>
    /// Applies a durable record to the index, for live writes and for replay alike, where a record may be older than the entry from the
    /// checkpoint.
    /// </summary>
    public void Apply(in RecordHead header, ReadOnlySpan<byte> key, StoreFile file, bool isDamaged = false)
    {
        NextSequence = Math.Max(NextSequence, header.Sequence + 1);
        switch (header.Kind)
        {
            case RecordKind.Put:
                var known = Index.TryGet(key, out var entry);
                if (known && entry.Sequence > header.Sequence)
                {
                    break;
                }

                var oldest = known ? Math.Min(entry.OldestFile, file.Number) : file.Number;
                var put = new ObjectEntry(
                    header.Sequence, file.Number, header.Position, header.ValueLength, header.ValueCrc, oldest, isDamaged);
                Index.Set(key, put, out _);
                file.LiveBytes += header.End - header.Position;
                Counters.DamagedObjects += isDamaged ? 1 : 0;
                if (known)
                {
                    Forget(entry, key.Length);
                }

                break;
            case RecordKind.Delete:
                file.AddTombstone((int)header.OldestFile, header.End - header.Position);
                if (Index.TryGet(key, out entry) && entry.Sequence < header.Sequence)
                {
                    Index.Remove(key, out _);
                    Forget(entry, key.Length);
                }

                break;
            case RecordKind.Retire:
                Retired.Add((int)header.OldestFile);
                break;
        }
    }

    /// <summary>Adds a file to <see cref="Sparse"/> if it belongs there: after some of it fell out of use, or when nothing more is added to it.</summary>
    public void Weigh(StoreFile file)
    {
        if (file.LiveShare < options.ReclaimLiveShare)
        {
            Sparse.Add(file.Number);
        }
    }

    /// <summary>Looks up a key. The gate must be held.</summary>
    /// <exception cref="StorageDamagedException">Damage hides the newest version.</exception>
    public bool TryFind(ReadOnlySpan<byte> key, out ObjectEntry entry)
    {
        var found = Index.TryGet(key, out entry);
        if (UnknownBefore.File != 0 && (!found || (entry.File, entry.Position).CompareTo(UnknownBefore) < 0))
        {
            throw new StorageDamagedException(
                "Damage has lost records of unknown keys, and this object has no later record: its newest version may be lost.");
        }

        return found;
    }

    /// <summary>Marks the value of a key as unreadable, if the given record is still the newest.</summary>
    public void MarkDamaged(ReadOnlySpan<byte> key, in ObjectEntry damaged)
    {
        lock (Gate)
        {
            if (!Index.TryGet(key, out var entry) || entry.IsDamaged || !entry.IsAt(damaged.File, damaged.Position))
            {
                return;
            }

            Index.Set(key, entry with { IsDamaged = true }, out _);
            Counters.DamagedObjects++;
            if (Files.TryGetValue(entry.File, out var file))
            {
                file.IsQuarantined = true;
            }
        }

        LogDamagedObject(damaged.File, damaged.Position, damaged.Sequence);
    }

    /// <summary>Stops all writes permanently.</summary>
    public void Break(Exception reason)
    {
        lock (Gate)
        {
            if (Condition == StoreCondition.Broken)
            {
                return;
            }

            (Condition, Reason, BrokenBy) = (StoreCondition.Broken, reason.Message, reason);
        }

        LogBroken(reason);
    }

    /// <summary>Records that the device has no space, or has space again.</summary>
    public void SetFull(string? reason)
    {
        lock (Gate)
        {
            if (Condition == StoreCondition.Broken || Condition == (reason is null ? StoreCondition.Ok : StoreCondition.Full))
            {
                return;
            }

            (Condition, Reason) = (reason is null ? StoreCondition.Ok : StoreCondition.Full, reason);
        }

        if (reason is null)
        {
            LogSpaceAgain();
        }
        else
        {
            LogFull(reason);
        }
    }

    public void Dispose()
    {
        foreach (var file in Files.Values)
        {
            file.Dispose();
        }

        directory.Dispose();
    }

    private void Forget(in ObjectEntry entry, int keyLength)
    {
        Counters.DamagedObjects -= entry.IsDamaged ? 1 : 0;
        if (Files.TryGetValue(entry.File, out var file))
        {
            file.LiveBytes -= RecordHead.RecordBytes(keyLength, entry.Length);
            Invariant.Check(file.LiveBytes >= 0, "A store file has no less than nothing in use.");
            Weigh(file);
        }
    }
}
