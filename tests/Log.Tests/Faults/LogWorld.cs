using System.Globalization;
using Loire.Log.Audits;
using Loire.Log.Chains;
using Loire.Log.Objects;
using Loire.Log.Partitions;
using Loire.Log.Tests.LogSuite;
using Loire.Log.Tests.Simulation;
using Loire.Model;
using Loire.TestKit;

namespace Loire.Log.Tests.Faults;

/// <summary>A store with one log, what its owners were told of it, and the checkers at work.</summary>
internal class LogWorld
{
    private readonly string _logId;
    private readonly PartitionLogOptions _options;
    private readonly ChainChecker _checker;
    private int _values;

    public LogWorld(string logId, PartitionLogOptions options)
    {
        (_logId, _options) = (logId, options);
        _checker = new ChainChecker(Store, logId);
    }

    public LossyGrainStorage Store { get; } = new();

    public ManualTime Time { get; } = new();

    public History History { get; } = new();

    /// <summary>What has gone wrong, in words.</summary>
    public IReadOnlyList<string> Violations => [.. History.Violations, .. _checker.Violations, .. Store.Violations];

    public PartitionLog New() => new(Store, _logId, LogBench.NewWriter(), _options, new ObjectCache(2000), Time);

    /// <summary>An instance that leads; nothing may go wrong.</summary>
    public async Task<PartitionLog> LeadAsync()
    {
        var log = New();
        Assert.Equal(ErrorCode.None, await log.OpenAsync(CancellationToken.None));
        Assert.Equal(ErrorCode.None, await log.BecomeLeaderAsync(CancellationToken.None));
        return log;
    }

    /// <summary>Appends a new value and remembers the answer.</summary>
    public async Task<ErrorCode> AppendAsync(PartitionLog log, int padding = 0)
    {
        var value = string.Create(CultureInfo.InvariantCulture, $"value{_values++}") + new string('x', padding);
        History.Sent(value);
        var pending = log.Append([TestBatches.ToAppend(TestBatches.Of(1, value))]);
        var error = await pending.Committed;
        History.Answered(value, error, pending.BaseOffset);
        return error;
    }

    /// <summary>Moves the start of the log.</summary>
    public async Task<ErrorCode> TrimAsync(PartitionLog log, Offset to)
    {
        History.Trimming(to);
        var error = await log.TrimAsync(to);
        if (error == ErrorCode.None)
        {
            History.Trimmed(to);
        }

        return error;
    }

    /// <summary>Leaves nothing in the log, by an owner that deletes what it can and stops.</summary>
    public async Task TrimToEndAsync()
    {
        var log = await LeadAsync();
        await TrimAsync(log, log.DurableEndOffset);
        await log.Maintenance;
        await log.DisposeAsync();
    }

    /// <summary>Leaves two parts that no head lists, as a leader that ends between them and its head does.</summary>
    public void LeaveParts()
    {
        Assert.True(Head.TryRead(Store.Find($"loire|log/{_logId}/head"), new LogName(_logId).Tag, out var head));
        for (var i = 0; i < 2; i++)
        {
            Store.Replace($"loire|log/{_logId}/{ObjectKey.Part(head.Revision, i)}", [1, 2, 3]);
        }
    }

    /// <summary>Compacts the log, or a part of it.</summary>
    public Task<ErrorCode> CompactAsync(PartitionLog log, int maxSteps = int.MaxValue) =>
        new TestCompaction(log, History.Removing, History.WasRemoved).RunAsync(maxSteps);

    /// <summary>Completes the pass under way, and another one, by an owner that deletes what it can and stops.</summary>
    public async Task CompactToEndAsync()
    {
        var log = await LeadAsync();
        Assert.Equal(ErrorCode.None, await CompactAsync(log));
        Assert.Equal(ErrorCode.None, await CompactAsync(log));
        Assert.InRange((await LogBench.ReadAllAsync(log)).Count, 0, 10);
        Assert.Equal(log.Compaction.CleanTo, log.Table(TableKind.Keys)!.Value.End);
        await log.Maintenance;
        await log.DisposeAsync();
    }

    /// <summary>Every object is listed, or is known to be garbage.</summary>
    public async Task AssertNothingLeaksAsync() => Assert.Empty(await LogAudit.FindAsync(Store, Store, Time));

    /// <summary>Runs something without faults, as one owner; returns how many calls of storage it made.</summary>
    public int RunToEnd(Func<Task> work)
    {
        var before = Store.Calls;
        Store.Faults = null;
        Run(work);
        return Store.Calls - before;
    }

    /// <summary>A last owner leads, appends, and finds what it must.</summary>
    public void VerifyNow(string what)
    {
        RunToEnd(async () =>
        {
            var log = New();
            Assert.Equal((what, ErrorCode.None), (what, await log.OpenAsync(CancellationToken.None)));
            Assert.Equal((what, ErrorCode.None), (what, await log.BecomeLeaderAsync(CancellationToken.None)));
            await AppendAsync(log);
            var records = await LogBench.ReadAllAsync(log, log.LogStartOffset.Value);
            Assert.True(History.MayHaveHoles || log.DurableEndOffset - log.LogStartOffset == records.Count, what);
            History.ReadWhole(records, log.LogStartOffset);
            await TestCompaction.CheckKeysAsync(log);
        });
        Assert.True(Violations.Count == 0, $"{what}: {string.Join('\n', Violations.Take(5))}");
    }

    /// <summary>Runs something as one owner, in virtual time, until it ends or its process does.</summary>
    public void Run(Func<Task> work, Gate? crashed = null)
    {
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            var scheduler = new SeededScheduler(new Random(1), Time);
            var owner = scheduler.NewOwner("owner");
            Task? task = null;
            owner.Do(() => task = work());
            scheduler.RunUntil(() => task is { IsCompleted: true } || crashed is { Opened.IsCompleted: true }, "the end or the crash");
            owner.Kill();
            if (crashed is not { Opened.IsCompleted: true })
            {
                task!.GetAwaiter().GetResult();
            }
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }
}
