using Loire.Log;
using Loire.Model;
using Loire.Model.Memory;
using Loire.Storage.Format;

namespace Loire.Storage.Objects;

/// <summary>The outcome of submitting a write.</summary>
internal enum WriteAdmission
{
    /// <summary>The write is queued; its task has the outcome.</summary>
    Queued,

    /// <summary>Another write of the key is in flight and is decided first.</summary>
    Busy,

    /// <summary>The stored version is not the one that the write requires.</summary>
    Conflict,

    /// <summary>A delete of an absent object: there is nothing to do.</summary>
    Nothing,
}

/// <summary>
/// The writes that wait for the next group, in order of submission. A key has at most one write in flight, so each is decided against the
/// durable version, and no caller sees a version that a crash could still revert. Bounded in bytes: a writer reserves room first, in order
/// of arrival, and is refused if it finds none in time.
/// </summary>
internal sealed class WriteQueue(ObjectStore store, TimeProvider time, Action wake)
{
    private readonly Dictionary<byte[], PendingWrite> _underWay = new(StoreKeyComparer.Instance);
    private readonly Queue<PendingWrite> _queued = [];
    private readonly MemoryQuota _room = new(store.Options.PendingBytes);
    private readonly CancellationTokenSource _closing = new();
    private volatile int _queuedCount;
    private volatile bool _isClosed;

    /// <summary>Bytes of writes that are queued, in flight, or about to be submitted.</summary>
    public long ReservedBytes => _room.TakenBytes;

    /// <summary>Whether a group is waiting.</summary>
    public bool HasQueued => _queuedCount > 0;

    /// <summary>Reserves room, in order of arrival. The caller then submits a write or frees the room with <see cref="Release"/>.</summary>
    /// <exception cref="StorageOverloadedException">There was no room within <see cref="FileStoreOptions.RoomWait"/>.</exception>
    public async ValueTask ReserveAsync(long bytes)
    {
        ThrowIfClosed();
        try
        {
            if (await _room.TakeAsync(bytes, store.Options.RoomWait, time, _closing.Token).ConfigureAwait(false))
            {
                return;
            }
        }
        catch (OperationCanceledException)
        {
            ThrowIfClosed();
            throw;
        }

        throw new StorageOverloadedException(
            $"The device is too slow: {_room.CapacityBytes} bytes of earlier writes were still pending after {store.Options.RoomWait.TotalSeconds} s.");
    }

    /// <summary>Frees reserved room.</summary>
    public void Release(long bytes) => _room.Return(bytes);

    /// <summary>Queues a write if its condition holds.</summary>
    /// <param name="write">A put or delete for which room is reserved.</param>
    /// <param name="expected">The sequence number that the stored version must have; 0 if there must be none.</param>
    /// <param name="other">The write to wait for, if busy.</param>
    /// <param name="stored">In a conflict, the stored version; 0 if there is none.</param>
    /// <exception cref="StorageBrokenException">The store accepts no more writes.</exception>
    /// <exception cref="StorageDamagedException">Damage hides whether the key exists.</exception>
    public WriteAdmission TrySubmit(PendingWrite write, ulong expected, out Task? other, out ulong stored)
    {
        other = null;
        stored = 0;
        lock (store.Gate)
        {
            ThrowIfClosed();
            if (store.BrokenBy is { } reason)
            {
                throw new StorageBrokenException($"The store accepts no more writes: {reason.Message}", reason);
            }

            if (_underWay.TryGetValue(write.Key, out var first))
            {
                other = first.Task;
                return WriteAdmission.Busy;
            }

            var exists = store.TryFind(write.Key, out var entry);
            stored = exists ? entry.Sequence : 0;
            if (stored != expected)
            {
                return WriteAdmission.Conflict;
            }

            if (!exists && write.Kind == RecordKind.Delete)
            {
                return WriteAdmission.Nothing;
            }

            write.Sequence = store.NextSequence++;
            write.OldestFile = write.Kind == RecordKind.Delete ? entry.OldestFile : 0;
            _underWay.Add(write.Key, write);
            _queued.Enqueue(write);
            _queuedCount++;
        }

        wake();
        return WriteAdmission.Queued;
    }

    /// <summary>
    /// Queues records that reclaiming moves or adds, except those that a write has replaced, whose tasks complete at once.
    /// </summary>
    public void SubmitMoves(List<PendingWrite> moves)
    {
        lock (store.Gate)
        {
            foreach (var move in moves)
            {
                if (_isClosed || (move.Kind == RecordKind.Put && !IsStillNeeded(move)))
                {
                    move.TrySetResult();
                    continue;
                }

                _room.Take(move.RecordBytes);
                _queued.Enqueue(move);
                _queuedCount++;
            }
        }

        wake();
    }

    /// <summary>Takes the next group, in order.</summary>
    /// <param name="group">An empty list that receives the writes.</param>
    /// <param name="maxBytes">Bytes of records in a group, unless a single one is larger.</param>
    public bool TryTake(List<PendingWrite> group, long maxBytes)
    {
        lock (store.Gate)
        {
            long bytes = 0;
            while (_queued.TryPeek(out var next) && (group.Count == 0 || bytes + next.RecordBytes <= maxBytes))
            {
                bytes += next.RecordBytes;
                group.Add(_queued.Dequeue());
                _queuedCount--;
            }
        }

        return group.Count > 0;
    }

    /// <summary>Completes the tasks of a group that was committed or refused.</summary>
    public void Complete(List<PendingWrite> group)
    {
        lock (store.Gate)
        {
            foreach (var write in group)
            {
                if (!write.IsMove)
                {
                    Invariant.Check(_underWay.Remove(write.Key), "A write that ends was under way.");
                }

                Release(write.RecordBytes);
            }
        }

        foreach (var write in group)
        {
            if (write.Error is null)
            {
                write.SetResult();
            }
            else
            {
                write.SetException(write.Error);
            }
        }
    }

    /// <summary>Rejects further writes; queued ones are still written.</summary>
    public void Close()
    {
        lock (store.Gate)
        {
            _isClosed = true;
        }

        _closing.Cancel();
    }

    private bool IsStillNeeded(PendingWrite move)
        => !_underWay.ContainsKey(move.Key)
            && store.Index.TryGet(move.Key, out var entry)
            && entry.IsAt(move.MovedFrom.File, move.MovedFrom.Position);

    private void ThrowIfClosed() => ObjectDisposedException.ThrowIf(_isClosed, store);
}
