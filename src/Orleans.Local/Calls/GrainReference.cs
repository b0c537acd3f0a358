using Orleans.Activations;
using Orleans.Calls;

namespace Orleans.Runtime;

/// <summary>A reference to a grain; what a call is made on. Two are equal if they refer to the same grain.</summary>
public abstract class GrainReference : IAddressable, IEquatable<GrainReference>
{
    internal GrainReference(GrainId grainId, Caller host) => (GrainId, Host) = (grainId, host);

    /// <summary>The grain's id.</summary>
    public GrainId GrainId { get; }

    /// <summary>Who calls, where the code that calls belongs to no grain: the silo or client whose factory made the reference.</summary>
    internal Caller Host { get; }

    /// <summary>The activation that took the last call.</summary>
    internal Whereabouts? LastSeen { get; set; }

    /// <inheritdoc/>
    public bool Equals(GrainReference? other) => other is not null && GrainId.Equals(other.GrainId);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as GrainReference);

    /// <inheritdoc/>
    public override int GetHashCode() => GrainId.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => $"GrainReference:{GrainId}";

    /// <summary>What is passed instead of <paramref name="value"/>: a grain that passes itself passes a reference.</summary>
    internal static T ToPass<T>(T value) =>
        MayBeGrain<T>.Value && value is IGrainBase and IAddressable grain ? grain.AsReference<T>() : value;

    internal object Cast(Type interfaceType) => Proxies.For(interfaceType).Create(GrainId, Host);

    private static class MayBeGrain<T>
    {
        public static readonly bool Value = typeof(T).IsInterface && typeof(IAddressable).IsAssignableFrom(typeof(T));
    }
}
