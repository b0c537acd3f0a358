using Loire.Grains.Groups;
using Loire.Grains.Journals;
using Loire.Grains.Partitions;
using Loire.Grains.Topics;
using Loire.Grains.Turns;
using Loire.Log;
using Loire.Log.Chains;
using Loire.Log.Journals;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.Coordination.Groups.Assignors;
using Loire.Coordination.Groups.Membership;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Storage;

namespace Loire.Grains.Hosting;

/// <summary>Makes an identity that was never used before.</summary>
public delegate Guid NewId();

/// <summary>Joins drivers to the silo's storage, clock and peers. One per silo.</summary>
public sealed class DriverFactory(
    [FromKeyedServices(LogStorage.ProviderName)] IGrainStorage storage,
    IOptions<LoireGrainsOptions> options,
    ObjectCache cache,
    TimeProvider time,
    NewId newId,
    PartitionMetrics metrics,
    IEnumerable<IAssignor> assignors,
    ILoggerFactory loggers)
{
    private readonly LoireGrainsOptions _options = options.Value;
    private readonly PartitionDriverOptions _partitionOptions =
        new(options.Value.PartitionLog.PendingBytes, options.Value.PartitionLog.PendingBytes, options.Value.RoomWait);

    private readonly ILogger _partitionLogger = loggers.CreateLogger<PartitionDriver>();
    private readonly ILogger _topicLogger = loggers.CreateLogger<TopicDriver>();
    private readonly ILogger _catalogLogger = loggers.CreateLogger<CatalogDriver>();
    private readonly ILogger _groupLogger = loggers.CreateLogger<GroupDriver>();
    private readonly AssignorRegistry _assignors = new(assignors);
    private GroupGateway? _groupNeighbours;

    /// <summary>How long after an interruption the catalog settles a topic.</summary>
    public TimeSpan SettleInterval => _options.SettleInterval;

    /// <summary>How often the groups of a catalog are looked at.</summary>
    public TimeSpan SweepInterval => _options.Groups.SweepInterval;

    /// <summary>The driver of a partition.</summary>
    /// <param name="key">Which partition.</param>
    /// <param name="grains">Reaches its topic.</param>
    /// <param name="turns">The turns of its activation.</param>
    /// <param name="drop">Asked once for the driver to be disposed of and forgotten.</param>
    public PartitionDriver Partition(PartitionKey key, IGrainFactory grains, ITurnQueue turns, Action drop)
    {
        var log = new PartitionLog(storage, $"{key.Id}/{key.Partition}", newId(), _options.PartitionLog, cache, time);
        var peers = new GrainGateway(grains, _partitionLogger);
        return new PartitionDriver(key, log, peers.Settings, turns, _partitionOptions, time, metrics, _partitionLogger, drop);
    }

    /// <summary>The driver of a topic.</summary>
    /// <param name="name">Which topic.</param>
    /// <param name="grains">Reaches its partitions and the catalog.</param>
    /// <param name="activation">Of the grain that holds the driver.</param>
    public TopicDriver Topic(TopicName name, IGrainFactory grains, IActivation activation) => new(
        name, Journal($"topic/{name}"), new GrainGateway(grains, _topicLogger), newId,
        new TopicDriverOptions(_options.DefaultPartitions, _options.TopicParallelism), _topicLogger, activation);

    /// <summary>The driver of the catalog.</summary>
    /// <param name="grains">Reaches the topics.</param>
    public CatalogDriver Catalog(IGrainFactory grains) => new(
        Journal("catalog"), new GrainGateway(grains, _catalogLogger), _options.TopicParallelism, _catalogLogger);

    /// <summary>The driver of a consumer group.</summary>
    /// <param name="id">Which group; a legal id.</param>
    /// <param name="grains">Reaches its topics and its catalog.</param>
    /// <param name="turns">The turns of its activation.</param>
    /// <param name="wakeAfter">Asked to have the driver woken once after a time.</param>
    /// <param name="activation">Of the grain that holds the driver.</param>
    public GroupDriver Group(
        GroupId id, IGrainFactory grains, ITurnQueue turns, Action<TimeSpan> wakeAfter, IActivation activation) => new(
        id, Journal(GroupJournalName.Of(id)), () => new GroupMachine(_assignors, _options.Groups.Members), GroupGateway(grains), turns,
        _options.Groups, time, _groupLogger, wakeAfter, activation);

    /// <summary>The driver of one part of the catalog of groups.</summary>
    /// <param name="shard">Which part.</param>
    /// <param name="grains">Reaches the groups.</param>
    public GroupCatalogDriver GroupCatalog(int shard, IGrainFactory grains) => new(
        Journal($"groups/{shard}"), GroupGateway(grains).Expire, _groupLogger);

    private GroupGateway GroupGateway(IGrainFactory grains) =>
        Volatile.Read(ref _groupNeighbours)
        ?? Interlocked.CompareExchange(
            ref _groupNeighbours, new GroupGateway(grains, _options.Groups.OffsetsTopicPartitions, _groupLogger), null)
        ?? _groupNeighbours;

    private JournalSource Journal(string name) => new(
        name, NameAsJournalKey.Instance, logId => new Journal(storage, logId, newId(), _options.Journal, time));
}
