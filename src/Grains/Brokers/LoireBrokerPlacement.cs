using System.Globalization;
using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace Loire.Grains.Brokers;

/// <summary>Places a grain whose key is the id of a broker on that broker.</summary>
[GenerateSerializer, Immutable, SuppressReferenceTracking, Alias("loire.BrokerPlacement")]
public sealed class LoireBrokerPlacement : PlacementStrategy
{
    internal static LoireBrokerPlacement Instance { get; } = new();
}

/// <summary>Places a grain whose key is the id of a broker on that broker.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class BrokerPlacementAttribute() : PlacementAttribute(LoireBrokerPlacement.Instance);

/// <summary>There is no second choice: a broker that does not serve cannot be called.</summary>
internal sealed class BrokerPlacementDirector(IClusterMembershipService membership) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var silos = context.GetCompatibleSilos(target);
        var name = target.GrainIdentity.TryGetIntegerKey(out var id, out _) && id is >= 0 and <= int.MaxValue
            ? ServingBrokers.SiloNameOf((int)id)
            : null;
        var member = membership.CurrentSnapshot.Members.FirstOrDefault(
            member => member.Value.Name == name && member.Value.Status == SiloStatus.Active && silos.Contains(member.Key));
        return member.Key is { } silo
            ? Task.FromResult(silo)
            : throw new SiloUnavailableException(string.Create(CultureInfo.InvariantCulture, $"Broker {id} does not serve."));
    }
}
