using System.Globalization;

namespace Loire.Model;

/// <summary>The feature levels of a cluster that a version of the program supports.</summary>
/// <param name="Lowest">The lowest level, at least 0.</param>
/// <param name="Highest">The highest level, inclusive.</param>
[GenerateSerializer, Immutable, Alias("loire.FeatureRange")]
public readonly record struct FeatureRange([property: Id(0)] int Lowest, [property: Id(1)] int Highest)
{
    /// <summary>Whether a level is one of them.</summary>
    public bool Contains(int level) => level >= Lowest && level <= Highest;

    /// <summary>The range as part of a sentence.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Lowest} to {Highest}");
}
