using Loire.Log.Audits;
using Loire.Log.Objects;
using Loire.Log.Partitions;
using Loire.Log.Tests.Lives;
using Loire.Log.Tests.LogSuite;
using Loire.TestKit;
using Xunit.Sdk;

namespace Loire.Log.Tests.Faults;

/// <summary>A store with one log and its users, in virtual time, with the checkers at work.</summary>
internal class LogWorld : LogUsers
{
    private readonly ChainChecker _checker;

    public LogWorld(string logId, PartitionLogOptions options)
        : this(logId, options, new LossyGrainStorage(), new ManualTime())
    {
    }

    private LogWorld(string logId, PartitionLogOptions options, LossyGrainStorage store, ManualTime time)
        : base(store, logId, options, time)
    {
        (Store, Time) = (store, time);
        _checker = new ChainChecker(store, logId);
    }

    public LossyGrainStorage Store { get; }

    public new ManualTime Time { get; }

    /// <summary>What has gone wrong, in words.</summary>
    public IReadOnlyList<string> Violations => [.. History.Violations, .. _checker.Violations, .. Store.Violations];

    /// <summary>An instance that leads; nothing may go wrong.</summary>
    public async Task<PartitionLog> LeadAsync()
    {
        var log = New();
        Assert.Equal(ErrorCode.None, await log.OpenAsync(CancellationToken.None));
        Assert.Equal(ErrorCode.None, await log.BecomeLeaderAsync(CancellationToken.None));
        return log;
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
        Assert.True(Head.TryRead(Store.Find($"loire|log/{LogId}/head"), new LogName(LogId).Tag, out var head));
        for (var i = 0; i < 2; i++)
        {
            Store.Replace($"loire|log/{LogId}/{ObjectKey.Part(head.Revision, i)}", [1, 2, 3]);
        }
    }

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

    /// <summary>A last owner leads, appends, and finds what it must, at once.</summary>
    public void VerifyNow(string what)
    {
        try
        {
            RunToEnd(() => VerifyAsync(new PersistentOwner(this, maxAttempts: 1)));
        }
        catch (XunitException problem)
        {
            throw new XunitException($"{what}: {problem.Message}", problem);
        }

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
