using Loire.Log;
using Loire.Model;
using Loire.Storage.Disk;
using Loire.Storage.Format;

namespace Loire.Storage.Objects;

/// <summary>
/// Appends groups of records to the newest store file, one group at a time: one gathered write, one sync, then the index is updated. Used
/// by one thread at a time.
/// <para>
/// No space (while allocating, creating a file or writing the group): the group is refused. If any of its bytes may have reached the file,
/// the file is truncated durably before the refusal is reported, so that refused records cannot reappear. Deletes may use a reserve.
/// </para>
/// <para>Any other failure, and every failure of a sync: the outcome is unknown, and the store stays broken.</para>
/// </summary>
internal sealed class StoreWriter(ObjectStore store, FileAppender appender) : IDisposable
{
    private readonly GroupEncoder _encoder = new();
    private readonly List<PendingWrite> _deletes = [];

    /// <summary>Whether written records are not synced yet; only with a sync interval.</summary>
    public bool IsSyncDue => appender.Synced < appender.End;

    /// <summary>Whether so many records are not synced that the sync should not wait for its interval.</summary>
    public bool IsSyncUrgent => appender.Heads.Length > 16 * 1024 * 1024;

    /// <summary>
    /// Writes a group, makes it durable and visible, and sets <see cref="PendingWrite.Error"/> of failed writes. Failures of the
    /// environment are never thrown.
    /// </summary>
    public void Commit(List<PendingWrite> group)
    {
        if (store.BrokenBy is { } reason)
        {
            Fail(group, new StorageBrokenException($"The store accepts no more writes: {reason.Message}", reason));
            return;
        }

        try
        {
            if (TryAppend(group, mayUseReserve: false) is not { } full)
            {
                store.SetFull(null);
                return;
            }

            store.SetFull(full.Message);
            RefuseAllButDeletes(group, full);
        }
        catch (Exception e)
        {
            // The outcome of the group is unknown, whatever the exception, so the store must stop writing. It keeps and reports the
            // reason.
            store.Break(e);
            Fail(group, new StorageBrokenException($"The outcome of this write is unknown, and the store accepts no more: {e.Message}", e));
        }
    }

    /// <summary>
    /// Copies the heads of durable records to the file of keys, and prepares the store file for the next group. No write waits for this.
    /// </summary>
    /// <param name="isIdle">Whether no other group is waiting.</param>
    public void TidyUp(bool isIdle)
    {
        if (store.BrokenBy is not null)
        {
            return;
        }

        try
        {
            if (!IsSyncDue)
            {
                appender.AppendKeys();
            }

            if (isIdle && store.Options.SyncInterval is null)
            {
                appender.ZeroAhead();
            }
        }
        catch (Exception e)
        {
            store.Break(e);
        }
    }

    /// <summary>Makes everything that was written durable.</summary>
    public void Sync()
    {
        if (store.BrokenBy is not null || !IsSyncDue)
        {
            return;
        }

        try
        {
            appender.Sync();
        }
        catch (Exception e)
        {
            store.Break(e);
            return;
        }

        TidyUp(isIdle: false);
    }

    public void Dispose() => appender.Dispose();

    private static void Fail(List<PendingWrite> group, Exception reason)
    {
        foreach (var write in group)
        {
            write.Error ??= reason;
        }
    }

    private void RefuseAllButDeletes(List<PendingWrite> group, DiskException full)
    {
        _deletes.Clear();
        foreach (var write in group)
        {
            if (write.Kind == RecordKind.Put)
            {
                Refuse(write, full);
            }
            else
            {
                _deletes.Add(write);
            }
        }

        if (_deletes.Count > 0 && TryAppend(_deletes, mayUseReserve: true) is { } still)
        {
            foreach (var write in _deletes)
            {
                Refuse(write, still);
            }
        }
    }

    private void Refuse(PendingWrite write, DiskException full)
    {
        write.Error = new StorageFullException($"The device has no space left for this write: {full.Message}", full);
        store.Counters.RefusedWrites++;
    }

    /// <returns>Null if the group is durable; the reason if there was no space and nothing of it is stored.</returns>
    private DiskException? TryAppend(List<PendingWrite> group, bool mayUseReserve)
    {
        long bytes = 0;
        foreach (var write in group)
        {
            bytes += write.RecordBytes;
        }

        if (appender.TryMakeRoom(bytes, mayUseReserve) is { } full)
        {
            return full;
        }

        var collected = appender.Heads.Length;
        try
        {
            _encoder.Encode(group, appender.End, appender.Synced, appender.File.Seed, appender.Heads);
        }
        catch (OutOfMemoryException)
        {
            // Nothing has reached the file, so the outcome is known, and the store need not break.
            appender.Heads.DiscardFrom(collected);
            return new DiskException("There is no memory left to encode the records.");
        }

        if (appender.TryWrite(_encoder.Pieces, bytes) is { } refused)
        {
            appender.Heads.DiscardFrom(collected);
            return refused;
        }

        if (store.Options.SyncInterval is null)
        {
            appender.Sync();
        }

        Show(group, bytes);
        return null;
    }

    private void Show(List<PendingWrite> group, long bytes)
    {
        var headers = _encoder.Headers;
        lock (store.Gate)
        {
            for (var i = 0; i < group.Count; i++)
            {
                store.Apply(headers[i], group[i].Key, appender.File);
            }

            appender.File.End = appender.End;
            Invariant.Check(headers[^1].End == appender.End, "The last record of a group ends where the next group will start.");
        }

        store.Counters.Groups++;
        store.Counters.Records += group.Count;
        store.Counters.BytesWritten += bytes;
    }
}
