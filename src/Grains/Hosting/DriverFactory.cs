using Loire.Coordination.Brokers;
using Loire.Coordination.Groups.Assignors;
using Loire.Coordination.Groups.Classic;
using Loire.Coordination.Groups.Membership;
using Loire.Grains.Brokers;
using Loire.Grains.Groups;
using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Interfaces.Transactions;
using Loire.Grains.Journals;
using Loire.Grains.Partitions;
using Loire.Grains.Topics;
using Loire.Grains.Transactions;
using Loire.Grains.Turns;
using Loire.Log;
using Loire.Log.Audits;
using Loire.Log.Chains;
using Loire.Log.Journals;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.Model.Memory;
using Loire.Model.Transactions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Storage;

namespace Loire.Grains.Hosting;

/// <summary>Creates an id that was never used before.</summary>
public delegate Guid NewId();

/// <summary>Creates drivers and joins them to the silo's storage, clock and grains. One per silo.</summary>
internal sealed class DriverFactory(
    [FromKeyedServices(LogStorage.ProviderName)] IGrainStorage storage,
    IOptions<LoireGrainsOptions> options,
    ObjectCache cache,
    IGrainFactory grains,
    ServingBrokers brokers,
    TimeProvider time,
    NewId newId,
    PartitionMetrics metrics,
    PartitionReports reports,
    IEnumerable<IAssignor> assignors,
    LogMetrics logMetrics,
    IProducerIds producerIds,
    ILoggerFactory loggers,
    BrokerRegistration? registration = null) : IPartitionDrivers, ITopicDrivers, IGroupDrivers, ITransactionDrivers
{
    private readonly LoireGrainsOptions _options = options.Value;
    private readonly IObjectListing? _listing = options.Value.Journal.Listing;
    private readonly PartitionDriverOptions _partitionOptions =
        new(
            options.Value.PartitionLog.PendingBytes, options.Value.PartitionLog.PendingBytes, options.Value.RoomWait,
            options.Value.MaxStaleness / 2, new MemoryQuota(options.Value.AppendBytes), new Computations(Environment.ProcessorCount),
            new CompactionBudget(options.Value.CompactionMemoryBytes, options.Value.CompactionBytesPerSecond, time),
            new KeyIndexMemory(options.Value.KeyIndexBytes, metrics), reports,
            () => brokers.HaveLevelAsync(FeatureLevels.StoredTables), registration?.BrokerId ?? -1)
        {
            ProducerExpiration = options.Value.ProducerExpiration,
            Enlist = new GrainGateway(grains, brokers, loggers.CreateLogger<PartitionDriver>()).Enlist,
            TransactionsAllowed = () => brokers.HaveLevelAsync(FeatureLevels.Transactions),
        };

    private readonly ILogger _partitionLogger = loggers.CreateLogger<PartitionDriver>();
    private readonly ILogger _topicLogger = loggers.CreateLogger<TopicDriver>();
    private readonly ILogger _catalogLogger = loggers.CreateLogger<CatalogDriver>();
    private readonly ILogger _groupLogger = loggers.CreateLogger<GroupDriver>();
    private readonly ILogger _transactionLogger = loggers.CreateLogger<TransactionDriver>();
    private readonly TransactionGateway _transactionGateway = new(grains, loggers.CreateLogger<TransactionDriver>());
    private readonly AssignorRegistry _assignors = new(assignors);
    private readonly GroupGateway _groupGateway =
        new(grains, options.Value.Groups.OffsetsTopicPartitions, new TopicWatches(grains, time), loggers.CreateLogger<GroupDriver>());

    public TimeSpan SettleInterval => _options.SettleInterval;

    public TimeSpan StoreSweepInterval => _options.StoreSweepInterval;

    public TimeSpan SweepInterval => _options.Groups.SweepInterval;

    public PartitionDriver Partition(PartitionKey key, ITurnQueue turns, Action drop)
    {
        var log = new PartitionLog(storage, $"{key.Id}/{key.Partition}", newId(), _options.PartitionLog, cache, time);
        var peers = new GrainGateway(grains, brokers, _partitionLogger);
        return new PartitionDriver(key, log, peers.Settings, turns, _partitionOptions, time, metrics, _partitionLogger, drop);
    }

    public TopicDriver Topic(TopicName name, IActivation activation) => new(
        name, Journal(TopicJournalName.Of(name)), new GrainGateway(grains, brokers, _topicLogger), () => new TopicId(newId()),
        new TopicDriverOptions(_options.DefaultPartitions, _options.TopicParallelism, MaxAge), time, _topicLogger, activation);

    public CatalogDriver Catalog() => new(
        Journal("catalog"), new GrainGateway(grains, brokers, _catalogLogger), _options.TopicParallelism, MaxAge, time, _catalogLogger, StoredTopics(),
        logMetrics.CountRebuilt);

    public Task SweepStoreAsync() => _listing is { } listing && StoredTopics() is { } topics
        ? new StoreSweep(new LogSweep(listing, storage, time), topics, _catalogLogger).RunAsync() : Task.CompletedTask;

    public GroupDriver Group(GroupId id, ITurnQueue turns, Action<TimeSpan> wakeAfter, IActivation activation) => new(
        id, Journal(GroupJournalName.Of(id)),
        () => new StoredGroup(new GroupMachine(_assignors, _options.Groups.Members), new ClassicGroupMachine(_options.Groups.Members)), _groupGateway,
        new GroupFeatures(
            () => brokers.HaveLevelAsync(FeatureLevels.Transactions), () => brokers.HaveLevelAsync(FeatureLevels.ClassicGroups)),
        () => newId(), turns, _options.Groups, time, _groupLogger, wakeAfter, activation);

    public GroupCatalogDriver Catalog(int shard) => new(
        Journal($"groups/{shard}"), _groupGateway.Expire, MaxAge, _groupLogger,
        _listing is { } listing ? new StoredGroups(listing, Journal, id => id.Place(IGroupCatalogGrain.Shards) == shard) : null,
        logMetrics.CountRebuilt);

    public TransactionDriver Transaction(TransactionalId id, ITurnQueue turns, Action<TimeSpan> wakeAfter, IActivation activation) => new(
        id, Journal(TransactionJournalName.Of(id)), _transactionGateway, producerIds.NextAsync, () => brokers.HaveLevelAsync(FeatureLevels.Transactions), turns,
        _options.Transactions, time, _transactionLogger, wakeAfter, activation);

    public TransactionCatalogDriver TransactionCatalog(int shard) => new(
        Journal($"transactions/{shard}"), _transactionGateway.Expire, _options.Transactions, MaxAge, time, _transactionLogger,
        _listing is { } listing
            ? new StoredTransactionalIds(listing, Journal, id => id.Place(ITransactionCatalogGrain.Shards) == shard) : null,
        logMetrics.CountRebuilt);

    /// <summary>Has the catalogs of transactional ids look after them.</summary>
    public Task SweepTransactions() => _transactionGateway.Sweep();

    // A state of this age may be returned at once, so a reader that waits sees a change within twice this time.
    private TimeSpan MaxAge => _options.MaxStaleness / 2;

    private StoredTopics? StoredTopics() => _listing is { } listing ? new StoredTopics(listing, Journal, _options.TopicParallelism) : null;

    private JournalSource Journal(string name) => new(
        name, logId => new Journal(storage, logId, newId(), _options.Journal, time));
}
