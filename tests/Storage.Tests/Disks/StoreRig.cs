using Loire.Model.Batches;
using Loire.Storage.Disk;
using Loire.Storage.Format;
using Loire.Storage.Objects;
using Microsoft.Extensions.Logging.Abstractions;
using RecoveryOfStore = Loire.Storage.Objects.Recovery;

namespace Loire.Storage.Tests.Disks;

/// <summary>The store without its threads: the test decides when groups are committed and when the maintenance's work is done.</summary>
internal sealed class StoreRig : IDisposable
{
    private readonly FileAppender _appender;
    private readonly StoreWriter _writer;
    private readonly WriteQueue _queue;
    private readonly ObjectReader _reader;
    private readonly List<PendingWrite> _group = [];

    private StoreRig(OpenedStore opened)
    {
        (Store, _appender) = (opened.Store, opened.Appender);
        _writer = new StoreWriter(Store, _appender);
        _queue = new WriteQueue(Store, TimeProvider.System, () => { });
        _reader = new ObjectReader(Store);
    }

    public ObjectStore Store { get; }

    /// <summary>Options that make files roll, checkpoints happen and allocation steps end within a few writes.</summary>
    public static FileStoreOptions SmallOptions(TimeSpan? syncInterval = null, long reserveBytes = 1024) => new()
    {
        Directory = "memory",
        FileBytes = 8 * 1024,
        ReclaimLiveShare = 0.6,
        SyncInterval = syncInterval,
        AllocationStep = 4 * 1024,
        ReserveBytes = reserveBytes,
        ZeroAheadBytes = 1024,
        GroupBytes = 4 * 1024,
        ReleaseStepBytes = 3 * 1024,
    };

    public static StoreRig Open(IStoreDirectory disk, FileStoreOptions? options = null)
        => new(RecoveryOfStore.Open(disk, options ?? SmallOptions(), NullLogger.Instance));

    public static byte[] Key(string key) => StoreKey.Encode("s", GrainId.Create("t", key));

    /// <summary>Submits a put; null if its condition does not hold.</summary>
    public PendingWrite? Put(string key, byte[] value, ulong expected)
        => Submit(new PendingWrite(RecordKind.Put, Key(key), [value], (uint)value.Length, Crc32C.Compute(value)), expected);

    /// <summary>Submits a delete; null if its condition does not hold or there is nothing to delete.</summary>
    public PendingWrite? Delete(string key, ulong expected) => Submit(new PendingWrite(RecordKind.Delete, Key(key), [], 0, 0), expected);

    /// <summary>Commits everything that is queued, at most <paramref name="groups"/> groups.</summary>
    public void Commit(int groups = int.MaxValue)
    {
        for (var i = 0; i < groups; i++)
        {
            _group.Clear();
            if (!_queue.TryTake(_group, Store.Options.GroupBytes))
            {
                return;
            }

            _writer.Commit(_group);
            _queue.Complete(_group);
            if (Store.BrokenBy is SimulatedCrashException crash)
            {
                throw crash;
            }

            _writer.TidyUp(isIdle: !_queue.HasQueued);
            if (Store.BrokenBy is SimulatedCrashException later)
            {
                throw later;
            }
        }
    }

    /// <summary>Syncs what was not synced yet, with a sync interval.</summary>
    public void Sync()
    {
        _writer.Sync();
        if (Store.BrokenBy is SimulatedCrashException crash)
        {
            throw crash;
        }
    }

    /// <summary>Writes a checkpoint; a failure has the effect that it has for the maintenance.</summary>
    /// <param name="pace">Invoked between the slices of the index, while other writes are possible.</param>
    public void Checkpoint(Action<long>? pace = null) => Keep(() => WriteCheckpoint(pace));

    /// <summary>Empties and deletes every file that has too little of use; a failure has the effect that it has for the maintenance.</summary>
    public void Reclaim() => Keep(() => ReclaimNow());

    /// <summary>The same, and a failure is thrown.</summary>
    public int ReclaimNow()
    {
        var reclaimer = new Reclaimer(
            Store,
            moves =>
            {
                _queue.SubmitMoves(moves);
                Commit();
            },
            Sync,
            () => WriteCheckpoint(),
            _ => { });
        return reclaimer.Reclaim(reclaimer.Candidates());
    }

    /// <summary>Ends in order.</summary>
    public void Close()
    {
        Commit();
        Sync();
        FinalCheckpoint.Write(Store, _appender);
        Dispose();
    }

    /// <summary>The value of a key, null if there is none, and its version.</summary>
    public (byte[]? Value, ulong Sequence) Read(string key)
    {
        Assert.True(_reader.TryRead(Key(key), cachedOnly: false, out var read));
        return read.Damage is null ? (read.Value, read.Sequence) : throw read.Damage;
    }

    /// <summary>The same where no damage is possible.</summary>
    public (byte[]? Value, ulong Sequence) ReadUndamaged(string key, string when)
    {
        try
        {
            return Read(key);
        }
        catch (Loire.Log.StorageDamagedException e)
        {
            Assert.Fail($"{when}: {key} is said to be damaged: {e.Message}");
            throw;
        }
    }

    public void Dispose()
    {
        _writer.Dispose();
        Store.Dispose();
    }

    private void WriteCheckpoint(Action<long>? pace = null) => new CheckpointWriter(Store, _appender, pace ?? (_ => { }), Sync).Write();

    private void Keep(Action work)
    {
        if (Store.BrokenBy is not null)
        {
            return;
        }

        try
        {
            work();
        }
        catch (DiskException e) when (e.IsFull)
        {
        }
        catch (DiskException e)
        {
            Store.Break(e);
        }
    }

    private PendingWrite? Submit(PendingWrite write, ulong expected)
    {
        Assert.True(_queue.ReserveAsync(write.RecordBytes).IsCompletedSuccessfully);
        if (_queue.TrySubmit(write, expected, out _, out _) == WriteAdmission.Queued)
        {
            return write;
        }

        _queue.Release(write.RecordBytes);
        return null;
    }
}
