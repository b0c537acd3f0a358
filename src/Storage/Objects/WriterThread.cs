using System.Diagnostics;

namespace Loire.Storage.Objects;

/// <summary>
/// The writing thread: takes the queued writes as one group, commits it, and completes its tasks while the next group is queued. It spins
/// for a few microseconds before it sleeps, because a caller that writes small objects in sequence submits the next one at once.
/// </summary>
internal sealed class WriterThread : IDisposable
{
    private static readonly long _spin = Stopwatch.Frequency / 1_000_000 * 20;
    private readonly ObjectStore _store;
    private readonly StoreWriter _writer;
    private readonly Action<long, int> _written;
    private readonly Thread _thread;
    private readonly Lock _requestLock = new();
    private readonly object _sleep = new();
    private readonly List<PendingWrite> _group = [];
    private readonly ITimer? _syncTimer;
    private TaskCompletionSource? _syncRequest;
    private volatile bool _isSyncDue;
    private volatile bool _isAsleep;
    private volatile bool _isStopping;

    /// <param name="store">The store.</param>
    /// <param name="writer">Commits the groups.</param>
    /// <param name="time">The clock of the sync interval.</param>
    /// <param name="written">Receives the bytes and the number of records of each group.</param>
    public WriterThread(ObjectStore store, StoreWriter writer, TimeProvider time, Action<long, int> written)
    {
        (_store, _writer, _written) = (store, writer, written);
        Queue = new WriteQueue(store, time, Wake);
        _thread = new Thread(Run) { IsBackground = true, Name = "Loire store writer" };
        if (store.Options.SyncInterval is { } interval)
        {
            _syncTimer = time.CreateTimer(_ => RequestSync(), null, interval, interval);
        }
    }

    public WriteQueue Queue { get; }

    public void Start() => _thread.Start();

    /// <summary>Completes when everything acknowledged before this call is durable, or the store is broken.</summary>
    public Task SyncAsync()
    {
        if (_store.Options.SyncInterval is null)
        {
            return Task.CompletedTask;
        }

        Task done;
        lock (_requestLock)
        {
            _syncRequest ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            done = _syncRequest.Task;
        }

        RequestSync();
        return done;
    }

    /// <summary>Writes what is queued, syncs, and stops the thread. No more writes may be submitted.</summary>
    public void Dispose()
    {
        _syncTimer?.Dispose();
        _isStopping = true;
        Wake();
        _thread.Join();
    }

    private void Run()
    {
        while (true)
        {
            _group.Clear();
            if (Queue.TryTake(_group, _store.Options.GroupBytes))
            {
                CommitGroup();
            }
            else if (_isStopping)
            {
                break;
            }

            if (_isSyncDue || _writer.IsSyncUrgent)
            {
                Sync();
            }

            if (!Queue.HasQueued)
            {
                WaitForWork();
            }
        }

        Sync();
    }

    private void CommitGroup()
    {
        _writer.Commit(_group);
        Queue.Complete(_group);
        _writer.TidyUp(isIdle: !Queue.HasQueued);
        var (bytes, records) = (0L, 0);
        foreach (var write in _group)
        {
            if (write.Error is null)
            {
                bytes += write.RecordBytes;
                records++;
            }
        }

        _written(bytes, records);
    }

    private void Sync()
    {
        TaskCompletionSource? request;
        lock (_requestLock)
        {
            (request, _syncRequest) = (_syncRequest, null);
        }

        _isSyncDue = false;
        _writer.Sync();
        request?.SetResult();
    }

    private void RequestSync()
    {
        _isSyncDue = true;
        Wake();
    }

    private void WaitForWork()
    {
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetTimestamp() - start < _spin)
        {
            if (HasWork())
            {
                return;
            }

            Thread.SpinWait(20);
        }

        lock (_sleep)
        {
            _isAsleep = true;

            // A submitter that missed the flag queued its write before the flag was set, so this sees the write.
            Interlocked.MemoryBarrier();
            while (!HasWork())
            {
                Monitor.Wait(_sleep);
            }

            _isAsleep = false;
        }
    }

    private bool HasWork() => Queue.HasQueued || _isSyncDue || _isStopping;

    private void Wake()
    {
        Interlocked.MemoryBarrier();
        if (_isAsleep)
        {
            lock (_sleep)
            {
                Monitor.Pulse(_sleep);
            }
        }
    }
}
