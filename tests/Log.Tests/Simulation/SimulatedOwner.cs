using Loire.Log.Partitions;
using Loire.Log.Tests.LogSuite;
using Loire.Model;
using Loire.TestKit;

namespace Loire.Log.Tests.Simulation;

/// <summary>An instance of the log, with the producers and readers that go through it.</summary>
internal sealed class SimulatedOwner(
    SeededScheduler.Owner scheduler, PartitionLog log, History history, Func<string> newValue, Action<string> trace, Action<Exception> bug)
{
    private bool _isOpening;
    private bool _isOpen;
    private bool _isCompacting;
    private bool _isStopped;
    private Offset _highWatermark;

    public string Name => scheduler.Name;

    /// <summary>Does something that an owner does.</summary>
    public void Act(Random random)
    {
        if (_isStopped)
        {
            return;
        }

        if (!_isOpen)
        {
            Do(OpenAsync);
            return;
        }

        var (dice, size, at, bytes) = (random.Next(13), random.Next(3), random.Next(200), random.Next(600));
        switch (dice)
        {
            case < 6:
                Do(() => AppendAsync(1 + size, random.Next(4) == 0 ? 400 : 10));
                break;
            case < 8:
                Do(() => ReadAsync(at, bytes));
                break;
            case 10:
                Do(() => TrimAsync(at));
                break;
            case 11:
                Do(MergeAsync);
                break;
            case > 11:
                Do(() => CompactAsync(1 + size));
                break;
            default:
                Do(LeadAsync);
                break;
        }
    }

    /// <summary>The process ends.</summary>
    public void Kill(SimulatedStore store)
    {
        _isStopped = true;
        scheduler.Kill();
        store.Lose(scheduler);
    }

    /// <summary>The owner is deactivated in an orderly way.</summary>
    public void Stop()
    {
        if (!_isStopped)
        {
            _isStopped = true;
            Do(async () => await log.DisposeAsync());
        }
    }

    public void Pause() => scheduler.Pause();

    public void Resume() => scheduler.Resume();

    /// <summary>What must work once nothing is wrong any more.</summary>
    public void LeadAppendAndReadAll(Action<List<string>, Offset> done, Action<ErrorCode> failed) => Do(async () =>
    {
        Demand(await log.OpenAsync(CancellationToken.None), "open");
        var error = await log.BecomeLeaderAsync(CancellationToken.None);
        if (error != ErrorCode.None)
        {
            failed(error);
            return;
        }

        var value = newValue();
        history.Sent(value);
        var pending = log.Append([TestBatches.ToAppend(TestBatches.Of(0, value))]);
        error = await pending.Committed;
        history.Answered(value, error, pending.BaseOffset);
        if (error != ErrorCode.None)
        {
            failed(error);
            return;
        }

        var (all, start) = (new List<string>(), log.LogStartOffset);
        for (var next = start; next < log.DurableEndOffset;)
        {
            var read = await log.ReadAsync(next, 300, CancellationToken.None);
            Demand(read.Error, $"read at {next}");
            all.AddRange(TestBatches.Records(TestBatches.Join(read.Pieces), from: start));
            next = read.NextOffset;
        }

        Demand(history.MayHaveHoles || all.Count == log.DurableEndOffset - start ? ErrorCode.None : ErrorCode.UnknownServerError, "no gaps");
        done(all, start);
    });

    private void Do(Func<Task> work) => scheduler.Do(async () =>
    {
        try
        {
            await work();
            Observe();
        }
        catch (Exception problem)
        {
            bug(problem);
        }
    });

    private async Task OpenAsync()
    {
        if (_isOpening || _isOpen)
        {
            return;
        }

        _isOpening = true;
        log.Advanced = Observe;
        var error = await log.OpenAsync(CancellationToken.None);
        trace($"{Name} open {error} {log.DurableEndOffset}");
        (_isOpening, _isOpen) = (false, error == ErrorCode.None);
        if (error is not (ErrorCode.None or ErrorCode.KafkaStorageError))
        {
            Demand(_isStopped ? ErrorCode.None : error, "open");
        }
    }

    private async Task LeadAsync() => trace($"{Name} lead {await log.BecomeLeaderAsync(CancellationToken.None)} {log.Epoch}");

    private async Task AppendAsync(int records, int bytes)
    {
        if (!log.IsLeader)
        {
            await LeadAsync();
        }

        var room = await log.WaitForRoomAsync(bytes, CancellationToken.None);
        if (room != ErrorCode.None || !log.IsLeader)
        {
            return;
        }

        var values = Enumerable.Range(0, records).Select(_ => newValue() + new string('x', bytes)).ToList();
        values.ForEach(history.Sent);
        var pending = log.Append([TestBatches.ToAppend(TestBatches.Of(0, values))]);
        var error = await pending.Committed;
        trace($"{Name} append {pending.BaseOffset} {error}");
        for (var i = 0; i < values.Count; i++)
        {
            history.Answered(values[i], error, pending.BaseOffset + i);
        }
    }

    private async Task TrimAsync(int at)
    {
        if (!log.IsLeader)
        {
            return;
        }

        var to = new Offset(at % (log.DurableEndOffset.Value + 1));
        history.Trimming(to);
        var error = await log.TrimAsync(to);
        trace($"{Name} trim {to} {error}");
        if (error == ErrorCode.None)
        {
            history.Trimmed(to);
        }
    }

    private async Task MergeAsync()
    {
        if (log.IsLeader)
        {
            trace($"{Name} merge {await log.MergeAsync()}");
        }
    }

    private async Task CompactAsync(int steps)
    {
        if (_isCompacting || !log.IsLeader)
        {
            return;
        }

        _isCompacting = true;
        var error = await new TestCompaction(log, history.Removing, history.WasRemoved).RunAsync(steps);
        trace($"{Name} compact {error} {log.Compaction}");
        _isCompacting = false;
        Demand(error == ErrorCode.CorruptMessage ? error : ErrorCode.None, "compact");
    }

    private async Task ReadAsync(int at, int bytes)
    {
        var from = new Offset(log.DurableEndOffset.Value == 0 ? 0 : at % log.DurableEndOffset.Value);
        var read = await log.ReadAsync(from, bytes, CancellationToken.None);
        trace($"{Name} read {from} {read.Error} {read.NextOffset}");
        if (read.Error == ErrorCode.CorruptMessage)
        {
            Demand(read.Error, $"read at {from}");
        }

        history.Read(TestBatches.Records(TestBatches.Join(read.Pieces)));
    }

    private void Observe()
    {
        var now = log.DurableEndOffset;
        Demand(now >= _highWatermark ? ErrorCode.None : ErrorCode.UnknownServerError, "the high watermark never goes back");
        _highWatermark = now;
    }

    private void Demand(ErrorCode error, string what)
    {
        if (error != ErrorCode.None)
        {
            throw new InvalidOperationException($"{Name}: {what}: {error} {log.CloseReason}");
        }
    }
}
