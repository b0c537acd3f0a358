using Loire.Grains.Brokers;
using Loire.Model;
using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace Loire.Grains.Placement;

/// <summary>Places a partition on the broker that leads it.</summary>
[GenerateSerializer, Immutable, SuppressReferenceTracking, Alias("loire.PartitionPlacement")]
public sealed class LoirePartitionPlacement : PlacementStrategy
{
    internal static LoirePartitionPlacement Instance { get; } = new();
}

/// <summary>Places a partition on the broker that leads it.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class PartitionPlacementAttribute() : PlacementAttribute(LoirePartitionPlacement.Instance);

/// <summary>Runs on the silo of the first caller, which may know less than the topic: a partition that it misplaces is moved later.</summary>
internal sealed class PartitionPlacementDirector(PartitionLeaders leaders, ServingBrokers brokers) : IPlacementDirector
{
    public async Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var silos = context.GetCompatibleSilos(target);
        return IPlacementDirector.GetPlacementHint(target.RequestContextData, silos) is { } hint ? hint
            : PartitionKey.TryParse(target.GrainIdentity.Key.ToString(), out var partition)
                && await leaders.FindAsync(partition, mayGuess: true) is { } leader && silos.Contains(leader.Silo)
            ? leader.Silo
            : SpreadPlacementDirector.Choose(target.GrainIdentity, silos, brokers);
    }
}
