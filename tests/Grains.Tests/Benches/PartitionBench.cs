using System.Diagnostics.Metrics;
using System.Text;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Interfaces.Transactions;
using Loire.Grains.Partitions;
using Loire.Grains.Turns;
using Loire.Log.Chains;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.Model.Memory;
using Loire.Model.Transactions;
using Loire.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Grains.Tests.Benches;

/// <summary>A partition's driver on storage in memory, time that the test moves, and a topic that answers what the test says.</summary>
internal sealed class PartitionBench
{
    private static int _writers;
    private readonly Dictionary<string, TaskCompletionSource> _held = [];
    private readonly Meters _meters = new();

    public PartitionBench(
        LossyGrainStorage? storage = null, PartitionLogOptions? log = null, TimeSpan? roomWait = null, DriverThread? thread = null,
        MemoryQuota? memory = null, DriverThread? computations = null, long compactionBytes = 1024 * 1024,
        KeyIndexMemory? keyIndex = null, long cacheBytes = 16 * 1024 * 1024, Func<bool>? storesTables = null)
    {
        (Storage, Thread) = (storage ?? new LossyGrainStorage(), thread ?? new DriverThread());
        log ??= new PartitionLogOptions();
        Cache = new ObjectCache(cacheBytes);
        var metrics = new PartitionMetrics(_meters);
        Silo = new MortalStorage(Storage);
        Log = new PartitionLog(
            Silo, $"{Key.Id}/{Key.Partition}", new Guid(Interlocked.Increment(ref _writers), 0, 0, new byte[8]), log, Cache, Time);
        var options = new PartitionDriverOptions(
            log.PendingBytes, log.PendingBytes, roomWait ?? TimeSpan.FromSeconds(10), MaxAge, memory ?? MemoryQuota.Unlimited(),
            new Computations(1, computations ?? Thread), new CompactionBudget(compactionBytes, long.MaxValue, Time) { KeysPerPage = 16 },
            keyIndex ?? new KeyIndexMemory(compactionBytes, metrics), StoresTables: storesTables is null ? null : () => new(storesTables()))
        {
            Enlist = (id, request) => new ValueTask<EnlistResult>(Coordinator(id, request)),
            TransactionsAllowed = () => new(AllowsTransactions),
        };
        Driver = new PartitionDriver(
            Key, Log, AskTopic, new SchedulerTurnQueue(Thread), options, Time, metrics, NullLogger.Instance,
            () => Drops++);
    }

    /// <summary>How often a partition checks storage for another owner.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(1);

    public static PartitionKey Key { get; } = new(TopicName.Parse("t"), new TopicId(new Guid(7, 7, 7, new byte[8])), 3);

    public static PartitionSettings Defaults { get; } =
        new(1, Limits.DefaultMaxMessageBytes, TimestampType.CreateTime, TimeSpan.MaxValue, TimeSpan.FromHours(1), 1);

    public LossyGrainStorage Storage { get; }

    /// <summary>The storage as this partition sees it.</summary>
    public MortalStorage Silo { get; }

    public DriverThread Thread { get; }

    public ManualTime Time { get; } = new(DateTimeOffset.FromUnixTimeMilliseconds(1_767_225_600_000));

    public ObjectCache Cache { get; }

    public PartitionLog Log { get; }

    public PartitionDriver Driver { get; }

    /// <summary>What the topic answers.</summary>
    public Func<Task<PartitionSettingsResult>> Topic { get; set; } = () =>
        Task.FromResult(new PartitionSettingsResult(ErrorCode.None, Defaults));

    /// <summary>What the coordinators of transactions answer.</summary>
    public Func<TransactionalId, EnlistRequest, Task<EnlistResult>> Coordinator { get; set; } =
        (_, _) => Task.FromResult(new EnlistResult(ErrorCode.None, 1, null));

    public bool AllowsTransactions { get; set; } = true;

    public int TopicAsked { get; private set; }

    public int Drops { get; private set; }

    public Task<AppendResult> Append(ReadOnlyMemory<byte> batches, Acks acks = Acks.All) =>
        Thread.Start(() => Driver.AppendAsync(new AppendRequest(batches, acks)).AsTask());

    public Task<AppendResult> Append(params string[] values) => Append(Batch.Of(values));

    public AppendResult Appended(ReadOnlyMemory<byte> batches, Acks acks = Acks.All) => Append(batches, acks).Now();

    public AppendResult Appended(params string[] values) => Appended(Batch.Of(values));

    public Task<AppendResult> Append(AppendRequest request) => Thread.Start(() => Driver.AppendAsync(request).AsTask());

    public Task<ErrorCode> End(TransactionMarker marker) => Thread.Start(() => Driver.EndTransactionAsync(marker));

    public Task<FetchResult> Fetch(
        long from, int minBytes = 1, TimeSpan? wait = null, int maxBytes = 1024 * 1024, CancellationToken cancellation = default,
        IsolationLevel isolation = IsolationLevel.ReadUncommitted) =>
        Thread.Start(() => Driver.FetchAsync(
            new FetchRequest(new Offset(from), maxBytes, minBytes, wait ?? TimeSpan.FromSeconds(1), isolation), cancellation).AsTask());

    public FetchResult Fetched(long from, int maxBytes = 1024 * 1024) => Fetch(from, minBytes: 0, maxBytes: maxBytes).Now();

    public Task<LatestRecordResult> Latest(string key) =>
        Thread.Start(() => Driver.LatestAsync(Encoding.UTF8.GetBytes(key)).AsTask());

    public PartitionOffsets Offsets() => Thread.Finish(() => Driver.OffsetsAsync().AsTask());

    public void Advance(TimeSpan time) => Thread.After(() => Time.Advance(time));

    /// <summary>Whether a meter is this partition's.</summary>
    public bool Owns(Meter meter) => _meters.Made.Contains(meter);

    /// <summary>Lets every write of this kind of object wait until the result is called.</summary>
    public Action Hold(string kind)
    {
        _held[kind] = new TaskCompletionSource();
        Storage.Faults ??= async call =>
        {
            foreach (var (part, until) in _held)
            {
                if (call.Operation == StorageOperation.Write && call.Key.Contains(part, StringComparison.Ordinal))
                {
                    await until.Task.ConfigureAwait(false);
                }
            }

            return StorageFault.None;
        };
        return () =>
        {
            _held.Remove(kind, out var until);
            Thread.After(until!.SetResult);
        };
    }

    private async ValueTask<PartitionSettingsResult> AskTopic(PartitionKey key)
    {
        Assert.Equal(Key, key);
        TopicAsked++;
        return await Topic();
    }
}
