using Loire.Edge.Calls;
using Loire.Grains.Interfaces.Brokers;
using Loire.Kafka.Requests;
using Microsoft.Extensions.Options;

namespace Loire.Kafka.Handlers.Cluster;

/// <summary>A broker that clients can reach.</summary>
/// <param name="Id">The broker's id, at least 0.</param>
/// <param name="Address">Where clients reach it.</param>
/// <param name="Rack">The rack in which it runs; null if it has none.</param>
internal sealed record ReachableBroker(int Id, AdvertisedAddress Address, string? Rack);

/// <summary>The cluster as clients are told of it.</summary>
/// <param name="ClusterId">Its name.</param>
/// <param name="Self">The node that answers, at the address of the listener that was asked.</param>
/// <param name="All">Every broker that clients can reach, this one included, in the order of their ids.</param>
internal sealed record ReachableBrokers(string ClusterId, ReachableBroker Self, IReadOnlyList<ReachableBroker> All)
{
    /// <summary>Whom clients ask for changes. Every node takes them; all name the same one, so that clients see no change of controllers.</summary>
    public int ControllerId => All[0].Id;

    /// <summary>
    /// Whom clients ask for a partition: the broker that leads it, or the node that answers if clients cannot reach that one, since any node serves any partition.
    /// </summary>
    public int LeaderFor(int leader) => All.Any(broker => broker.Id == leader) ? leader : Self.Id;
}

/// <summary>
/// The brokers that clients can reach, looked up at most once in <see cref="MaxAge"/>. If the registry cannot be read, what was known last is told; this node itself is
/// always among them. A broker without an address for Kafka's clients is left out. A client of a node's second listener gets the other nodes' second listeners.
/// </summary>
/// <param name="grains">Reaches the registry.</param>
/// <param name="options">Says which broker this node is.</param>
/// <param name="time">The clock.</param>
internal sealed class Brokers(IGrainFactory grains, IOptions<KafkaEndpointOptions> options, TimeProvider time)
{
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(1);

    /// <summary>What clients are told who ask before the registry could be read.</summary>
    private const string UnknownCluster = "loire";

    private readonly Lock _lock = new();
    private Lookup _last = new(new ClusterDescription(null, []), null);
    private Task<Lookup>? _asking;

    /// <summary>The brokers as a client of a listener sees them.</summary>
    /// <param name="own">Where the client reaches this node.</param>
    public async ValueTask<ReachableBrokers> FindAsync(AdvertisedAddress own)
    {
        var cluster = (await LookUpAsync()).Cluster;
        var mine = Array.Find(cluster.Brokers, broker => broker.Id == options.Value.NodeId);
        var self = new ReachableBroker(options.Value.NodeId, own, mine?.Rack);
        var listener = Math.Max(0, Array.IndexOf(AddressesOf(mine), own.ToString()));
        return new ReachableBrokers(
            cluster.ClusterId ?? UnknownCluster, self,
            [.. cluster.Brokers.Where(broker => broker.State == BrokerState.Running && broker.Id != self.Id)
                .Select(broker => Find(broker, listener)).OfType<ReachableBroker>().Append(self).OrderBy(broker => broker.Id)]);
    }

    /// <summary>The broker at its listener that has the same place; at its first if it has fewer, and null if it has none.</summary>
    private static ReachableBroker? Find(BrokerDescription broker, int listener)
    {
        var addresses = AddressesOf(broker);
        var text = listener < addresses.Length ? addresses[listener] : addresses.FirstOrDefault();
        return text is not null && AdvertisedAddress.TryParse(text, out var address) ? new ReachableBroker(broker.Id, address, broker.Rack) : null;
    }

    private static string[] AddressesOf(BrokerDescription? broker) => broker?.Kafka?.Split(',') ?? [];

    private ValueTask<Lookup> LookUpAsync()
    {
        lock (_lock)
        {
            return _last.AskedAt is { } at && time.GetElapsedTime(at) < MaxAge ? new(_last) : new(_asking ??= AskAsync());
        }
    }

    private async Task<Lookup> AskAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var askedAt = time.GetTimestamp();
        ClusterDescription? answer = null;
        try
        {
            answer = await grains.GetGrain<IClusterGrain>(IClusterGrain.Key).Describe();
        }
        catch (Exception failure) when (GrainCallErrors.Of(failure) is not null)
        {
        }

        finally
        {
            lock (_lock)
            {
                // Whatever went wrong, the next caller asks again.
                _asking = null;
                _last = new Lookup(answer is { Problem: null } ? answer : _last.Cluster, askedAt);
            }
        }

        return _last;
    }

    private sealed record Lookup(ClusterDescription Cluster, long? AskedAt);
}
