using Loire.Storage.Disk;

namespace Loire.Storage.Objects;

/// <summary>
/// The end of the newest store file: allocates space for the next group, writes it, syncs, and starts the next file. Bytes before
/// <see cref="Synced"/> are durable, bytes from <see cref="End"/> on are not part of the log.
/// <code>
///   records | records not synced | zeros written ahead | room allocated | the reserve, for deletes only |
///         Synced                End                  zeroed                                           allocated
/// </code>
/// </summary>
internal sealed class FileAppender : IDisposable
{
    private const int Block = 4096;
    private static readonly byte[] _zeros = new byte[64 * 1024];
    private readonly ObjectStore _store;
    private readonly ReadOnlyMemory<byte>[] _onePiece = new ReadOnlyMemory<byte>[1];
    private readonly List<ReadOnlyMemory<byte>> _zeroPieces = [];
    private KeyFile _keys;
    private IStoreFile _disk;
    private long _zeroed;
    private long _allocated;
    private bool _canAllocate = true;
    private long _lastGroup;

    /// <summary>Continues <paramref name="file"/> after its last record.</summary>
    public FileAppender(ObjectStore store, StoreFile file, KeyFile keys)
    {
        (_store, File, _keys, _disk) = (store, file, keys, file.Disk!);
        End = Synced = _zeroed = file.End;
        _allocated = Math.Max(End, file.AllocatedEnd);

        // Allocates the reserve if possible; otherwise the first write fails.
        TryAllocate(End, mayUseReserve: false);
    }

    /// <summary>The newest store file.</summary>
    public StoreFile File { get; private set; }

    /// <summary>The position of the next record.</summary>
    public long End { get; private set; }

    /// <summary>The position before which everything is durable.</summary>
    public long Synced { get; private set; }

    /// <summary>The position of the next block in the file of keys of the newest store file. The gate must be held.</summary>
    public long KeysEnd => _keys.End;

    /// <summary>The heads of records that are not in the file of keys yet.</summary>
    public HeadBuffer Heads { get; } = new();

    /// <summary>Ensures that a group fits after <see cref="End"/>, in this file or in a new one.</summary>
    /// <returns>Null, or the reason if the device has no space. Any other failure is thrown.</returns>
    public DiskException? TryMakeRoom(long bytes, bool mayUseReserve)
    {
        if (End + bytes > _store.Options.FileBytes && End > File.RecordsStart && TryRoll() is { } full && !mayUseReserve)
        {
            return full;
        }

        return TryAllocate(End + bytes, mayUseReserve);
    }

    /// <summary>Writes the pieces of a group after <see cref="End"/>.</summary>
    /// <returns>Null, or the reason if the device has no space and nothing of the group is stored. Any other failure is
    /// thrown.</returns>
    public DiskException? TryWrite(IReadOnlyList<ReadOnlyMemory<byte>> pieces, long bytes)
    {
        try
        {
            _disk.Write(pieces, End);
        }
        catch (DiskException e) when (e.IsFull)
        {
            Trim();
            Sync();
            return e;
        }

        End += bytes;
        _lastGroup = bytes;
        return null;
    }

    /// <summary>Makes everything before <see cref="End"/> durable.</summary>
    public void Sync()
    {
        _disk.Sync();
        _store.Counters.Syncs++;
        Synced = End;
    }

    /// <summary>Writes <see cref="Heads"/> to the file of keys; their records are durable.</summary>
    public void AppendKeys()
    {
        if (Heads.Length > 0)
        {
            _keys.Append(Heads.Take(Synced, File.Seed));
        }
    }

    /// <summary>
    /// Writes zeros behind the last record when groups are small: a synced write to blocks that were written before needs no change of the
    /// file's metadata and takes about half the time.
    /// </summary>
    public void ZeroAhead()
    {
        var ahead = _store.Options.ZeroAheadBytes;
        var small = _lastGroup <= ahead / 16;
        var start = Math.Max(_zeroed, End);
        var end = (End + ahead) / Block * Block;
        var isWorthIt = small && start - End <= ahead / 4 && end > start && end <= _store.Options.FileBytes;
        if (!isWorthIt || TryAllocate(end, mayUseReserve: false) is not null)
        {
            return;
        }

        _zeroPieces.Clear();
        for (var position = start; position < end;)
        {
            var length = (int)Math.Min(_zeros.Length - (position % _zeros.Length), end - position);
            _zeroPieces.Add(_zeros.AsMemory(0, length));
            position += length;
        }

        try
        {
            _disk.Write(_zeroPieces, start);
        }
        catch (DiskException e) when (e.IsFull)
        {
            // Zeros after the end are ignored, so they may stay.
            return;
        }

        _disk.Sync();
        _zeroed = end;
    }

    /// <summary>Releases the space after the last record.</summary>
    public void Trim()
    {
        _disk.Truncate(End);
        (_zeroed, _allocated) = (End, End);
    }

    public void Dispose() => _keys.Dispose();

    private DiskException? TryAllocate(long end, bool mayUseReserve)
    {
        end += mayUseReserve ? 0 : _store.Options.ReserveBytes;
        if (!_canAllocate || end <= _allocated)
        {
            return null;
        }

        try
        {
            var step = Math.Max(end, Math.Min(end + _store.Options.AllocationStep, _store.Options.FileBytes + _store.Options.ReserveBytes));
            _canAllocate = _disk.TryAllocate(_allocated, step);
            _allocated = step;
            return null;
        }
        catch (DiskException e) when (e.IsFull)
        {
        }

        // A full step no longer fits; the space needed now may.
        try
        {
            _canAllocate = _disk.TryAllocate(_allocated, end);
            _allocated = end;
            return null;
        }
        catch (DiskException e) when (e.IsFull)
        {
            return e;
        }
    }

    /// <summary>Seals the file and starts the next one, which lists it and its end.</summary>
    private DiskException? TryRoll()
    {
        if (Synced < End)
        {
            Sync();
        }

        AppendKeys();
        StoreFile next;
        try
        {
            next = NewFile.Create(_store);
        }
        catch (DiskException e) when (e.IsFull)
        {
            return e;
        }

        var (sealedFile, end, sealedKeys) = (_disk, End, _keys);
        var keys = KeyFile.Open(_store, next.Number, next.RecordsStart, validEnd: 0);
        lock (_store.Gate)
        {
            _store.Files.Add(next.Number, next);
            _store.Weigh(File);
            _keys = keys;
        }

        (File, _disk) = (next, next.Disk!);
        End = Synced = _zeroed = next.End;
        _allocated = Math.Max(End, next.AllocatedEnd);
        sealedKeys.Dispose();
        sealedFile.Truncate(end);
        return null;
    }
}
