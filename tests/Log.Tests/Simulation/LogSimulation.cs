using System.Globalization;
using Loire.Log.Audits;
using Loire.Log.Chains;
using Loire.Log.Partitions;
using Loire.TestKit;

namespace Loire.Log.Tests.Simulation;

/// <summary>
/// Two or three owners of one log on one store with faults, everything in one thread and drawn from one seed: they open, lead, append,
/// read, trim, compact, pause, stop, crash and come back. Then the faults end, and a last owner must be able to lead, append and read
/// everything that was promised.
/// </summary>
internal sealed class LogSimulation
{
    private const string LogId = "sim/0";

    private readonly Random _random;
    private readonly ManualTime _time = new();
    private readonly SeededScheduler _scheduler;
    private readonly SimulatedStore _store;
    private readonly ChainChecker _checker;
    private readonly History _history = new();
    private readonly PartitionLogOptions _options;
    private readonly List<SimulatedOwner> _owners = [];
    private readonly List<Exception> _bugs = [];
    private int _writers;
    private int _values;

    public LogSimulation(int seed)
    {
        _random = new Random(seed);
        _scheduler = new SeededScheduler(_random, _time);
        _store = new SimulatedStore(_random, Trace);
        _checker = new ChainChecker(_store.Storage, LogId);
        _options = new PartitionLogOptions
        {
            ChunkBytes = 100 + _random.Next(1500),
            PendingBytes = 4000,
            SegmentBytes = 1000 + _random.Next(1000),
            WholeChunkBytes = 500 + _random.Next(500),
            TailChunks = 2 + _random.Next(8),
            TailBytes = 2000 + _random.Next(4000),
            HeadSegments = 2 + _random.Next(6),
            RewriteBytes = 500 + _random.Next(4000),
            UnmergedChunks = _random.Next(3) == 0 ? 0 : 4 + _random.Next(40),
        };
    }

    /// <summary>A number that two runs share only if they did the same.</summary>
    public ulong TraceHash { get; private set; } = 14695981039346656037;

    /// <summary>Receives a line for every event, for debugging a run.</summary>
    public Action<string>? Tracing { get; set; }

    /// <summary>Steps taken.</summary>
    public long Steps => _scheduler.Steps;

    /// <summary>Values acknowledged.</summary>
    public int Acknowledged => _history.Acknowledged;

    /// <summary>Values removed by compaction.</summary>
    public int Removed => _history.Removed;

    /// <summary>Everything that went wrong.</summary>
    public IReadOnlyList<string> Violations =>
        [.. _history.Violations, .. _checker.Violations, .. _store.Storage.Violations, .. _bugs.Select(bug => bug.ToString())];

    /// <summary>Runs the faulty phase and then the calm one.</summary>
    public void Run(int events, FaultOdds? odds = null)
    {
        // Whatever completes a task here continues here, and never on another thread.
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            RunFaultyThenCalm(events, odds ?? FaultOdds.Draw(_random));
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    private void RunFaultyThenCalm(int events, FaultOdds odds)
    {
        _store.Odds = odds;
        for (var i = 2 + _random.Next(2); i > 0; i--)
        {
            _owners.Add(NewOwner());
        }

        for (var i = 0; i < events && _bugs.Count == 0; i++)
        {
            Happen();
        }

        CalmDown();
    }

    private void Happen()
    {
        var dice = _random.Next(100);
        if (dice < 55)
        {
            if (!_scheduler.Step() && _store.Waiting == 0)
            {
                _time.AdvanceToNextTimer();
            }
        }
        else if (dice < 85 && _store.Waiting > 0)
        {
            _store.ReleaseOne();
        }
        else if (dice < 98)
        {
            var owner = _owners[_random.Next(_owners.Count)];
            owner.Act(_random);
        }
        else if (_random.Next(4) == 0)
        {
            _time.Advance(TimeSpan.FromMilliseconds(_random.Next(3000)));
        }
        else
        {
            var index = _random.Next(_owners.Count);
            Disturb(index);
        }
    }

    private void Disturb(int index)
    {
        var owner = _owners[index];
        switch (_random.Next(4))
        {
            case 0:
                Trace($"crash {owner.Name}");
                owner.Kill(_store);
                _owners[index] = NewOwner();
                break;
            case 1:
                Trace($"stop {owner.Name}");
                owner.Stop();
                _owners[index] = NewOwner();
                break;
            case 2:
                owner.Pause();
                break;
            default:
                owner.Resume();
                break;
        }
    }

    private void CalmDown()
    {
        _store.Odds = new FaultOdds();
        var checkedLog = false;
        foreach (var owner in _owners)
        {
            owner.Resume();
            owner.Stop();
        }

        // An owner that was about to lead may still win once or twice against the last one.
        var attempts = 0;
        SimulatedOwner last = null!;
        void Try() => (last = NewOwner()).LeadAppendAndReadAll(
            (records, start) =>
            {
                _history.ReadWhole(records, start);
                checkedLog = true;
            },
            error =>
            {
                if (error != ErrorCode.NotLeaderOrFollower || ++attempts > _owners.Count + 1)
                {
                    _bugs.Add(new InvalidOperationException($"The last owner gets {error}."));
                }
                else
                {
                    Try();
                }
            });
        Try();
        Until(() => checkedLog);
        if (!checkedLog)
        {
            _bugs.Add(new InvalidOperationException("The log does not come back when the faults end."));
            return;
        }

        last.Stop();
        DeleteAndSweep();
    }

    /// <summary>Once nothing is under way any more, the log is deleted, and nothing of it stays.</summary>
    private void DeleteAndSweep()
    {
        var isDeleted = false;
        Until(() => false);
        _scheduler.NewOwner("deletion").Do(async () =>
        {
            var error = await NewLog().DeleteAsync(CancellationToken.None);
            await new LogSweep(_store.Storage, _store.Storage, _time).RunAsync(static _ => Task.FromResult(true));
            isDeleted = error == ErrorCode.None;
        });
        Until(() => isDeleted);
        if (!isDeleted || _store.Storage.Keys.Count > 0)
        {
            _bugs.Add(new InvalidOperationException($"The deletion has left {string.Join(' ', _store.Storage.Keys)}."));
        }
    }

    /// <summary>Lets everything happen until something is true, or nothing is left to happen.</summary>
    private void Until(Func<bool> isTrue)
    {
        for (var i = 0; !isTrue() && _bugs.Count == 0 && i < 200_000; i++)
        {
            if (_store.Waiting > 0 && _random.Next(2) == 0)
            {
                _store.ReleaseOne();
            }
            else if (!_scheduler.Step() && _store.Waiting == 0 && !_time.AdvanceToNextTimer())
            {
                break;
            }
        }
    }

    private SimulatedOwner NewOwner()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"owner{_writers + 1}");
        var log = NewLog();
        string NewValue() => string.Create(CultureInfo.InvariantCulture, $"value{_values++}");
        return new SimulatedOwner(_scheduler.NewOwner(name), log, _history, NewValue, Trace, _bugs.Add);
    }

    private PartitionLog NewLog() =>
        new(_store.Storage, LogId, new Guid(++_writers, 0, 0, new byte[8]), _options, new ObjectCache(_random.Next(8000)), _time);

    private void Trace(string what)
    {
        Tracing?.Invoke(what);
        foreach (var c in what)
        {
            TraceHash = unchecked((TraceHash ^ c) * 1099511628211);
        }
    }
}
