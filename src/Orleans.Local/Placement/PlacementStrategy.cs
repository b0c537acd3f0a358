namespace Orleans.Runtime;

/// <summary>
/// How the silo of a new activation is chosen. The choosing is done by the <see cref="Placement.IPlacementDirector"/> registered for the
/// type.
/// </summary>
public abstract class PlacementStrategy;

/// <summary>Any silo. The default.</summary>
public sealed class RandomPlacement : PlacementStrategy
{
    internal static RandomPlacement Singleton { get; } = new();
}

/// <summary>The silo of the caller, if it can.</summary>
public sealed class PreferLocalPlacement : PlacementStrategy
{
    internal static PreferLocalPlacement Singleton { get; } = new();
}
