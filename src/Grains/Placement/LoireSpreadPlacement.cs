using Loire.Grains.Brokers;
using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace Loire.Grains.Placement;

/// <summary>
/// Spreads grains evenly by a hash of their identity (rendezvous hashing): when a silo leaves, only its own grains go elsewhere.
/// </summary>
[GenerateSerializer, Immutable, SuppressReferenceTracking, Alias("loire.SpreadPlacement")]
public sealed class LoireSpreadPlacement : PlacementStrategy
{
    internal static LoireSpreadPlacement Instance { get; } = new();
}

/// <summary>Spreads grains evenly by a hash of their identity.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class SpreadPlacementAttribute() : PlacementAttribute(LoireSpreadPlacement.Instance);

/// <summary>Gives every silo the same answer. Silos that drain get nothing.</summary>
internal sealed class SpreadPlacementDirector(ServingBrokers brokers) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var silos = context.GetCompatibleSilos(target);
        return Task.FromResult(
            IPlacementDirector.GetPlacementHint(target.RequestContextData, silos)
            ?? Choose(target.GrainIdentity, silos, brokers));
    }

    /// <summary>The silo of a grain; one that drains only if there is no other.</summary>
    public static SiloAddress Choose(GrainId grain, SiloAddress[] silos, ServingBrokers brokers)
    {
        var candidates = silos.Where(silo => !brokers.IsLeaving(silo)).ToArray();
        var hash = grain.GetUniformHashCode();
        return (candidates.Length == 0 ? silos : candidates).MaxBy(silo => (Mix(hash, (uint)silo.GetConsistentHashCode()), silo))!;
    }

    // The finalizer of MurmurHash3: the two hashes differ in few bits for silos of one machine.
    private static uint Mix(uint grain, uint silo)
    {
        var mixed = unchecked(grain ^ (silo * 0x9E3779B1));
        mixed = unchecked((mixed ^ (mixed >> 16)) * 0x85EBCA6B);
        mixed = unchecked((mixed ^ (mixed >> 13)) * 0xC2B2AE35);
        return mixed ^ (mixed >> 16);
    }
}
