namespace Orleans.Runtime;

/// <summary>A reference to a grain; what a call is made on. Two are equal if they refer to the same grain.</summary>
public abstract class GrainReference : IAddressable, IEquatable<GrainReference>
{
    internal GrainReference(GrainId grainId) => GrainId = grainId;

    /// <summary>The grain's id.</summary>
    public GrainId GrainId { get; }

    internal abstract object Cast(Type interfaceType);

    /// <inheritdoc/>
    public bool Equals(GrainReference? other) => other is not null && GrainId.Equals(other.GrainId);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as GrainReference);

    /// <inheritdoc/>
    public override int GetHashCode() => GrainId.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => $"GrainReference:{GrainId}";
}
