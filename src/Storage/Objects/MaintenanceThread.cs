using Loire.Storage.Disk;
using Microsoft.Extensions.Logging;

namespace Loire.Storage.Objects;

/// <summary>
/// Background work on its own thread, within the bandwidth bound: checkpoints of the index and reclaiming of space. A step that fails for
/// lack of space is logged and retried after more writes; any other failure of a sync or write breaks the store.
/// </summary>
internal sealed partial class MaintenanceThread : IDisposable
{
    private readonly ObjectStore _store;
    private readonly WriterThread _writer;
    private readonly FileAppender _appender;
    private readonly TimeProvider _time;
    private readonly Thread _thread;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly Lock _working = new();
    private long _bytesSinceCheckpoint;
    private long _recordsSinceCheckpoint;
    private long _bytesSinceLook;
    private long _recordsSinceLook;

    public MaintenanceThread(OpenedStore opened, WriterThread writer, TimeProvider time)
    {
        (_store, _writer, _appender, _time) = (opened.Store, writer, opened.Appender, time);
        (_bytesSinceCheckpoint, _recordsSinceCheckpoint) = (opened.ReplayedBytes, opened.ReplayedRecords);
        _thread = new Thread(Run) { IsBackground = true, Name = "Loire store maintenance" };
    }

    public void Start() => _thread.Start();

    /// <summary>Counts a group that was written. Called only by the writer's thread.</summary>
    public void Note(long bytes, int records)
    {
        Interlocked.Add(ref _bytesSinceCheckpoint, bytes);
        Interlocked.Add(ref _recordsSinceCheckpoint, records);
        _bytesSinceLook += bytes;
        _recordsSinceLook += records;
        var isDue = _bytesSinceLook >= _store.Options.CheckpointBytes / 8 || _recordsSinceLook >= _store.Options.CheckpointRecords / 8;
        if (isDue || _store.Condition == StoreCondition.Full)
        {
            (_bytesSinceLook, _recordsSinceLook) = (0, 0);
            if (_wake.CurrentCount == 0)
            {
                _wake.Release();
            }
        }
    }

    /// <summary>Runs the steps that are due now, without the bandwidth bound.</summary>
    /// <param name="checkpoint">Writes a checkpoint even if none is due.</param>
    public void WorkNow(bool checkpoint)
    {
        lock (_working)
        {
            Work(_ => { }, checkpoint);
        }
    }

    /// <summary>Stops the thread after the current step.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        _thread.Join();
        _stop.Dispose();
    }

    private void Run()
    {
        try
        {
            while (true)
            {
                _wake.Wait(_stop.Token);
                lock (_working)
                {
                    Work(Pace, checkpoint: false);
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // An interrupted step leaves a temporary file or moved records; the next owner handles both.
        }
    }

    private void Work(Action<long> pace, bool checkpoint)
    {
        if (_store.BrokenBy is not null)
        {
            return;
        }

        try
        {
            if (checkpoint || IsCheckpointDue())
            {
                Checkpoint(pace);
            }

            var reclaimer = new Reclaimer(_store, Commit, Sync, () => Checkpoint(pace), pace);
            for (var count = 1; count > 0 && reclaimer.Candidates() is { Count: > 0 } candidates;)
            {
                count = reclaimer.Reclaim(candidates);
                LogReclaimed(_store.Logger, count, candidates.Count);
            }
        }
        catch (DiskException e) when (e.IsFull)
        {
            LogNoSpace(_store.Logger, e);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _store.Break(e);
        }
    }

    private bool IsCheckpointDue()
    {
        // The cost of a checkpoint grows with the index, so a large index is checkpointed less often.
        var bytes = Math.Max(_store.Options.CheckpointBytes, _store.Counters.CheckpointBytes * 2);
        var records = Math.Max(_store.Options.CheckpointRecords, _store.Index.Count / 4);
        return Interlocked.Read(ref _bytesSinceCheckpoint) >= bytes || Interlocked.Read(ref _recordsSinceCheckpoint) >= records;
    }

    private void Checkpoint(Action<long> pace)
    {
        var (bytes, records) = (Interlocked.Read(ref _bytesSinceCheckpoint), Interlocked.Read(ref _recordsSinceCheckpoint));
        new CheckpointWriter(_store, _appender, pace, Sync).Write();
        Interlocked.Add(ref _bytesSinceCheckpoint, -bytes);
        Interlocked.Add(ref _recordsSinceCheckpoint, -records);
    }

    private void Sync() => _writer.SyncAsync().Wait(_stop.Token);

    private void Commit(List<PendingWrite> moves)
    {
        _writer.Queue.SubmitMoves(moves);
        foreach (var move in moves)
        {
            // A failure is recorded in the write itself.
            Task.WhenAny(move.Task).Wait(_stop.Token);
            _ = move.Task.Exception;
        }
    }

    private void Pace(long bytes)
    {
        _stop.Token.ThrowIfCancellationRequested();
        var wait = TimeSpan.FromSeconds((double)bytes / _store.Options.BackgroundBytesPerSecond);
        Task.Delay(wait, _time).Wait(_stop.Token);
    }

    [LoggerMessage(LogLevel.Information, "Reclaimed {Count} of {Candidates} store files with few live records.")]
    private static partial void LogReclaimed(ILogger logger, int count, int candidates);

    [LoggerMessage(LogLevel.Warning, "No space for a checkpoint or for reclaiming; it will be retried.")]
    private static partial void LogNoSpace(ILogger logger, Exception reason);
}
