using Loire.Coordination.Placement;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Journals;
using Loire.Grains.Partitions;
using Loire.Grains.Topics;
using Loire.Grains.Turns;
using Loire.Log.Audits;
using Loire.Log.Chains;
using Loire.Log.Journals;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.Model.Memory;
using Loire.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Grains.Tests.Benches;

/// <summary>
/// The drivers of a whole cluster, joined without a silo: the catalog, topics and partitions come to life when they are called and go when
/// they ask for it. A second bench on the same storage is the cluster after a crash.
/// </summary>
internal sealed class TopicsBench : ITopicPeers, ICatalogPeers
{
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(1);
    private static int _ids;
    private readonly Dictionary<TopicName, TopicDriver> _topics = [];
    private readonly Dictionary<PartitionKey, PartitionDriver> _partitions = [];
    private readonly ObjectCache _cache = new(1024 * 1024);
    private readonly PartitionMetrics _metrics = new(new Meters());
    private readonly StoreSweep _sweep;
    private readonly PartitionReports _reports;
    private readonly PartitionLogOptions _log;

    public TopicsBench(LossyGrainStorage? storage = null, PartitionLogOptions? log = null)
    {
        Storage = storage ?? new LossyGrainStorage();
        (_log = log ?? new PartitionLogOptions()).Listing = Storage;
        var stored = new StoredTopics(Storage, Journal, parallelism: 4);
        Catalog = new CatalogDriver(Journal("catalog"), this, parallelism: 4, MaxAge, Time, NullLogger.Instance, stored, Rebuilt.Add);
        _sweep = new StoreSweep(new LogSweep(Storage, Storage, Time), stored, NullLogger.Instance);
        _reports = new PartitionReports(async (topic, id, reports) => await Topic(topic).ReportAsync(id, reports), Time);
    }

    public LossyGrainStorage Storage { get; }

    /// <summary>The journals that were rebuilt.</summary>
    public List<string> Rebuilt { get; } = [];

    public DriverThread Thread { get; } = new();

    public ManualTime Time { get; } = new();

    public CatalogDriver Catalog { get; }

    public int ActiveTopics => _topics.Count;

    public int OpenPartitions => _partitions.Count;

    /// <summary>What a call to a partition answers instead of being made; null lets it through.</summary>
    public Func<PartitionKey, ErrorCode?> PartitionFault { get; set; } = _ => null;

    /// <summary>What a call to a partition waits for.</summary>
    public Func<PartitionKey, Task> BeforePartition { get; set; } = _ => Task.CompletedTask;

    /// <summary>What a call to the catalog answers instead of being made; null lets it through.</summary>
    public Func<CatalogResult?> CatalogFault { get; set; } = () => null;

    /// <summary>Calls to partitions that are under way now, and the most that ever were.</summary>
    public (int Now, int Most) Calls { get; private set; }

    /// <summary>Whether the cluster's feature level has reports of partitions.</summary>
    public bool HasReports { get; set; }

    /// <summary>The partitions that their topics have called to apply retention, in order.</summary>
    public List<PartitionKey> Retained { get; } = [];

    /// <summary>The topics of which the brokers were told that other brokers lead their partitions.</summary>
    public List<TopicId> ToldOfLeaders { get; } = [];

    /// <summary>The brokers of the cluster; none at first.</summary>
    public List<BrokerPlace> BrokersServing { get; } = [];

    public TopicDriver Topic(string name) => Topic(TopicName.Parse(name));

    public TopicResult Create(string name, int partitions = 1, params (string Name, string Value)[] configs) =>
        Thread.Finish(() => Topic(name).CreateAsync(Request(partitions, configs)));

    public TopicResult Alter(string name, params (string Name, string? Value)[] changes) =>
        Thread.Finish(() => Topic(name).AlterConfigsAsync(
            new AlterConfigsRequest([.. changes.Select(change => KeyValuePair.Create(change.Name, change.Value))], false)));

    public TopicResult Delete(string name) => Thread.Finish(() => Topic(name).DeleteAsync());

    public TopicResult Describe(string name) => Thread.Finish(() => Topic(name).DescribeAsync());

    public PartitionSettingsResult Settings(string name, TopicId id, int partition) =>
        Thread.Finish(() => Topic(name).SettingsAsync(id, partition));

    public void Advance(TimeSpan time) => Thread.After(() => Time.Advance(time));

    public string List() => string.Join(' ', Thread.Finish(() => Catalog.ListAsync("", 1_000)).Names);

    public void Settle() => Thread.Finish(async () =>
    {
        await Catalog.SettleAsync();
        return true;
    });

    public void Sweep() => Thread.Finish(async () =>
    {
        await _sweep.RunAsync();
        await Catalog.ReconcileAsync();
        return true;
    });

    /// <summary>What an audit finds in the store.</summary>
    public IReadOnlyList<LogFinding> Audit() => Thread.Finish(() => LogAudit.FindAsync(Storage, Storage, Time));

    /// <summary>What the silo does at each check of retention.</summary>
    public void Retain() => Thread.Finish(async () =>
    {
        var open = new List<(PartitionDriver, PartitionReport)>();
        foreach (var partition in _partitions.Values.ToList())
        {
            if (await partition.RetainAsync() is { } report)
            {
                open.Add((partition, report));
            }
        }

        if (HasReports)
        {
            await _reports.SendAsync(open);
            await Catalog.RetainAsync();
        }

        return true;
    });

    /// <summary>What the silo does at each check of compaction.</summary>
    public void Compact() => Thread.Finish(async () =>
    {
        foreach (var partition in _partitions.Values.Where(partition => partition.IsCompacted).ToList())
        {
            await partition.CompactAsync();
        }

        return true;
    });

    /// <summary>Closes every partition, as the silo does with those that are not used.</summary>
    public void CloseAll()
    {
        foreach (var partition in _partitions.Keys.ToList())
        {
            Close(partition);
        }
    }

    /// <summary>Closes a partition, as the silo does with one that is not used.</summary>
    public void Close(PartitionKey partition) => Thread.Finish(async () =>
    {
        await Partition(partition).DisposeAsync();
        return true;
    });

    /// <summary>Ends every activation of a topic, as the silo does with one that is not used.</summary>
    public void CloseTopic(string name) => Thread.Finish(async () =>
    {
        _topics.Remove(TopicName.Parse(name), out var topic);
        await topic!.DisposeAsync();
        return true;
    });

    public AppendResult Append(PartitionKey partition, ReadOnlyMemory<byte> batch) =>
        Thread.Finish(() => Partition(partition).AppendAsync(new AppendRequest(batch, Acks.All)).AsTask());

    public AppendResult Append(PartitionKey partition, string value) =>
        Thread.Finish(() => Partition(partition).AppendAsync(new AppendRequest(Batch.Of(value), Acks.All)).AsTask());

    public string Read(PartitionKey partition) => Batch.Text(Fetch(partition));

    public PartitionOffsets Offsets(PartitionKey partition) => Thread.Finish(() => Partition(partition).OffsetsAsync().AsTask());

    public FetchResult Fetch(PartitionKey partition) =>
        Thread.Finish(() => Partition(partition).FetchAsync(new FetchRequest(Offset.Zero, 1_000_000, 0, TimeSpan.Zero), default).AsTask());

    public static CreateTopicRequest Request(int partitions, params (string Name, string Value)[] configs) =>
        new(partitions, -1, [.. configs.Select(config => KeyValuePair.Create(config.Name, config.Value))], false);

    public static PartitionKey Key(TopicResult topic, int partition) => new(topic.Topic!.Name, topic.Topic.Id, partition);

    public async ValueTask<CatalogResult> Announce(TopicName topic, bool validateOnly) =>
        CatalogFault() ?? await Catalog.AnnounceAsync(topic, validateOnly);

    public async ValueTask<CatalogResult> Record(TopicName topic, bool exists) =>
        CatalogFault() ?? await Catalog.RecordAsync(topic, exists);

    public async ValueTask<ErrorCode> Configure(PartitionKey partition, PartitionSettings settings) =>
        await Call(partition, driver => Task.FromResult(driver.Configure(settings)));

    public async ValueTask<ErrorCode> Delete(PartitionKey partition) => await Call(partition, driver => driver.DeleteAsync());

    public IReadOnlyList<int> Serving => [.. BrokersServing.Select(broker => broker.Id)];

    public ValueTask<IReadOnlyCollection<BrokerPlace>> Brokers() => new([.. BrokersServing]);

    public ValueTask LeadersChanged(TopicId topic)
    {
        ToldOfLeaders.Add(topic);
        return default;
    }

    public async ValueTask<ErrorCode> Settle(TopicName topic) => (await Topic(topic).SettleAsync()).Error;

    public async ValueTask<RetainResult> Retain(PartitionKey partition)
    {
        Retained.Add(partition);
        var result = new RetainResult(ErrorCode.RequestTimedOut, null);
        await Call(partition, async driver => (result = await driver.OpenAndRetainAsync()).Error);
        return result;
    }

    public ValueTask<ErrorCode> RetainWithin(TopicName topic, TimeSpan wait)
    {
        Catalog.RetainWithin(topic, wait);
        return new(ErrorCode.None);
    }

    public ValueTask<bool> HaveReports() => new(HasReports);

    public async ValueTask<TopicRetainResult> Retain(TopicName topic, int max) => await Topic(topic).RetainAsync(max);

    private async Task<ErrorCode> Call(PartitionKey partition, Func<PartitionDriver, Task<ErrorCode>> call)
    {
        Calls = (Calls.Now + 1, Math.Max(Calls.Most, Calls.Now + 1));
        await Task.Yield();
        await BeforePartition(partition);
        var error = PartitionFault(partition) ?? await call(Partition(partition));
        Calls = (Calls.Now - 1, Calls.Most);
        return error;
    }

    private TopicDriver Topic(TopicName name)
    {
        if (!_topics.TryGetValue(name, out var topic))
        {
            topic = new TopicDriver(
                name, Journal($"topic/{name}"), this, () => new TopicId(NewId()), new TopicDriverOptions(DefaultPartitions: 1, Parallelism: 8, MaxAge),
                Time, NullLogger.Instance, new TestActivation(() => _topics.Remove(name)));
            _topics.Add(name, topic);
        }

        return topic;
    }

    private PartitionDriver Partition(PartitionKey key)
    {
        if (!_partitions.TryGetValue(key, out var partition))
        {
            var log = new PartitionLog(Storage, $"{key.Id}/{key.Partition}", NewId(), _log, _cache, Time);
            partition = new PartitionDriver(
                key, log, async of => await Topic(of.Topic).SettingsAsync(of.Id, of.Partition),
                new SchedulerTurnQueue(Thread),
                new PartitionDriverOptions(
                    1 << 20, 1 << 20, TimeSpan.FromSeconds(5), MaxAge, MemoryQuota.Unlimited(), new Computations(1, Thread),
                    new CompactionBudget(1 << 20, long.MaxValue, Time), new KeyIndexMemory(1 << 20, _metrics), _reports),
                Time, _metrics, NullLogger.Instance,
                () => _partitions.Remove(key));
            _partitions.Add(key, partition);
        }

        return partition;
    }

    private JournalSource Journal(string name) => new(
        name, id => new Journal(Storage, id, NewId(), new JournalOptions { SnapshotAfterBytes = 500, Listing = Storage }, Time));

    private static Guid NewId() => new(Interlocked.Increment(ref _ids), 1, 1, new byte[8]);
}
