namespace Orleans.Runtime.Placement;

/// <summary>Chooses the silo of a new activation.</summary>
public interface IPlacementDirector
{
    /// <summary>The name under which a <see cref="SiloAddress"/> in <see cref="RequestContext"/> asks for that silo.</summary>
    const string PlacementHintKey = nameof(PlacementHintKey);

    /// <summary>Chooses one of <see cref="IPlacementContext.GetCompatibleSilos"/>.</summary>
    Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context);

    /// <summary>The silo that the caller asks for, if it is one of <paramref name="compatibleSilos"/>; else null.</summary>
#nullable disable annotations
    static SiloAddress GetPlacementHint(Dictionary<string, object> requestContextData, SiloAddress[] compatibleSilos) =>
        requestContextData is not null
        && requestContextData.TryGetValue(PlacementHintKey, out var value)
        && value is SiloAddress hint
        && compatibleSilos.Contains(hint) ? hint : null;
#nullable restore annotations
}

/// <summary>What a director knows of the cluster.</summary>
public interface IPlacementContext
{
    /// <summary>The silo where the choice is made: the caller's.</summary>
    SiloAddress LocalSilo { get; }

    /// <summary>The state of <see cref="LocalSilo"/>.</summary>
    SiloStatus LocalSiloStatus { get; }

    /// <summary>The active silos that have the grain's class.</summary>
    /// <exception cref="OrleansException">There is none.</exception>
    SiloAddress[] GetCompatibleSilos(PlacementTarget target);
}

/// <summary>The grain to be placed.</summary>
public readonly struct PlacementTarget
{
    internal PlacementTarget(GrainId grainIdentity, Dictionary<string, object>? requestContextData)
    {
        GrainIdentity = grainIdentity;
        RequestContextData = requestContextData!;
    }

    /// <summary>The grain.</summary>
    public GrainId GrainIdentity { get; }

    /// <summary>What the call that needs the grain carries in <see cref="RequestContext"/>.</summary>
    public Dictionary<string, object> RequestContextData { get; }
}
