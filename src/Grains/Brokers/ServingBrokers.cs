using System.Collections.Immutable;
using System.Globalization;
using Loire.Coordination.Brokers;
using Loire.Coordination.Placement;

namespace Loire.Grains.Brokers;

/// <summary>
/// The brokers that may hold grains, as this silo sees the cluster: active members whose name is that of a broker, without those that drain.
/// Thread-safe.
/// </summary>
internal sealed class ServingBrokers(IClusterMembershipService membership, ILocalSiloDetails self, IClusterRoot root)
{
    private const string NamePrefix = "broker-";

    private volatile View? _view;
    private volatile BrokerRegistry? _registry;
    private ImmutableHashSet<SiloAddress> _leaving = [];

    /// <summary>Whether this silo gives up its grains.</summary>
    public bool IsDraining => IsLeaving(self.SiloAddress);

    /// <summary>The brokers in ascending order of their ids; empty if the silos are not brokers.</summary>
    public ImmutableArray<ServingBroker> All => Current().Brokers;

    /// <summary>The name of a broker's silo, by which every silo knows where a broker is.</summary>
    public static string SiloNameOf(int brokerId) => string.Create(CultureInfo.InvariantCulture, $"{NamePrefix}{brokerId}");

    /// <summary>Whether a silo gives up its grains.</summary>
    public bool IsLeaving(SiloAddress silo) => Volatile.Read(ref _leaving).Contains(silo);

    /// <summary>Whether a broker is this silo.</summary>
    public bool IsSelf(ServingBroker broker) => broker.Silo.Equals(self.SiloAddress);

    /// <summary>
    /// Takes a silo out of the brokers that may hold grains. It does not come back: a silo that drains is about to stop, and the next start of the
    /// broker is another silo.
    /// </summary>
    public void Exclude(SiloAddress silo) => ImmutableInterlocked.Update(ref _leaving, static (leaving, silo) => leaving.Add(silo), silo);

    /// <summary>Takes this silo out of the brokers that may hold grains.</summary>
    public void ExcludeSelf() => Exclude(self.SiloAddress);

    /// <summary>
    /// The brokers that a topic may record as preferred leaders, with their racks. None below the feature level of
    /// <see cref="FeatureLevels.PreferredLeaders"/>, or while the level is not known.
    /// </summary>
    public async ValueTask<IReadOnlyCollection<BrokerPlace>> PlacesAsync()
    {
        var brokers = All;
        if (brokers.IsEmpty)
        {
            return [];
        }

        if (!HasLevel(FeatureLevels.PreferredLeaders) || (brokers.Length > 1 && !brokers.All(broker => RecordOf(broker) is not null)))
        {
            await ReadRegistryAsync();
        }

        return !HasLevel(FeatureLevels.PreferredLeaders) ? [] : [.. brokers.Select(broker => new BrokerPlace(broker.Id, RecordOf(broker)?.Rack))];
    }

    /// <summary>Whether the cluster has a feature level; not while that cannot be known, and never where the silos are not brokers.</summary>
    public async ValueTask<bool> HaveLevelAsync(int level)
    {
        if (!HasLevel(level) && !All.IsEmpty)
        {
            await ReadRegistryAsync();
        }

        return HasLevel(level);
    }

    /// <summary>Whether the store answers, and has a feature level.</summary>
    public async ValueTask<bool> ReadLevelAsync(int level) => await ReadRegistryAsync() && HasLevel(level);

    // The level is never lowered, so only one that is too low may be out of date.
    private bool HasLevel(int level) => _registry?.FeatureLevel >= level;

    private async Task<bool> ReadRegistryAsync()
    {
        try
        {
            _registry = await BrokerRegistration.ReadAsync(root);
            return true;
        }
        catch (Exception)
        {
            // Storage that fails keeps no topic from being created; its partitions are spread without regard to racks, or not at all.
            return false;
        }
    }

    private BrokerRecord? RecordOf(ServingBroker broker) =>
        _registry?.Brokers.GetValueOrDefault(broker.Id) is { } record && record.Silo == broker.Silo.ToParsableString() ? record : null;

    private View Current()
    {
        var (members, leaving) = (membership.CurrentSnapshot, Volatile.Read(ref _leaving));
        return _view is { } known && known.Version == members.Version && known.Leaving == leaving
            ? known
            : _view = new View(members.Version, leaving, [.. Brokers(members, leaving).OrderBy(broker => broker.Id)]);
    }

    private static IEnumerable<ServingBroker> Brokers(ClusterMembershipSnapshot members, ImmutableHashSet<SiloAddress> leaving)
    {
        foreach (var (address, member) in members.Members)
        {
            if (member.Status == SiloStatus.Active
                && !leaving.Contains(address)
                && member.Name?.StartsWith(NamePrefix, StringComparison.Ordinal) == true
                && int.TryParse(member.Name.AsSpan(NamePrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            {
                yield return new ServingBroker(id, address);
            }
        }
    }

    private sealed record View(MembershipVersion Version, ImmutableHashSet<SiloAddress> Leaving, ImmutableArray<ServingBroker> Brokers);
}

/// <summary>A broker that may hold grains.</summary>
/// <param name="Id">The broker's id.</param>
/// <param name="Silo">The silo that it is now.</param>
internal readonly record struct ServingBroker(int Id, SiloAddress Silo);
