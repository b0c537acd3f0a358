using Loire.Log;
using Loire.Model;
using Loire.Storage.Disk;
using Loire.Storage.Format;

namespace Loire.Storage.Objects;

/// <summary>
/// Appends groups of records to the newest store file, one group at a time: one gathered write, one sync, then the records count. Used by
/// one thread at a time.
/// <para>
/// No space (found out while room is allocated, a file is begun or the group is written): the group is refused. If any of its bytes may
/// have reached the file, they are cut off and the cut is made durable before anybody hears of the refusal, so that refused records cannot
/// come back. Deletes may use a reserve.
/// </para>
/// <para>Any other failure, and every failure of a sync: the outcome is unknown, and the store is broken for good.</para>
/// </summary>
internal sealed class StoreWriter(ObjectStore store, FileAppender appender) : IDisposable
{
    private readonly GroupEncoder _encoder = new();
    private readonly List<PendingWrite> _deletes = [];

    /// <summary>Whether records were written that no sync has covered yet; only with a sync interval.</summary>
    public bool IsSyncDue => appender.Synced < appender.End;

    /// <summary>Whether so many records wait for a sync that it should not wait for its time.</summary>
    public bool IsSyncUrgent => appender.Heads.Length > 16 * 1024 * 1024;

    /// <summary>
    /// Writes a group, makes it durable and visible, and sets <see cref="PendingWrite.Error"/> of the writes that failed. Never throws for
    /// the environment's sake.
    /// </summary>
    public void Commit(List<PendingWrite> group)
    {
        if (store.BrokenBy is { } reason)
        {
            Fail(group, new StorageBrokenException($"The store takes no writes any more: {reason.Message}", reason));
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
            // Whatever it was, nothing is known about the group, and going on could only make it worse. Nothing is swallowed: the store
            // keeps and shows the reason.
            store.Break(e);
            Fail(group, new StorageBrokenException($"The outcome of this write is unknown, and the store takes no more: {e.Message}", e));
        }
    }

    /// <summary>
    /// Repeats the heads of what has become durable in the file of keys, and prepares the file for the next group. Nobody waits for this.
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
        _encoder.Encode(group, appender.End, appender.Synced, appender.File.Seed, appender.Heads);
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
