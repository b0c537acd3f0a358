using System.Text;
using Loire.Log.Audits;
using Loire.Log.Chains;
using Loire.Log.Journals;
using Loire.Log.Partitions;
using Loire.Log.Tests.LogSuite;
using Loire.TestKit;

namespace Loire.Log.Tests.Audits;

/// <summary>Logs and journals of one store, and what an audit finds in it.</summary>
internal sealed class StoreBench
{
    private readonly TimeProvider _time;

    private StoreBench(TimeProvider time)
    {
        _time = time;
        Script = new FaultScript(Store);
        JournalOptions = new JournalOptions { TailChunks = 8, SnapshotAfterBytes = 300, Listing = Store };
        LogOptions = new PartitionLogOptions { SegmentBytes = 600, WholeChunkBytes = 500, TailChunks = 4, HeadSegments = 2, Listing = Store };
    }

    public LossyGrainStorage Store { get; } = new();

    public FaultScript Script { get; }

    public JournalOptions JournalOptions { get; }

    public PartitionLogOptions LogOptions { get; }

    /// <summary>Runs a test in virtual time.</summary>
    public static void Run(Func<StoreBench, Task> test) => VirtualTime.Run(time => test(new StoreBench(time)));

    /// <summary>Runs a test that holds calls of storage, and so cannot run in virtual time: that would pass meanwhile.</summary>
    public static void RunHolding(Func<StoreBench, Task> test) => SingleThread.Run(() => test(new StoreBench(TimeProvider.System)));

    public Journal NewJournal(string id) => new(Store, id, LogBench.NewWriter(), JournalOptions, _time);

    public async Task<Journal> OpenAsync(string id)
    {
        var journal = NewJournal(id);
        Assert.Equal(ErrorCode.None, await journal.OpenAsync(static _ => { }, static _ => { }));
        return journal;
    }

    public static Task<ErrorCode> AppendAsync(Journal journal, string record) => journal.AppendAsync([Encoding.UTF8.GetBytes(record)]);

    public PartitionLog NewLog(string id) => new(Store, id, LogBench.NewWriter(), LogOptions, new ObjectCache(0), _time);

    public async Task<PartitionLog> LeadAsync(string id)
    {
        var log = NewLog(id);
        Assert.Equal(ErrorCode.None, await log.OpenAsync(default));
        Assert.Equal(ErrorCode.None, await log.BecomeLeaderAsync(default));
        return log;
    }

    /// <summary>A log that has every kind of object: head, pages, segments, chunks listed as they are, and a tail.</summary>
    public async Task FillAsync(string id)
    {
        var log = await LeadAsync(id);
        for (var i = 0; i < 30; i++)
        {
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, $"v{i}" + new string('x', i % 7 == 3 ? 600 : 3)));
        }

        await log.DisposeAsync();
    }

    public async Task<List<string>> FindAsync() =>
        [.. (await LogAudit.FindAsync(Store, Store, _time)).Select(found => $"{found.Kind} {found.Log} {found.Key}")];

    public Task<IReadOnlyList<LogFigures>> MeasureAsync() => LogStatistics.ReadAsync(Store, Store, _time);

    public Task<LogRepair> InspectAsync() => LogRepair.InspectAsync(Store, Store, LogBench.NewWriter(), _time);

    public Task<int> SweepAsync(params string[] gone) => new LogSweep(Store, Store, _time).RunAsync(name => Task.FromResult(gone.Contains(name)));

    /// <summary>Waits while other steps are taken.</summary>
    public static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Yield();
        }
    }

    /// <summary>Lets maintenance end: with no call held, all its steps are ready.</summary>
    public static async Task SettleAsync()
    {
        for (var step = 0; step < 10_000; step++)
        {
            await Task.Yield();
        }
    }

    public void Damage(string key)
    {
        var bytes = Store.Find(key)!;
        bytes.AsSpan(0, Math.Min(40, bytes.Length)).Fill(0xA5);
        Store.Replace(key, bytes);
    }
}
