using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using Loire.Grains.Interfaces.Brokers;
using Loire.Grains.Interfaces.Consumers;
using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.TestKit.Fakes;

/// <summary>
/// The grain contracts in memory, for what the real ones cannot be brought to do on command: fail in a certain way, answer late, or not answer.
/// </summary>
public sealed class FakeCluster
{
    private readonly ConcurrentDictionary<string, FakeTopic> _topics = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, FakePartition> _partitions = new(StringComparer.Ordinal);

    private readonly ConcurrentDictionary<string, FakeGroup> _groups = new(StringComparer.Ordinal);

    private readonly ConcurrentDictionary<string, FakeConsumer> _consumers = new(StringComparer.Ordinal);

    private readonly ConcurrentDictionary<string, FakeTransaction> _transactions = new(StringComparer.Ordinal);

    public FakeCluster()
    {
        Factory = DispatchProxy.Create<IGrainFactory, FactoryProxy>();
        ((FactoryProxy)(object)Factory).Cluster = this;
    }

    /// <summary>What the API is given.</summary>
    public IGrainFactory Factory { get; }

    public FakeTopic AddTopic(string name, int partitions = 1, int maxMessageBytes = Limits.DefaultMaxMessageBytes)
    {
        var topic = Topic(name);
        topic.Define(partitions, maxMessageBytes);
        return topic;
    }

    public FakePartition Partition(string topic, int partition) =>
        Partition(new PartitionKey(TopicName.Parse(topic), Topic(topic).Id, partition).ToString());

    /// <summary>What each list of groups answers instead, if it is set.</summary>
    public ErrorCode? GroupCatalogError { get; set; }

    /// <summary>The cluster as its brokers have registered: one that runs.</summary>
    public ClusterDescription Description { get; set; } = new(
        "loire", [new(0, 1, BrokerState.Running, null, "http://127.0.0.1:8080", "S127.0.0.1:11111:1", "1.0.0", new Timestamp(1_767_225_600_000), new FeatureRange(0, 1))],
        FeatureLevel: 1);

    /// <summary>The group of this id, which need not exist yet.</summary>
    public FakeGroup Group(string id) => _groups.GetOrAdd(id, key => new FakeGroup(key));

    /// <summary>The consumer of this id in a group, which need not exist yet.</summary>
    public FakeConsumer Consumer(string group, string id) => Consumer(new ConsumerKey(group, id).ToString());

    /// <summary>What each list of transactional ids answers instead, if it is set.</summary>
    public ErrorCode? TransactionCatalogError { get; set; }

    /// <summary>The coordinator of this id, which need not be in use yet.</summary>
    public FakeTransaction Transaction(string id) => _transactions.GetOrAdd(id, key => new FakeTransaction(key));

    internal IEnumerable<FakeTransaction> Transactions => _transactions.Values;

    internal IEnumerable<FakeGroup> Groups => _groups.Values.Where(group => group.Exists);

    internal IEnumerable<FakeTopic> Topics => _topics.Values.Where(topic => topic.Exists);

    /// <summary>Called with each consumer that is asked for the first time.</summary>
    public Action<FakeConsumer>? OnConsumer { get; set; }

    private FakeConsumer Consumer(string key) => _consumers.GetOrAdd(key, id =>
    {
        var consumer = new FakeConsumer(id);
        OnConsumer?.Invoke(consumer);
        return consumer;
    });

    private FakeTopic Topic(string name) => _topics.GetOrAdd(name, key => new FakeTopic(key));

    private FakePartition Partition(string key) => _partitions.GetOrAdd(key, _ => new FakePartition());

    private IGrain Find(Type contract, string key) =>
        contract == typeof(ITopicGrain) ? Topic(key)
        : contract == typeof(IPartitionGrain) ? Partition(key)
        : contract == typeof(IGroupGrain) ? Group(key)
        : contract == typeof(IConsumerGrain) ? Consumer(key)
        : contract == typeof(IGroupCatalogGrain) ? new FakeGroupCatalog(this, int.Parse(key, CultureInfo.InvariantCulture))
        : contract == typeof(ITransactionGrain) ? Transaction(key)
        : contract == typeof(ITransactionCatalogGrain) ? new FakeTransactionCatalog(this, int.Parse(key, CultureInfo.InvariantCulture))
        : contract == typeof(IBrokerGrain) ? new FakeBroker(this)
        : contract == typeof(IClusterGrain) ? new FakeClusterGrain(this)
        : contract == typeof(IProducerIdGrain) ? (HasProducerIds ? new FakeProducerIds(this) : throw new ArgumentException("Could not find an implementation."))
        : new FakeCatalog(this);

    /// <summary>What brokers answer to fetches.</summary>
    public Func<BrokerFetchRequest, Task<BrokerFetchResult>>? OnBrokerFetch { get; set; }

    /// <summary>Whether the cluster knows the grain that gives producer ids; clusters of earlier versions do not.</summary>
    public bool HasProducerIds { get; set; } = true;

    /// <summary>Awaited by each request for a producer id, with its number; what it returns is the answer if it is an error.</summary>
    public Func<int, Task<ErrorCode>>? BeforeProducerId { get; set; }

    /// <summary>Requests for a producer id so far, each of which gives another one.</summary>
    public int ProducerIds => Volatile.Read(ref _producerIds);

    private int _producerIds;

    private sealed class FakeProducerIds(FakeCluster cluster) : IProducerIdGrain
    {
        public async ValueTask<ProducerIdResult> Next()
        {
            var number = Interlocked.Increment(ref cluster._producerIds) - 1;
            return cluster.BeforeProducerId is { } before && await before(number) is var error && error != ErrorCode.None
                ? new ProducerIdResult(error, ProducerIdentity.None)
                : new ProducerIdResult(ErrorCode.None, new ProducerIdentity(1_000 + number, 0));
        }
    }

    private sealed class FakeBroker(FakeCluster cluster) : IBrokerGrain
    {
        public async ValueTask<BrokerFetchResult> Fetch(BrokerFetchRequest request, CancellationToken cancellation) =>
            await (cluster.OnBrokerFetch ?? throw new NotSupportedException())(request);

        public ValueTask<ErrorCode> Drain() => new(ErrorCode.PolicyViolation);

        public ValueTask Leaving(SiloAddress silo) => default;

        public ValueTask LeadersChanged(TopicId topic) => default;
    }

    private sealed class FakeClusterGrain(FakeCluster cluster) : IClusterGrain
    {
        public ValueTask<ClusterDescription> Describe() => new(cluster.Description);

        public ValueTask<ErrorCode> Remove(int brokerId)
        {
            var broker = cluster.Description.Brokers.FirstOrDefault(known => known.Id == brokerId);
            if (cluster.Description.Problem is not null || broker is null or { State: BrokerState.Running })
            {
                return new(cluster.Description.Problem is not null ? ErrorCode.KafkaStorageError
                    : broker is null ? ErrorCode.BrokerIdNotRegistered : ErrorCode.PolicyViolation);
            }

            cluster.Description = cluster.Description with { Brokers = [.. cluster.Description.Brokers.Where(known => known != broker)] };
            return new(ErrorCode.None);
        }

        public ValueTask<UpgradeClusterResult> Upgrade(int? level, bool validateOnly)
        {
            var (before, unable) = (cluster.Description.FeatureLevel, cluster.Description.Brokers.FirstOrDefault(broker => broker.Features is null));
            var after = level ?? cluster.Description.Brokers.Select(broker => broker.Features?.Highest ?? 0).DefaultIfEmpty().Min();
            if (cluster.Description.Problem is not null || unable is not null || after < before)
            {
                return new(new UpgradeClusterResult(
                    cluster.Description.Problem is not null ? ErrorCode.KafkaStorageError
                    : unable is not null ? ErrorCode.FeatureUpdateFailed : ErrorCode.InvalidUpdateVersion,
                    "It is not raised.",
                    before,
                    before));
            }

            if (!validateOnly)
            {
                cluster.Description = cluster.Description with { FeatureLevel = after };
            }

            return new(new UpgradeClusterResult(ErrorCode.None, null, before, after));
        }
    }

    /// <summary>A proxy, because the two Orleans runtimes give the interface different members, of which the API uses one.</summary>
    public class FactoryProxy : DispatchProxy
    {
        public FakeCluster Cluster { get; set; } = null!;

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => Cluster.Find(targetMethod!.GetGenericArguments()[0], Convert.ToString(args![0], CultureInfo.InvariantCulture)!);
    }
}
