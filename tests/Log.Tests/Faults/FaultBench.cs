using Loire.Log.Chains;
using Loire.Log.Partitions;
using Loire.Log.Tests.LogSuite;
using Loire.TestKit;

namespace Loire.Log.Tests.Faults;

/// <summary>One log on a store whose faults the test names call by call, in virtual time, with the chain's checker at work.</summary>
internal sealed class FaultBench
{
    public const string LogId = "faulty/0";

    private FaultBench(ManualTime time, PartitionLogOptions? options)
    {
        (Time, Options) = (time, options ?? new PartitionLogOptions());
        Script = new FaultScript(Store);
        Checker = new ChainChecker(Store, LogId);
    }

    public ManualTime Time { get; }

    public PartitionLogOptions Options { get; }

    public LossyGrainStorage Store { get; } = new();

    public FaultScript Script { get; }

    public ChainChecker Checker { get; }

    public ObjectCache Cache { get; set; } = new(1_000_000);

    /// <summary>Runs a test, and then holds the store's history against the rules.</summary>
    public static void Run(Func<FaultBench, Task> test, PartitionLogOptions? options = null) => VirtualTime.Run(async time =>
    {
        var bench = new FaultBench(time, options);
        await test(bench);
        Assert.Empty(bench.Checker.Violations);
        Assert.Empty(bench.Store.Violations);
    });

    public static bool ChunkCreate(StorageCall call) => call.IsCreate && call.GrainKey.Contains("/chunk/", StringComparison.Ordinal);

    public static bool HeadWrite(StorageCall call) =>
        call.Operation == StorageOperation.Write && call.GrainKey.EndsWith("/head", StringComparison.Ordinal);

    public static bool PartCreate(StorageCall call) => call.IsCreate && call.GrainKey.Contains("/part/", StringComparison.Ordinal);

    public static bool Clear(StorageCall call) => call.Operation == StorageOperation.Clear;

    public static bool Read(StorageCall call) => call.Operation == StorageOperation.Read;

    public static Func<StorageCall, bool> ReadOf(string key) =>
        call => call.Operation == StorageOperation.Read && call.GrainKey.Contains(key, StringComparison.Ordinal);

    /// <summary>The results of tasks, one after the other: how they are waited for leaves this thread to no other.</summary>
    public static async Task<List<T>> AllAsync<T>(IEnumerable<Task<T>> tasks)
    {
        var results = new List<T>();
        foreach (var task in tasks.ToList())
        {
            results.Add(await task);
        }

        return results;
    }

    /// <summary>Holds the answers to calls, each until its gate opens.</summary>
    public List<Gate> Hold(Func<StorageCall, bool> which)
    {
        var gates = new List<Gate>();
        Script.On(which, _ =>
        {
            gates.Add(new Gate());
            return Task.FromResult(StorageFault.AnswerLate(gates[^1].Opened));
        }, times: int.MaxValue);
        return gates;
    }

    public PartitionLog New() => new(Store, LogId, LogBench.NewWriter(), Options, Cache, Time);

    public async Task<PartitionLog> OpenAsync()
    {
        var log = New();
        Assert.Equal(ErrorCode.None, await log.OpenAsync(CancellationToken.None));
        return log;
    }

    public async Task<PartitionLog> LeadAsync()
    {
        var log = await OpenAsync();
        Assert.Equal(ErrorCode.None, await log.BecomeLeaderAsync(CancellationToken.None));
        return log;
    }

    /// <summary>What a fresh instance without any cache finds in storage.</summary>
    public async Task<List<string>> StoredAsync()
    {
        Script.Clear();
        Cache = new ObjectCache(0);
        var log = await OpenAsync();
        return await LogBench.ReadAllAsync(log, log.LogStartOffset.Value);
    }

    public string Key(string rest) => $"loire|log/{LogId}/{rest}";
}
