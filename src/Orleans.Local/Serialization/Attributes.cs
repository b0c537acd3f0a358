namespace Orleans;

/// <summary>Marks a type that crosses grain calls. The official packages generate its serializer; this runtime passes it by reference.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Interface | AttributeTargets.Enum)]
public sealed class GenerateSerializerAttribute : Attribute
{
    /// <summary>Whether members without an <see cref="IdAttribute"/> are numbered in order.</summary>
    public GenerateFieldIds GenerateFieldIds { get; init; }

    /// <summary>Whether constructor parameters are members too.</summary>
    public bool IncludePrimaryConstructorParameters { get; init; }
}

/// <summary>How members without an id get one.</summary>
public enum GenerateFieldIds
{
    /// <summary>They do not.</summary>
    None,

    /// <summary>Public properties, in order.</summary>
    PublicProperties,
}

/// <summary>Gives a serialized member its number, which is never used again for another.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property | AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Interface | AttributeTargets.Method)]
public sealed class IdAttribute(uint id) : Attribute
{
    /// <summary>The number.</summary>
    public uint Id { get; } = id;
}

/// <summary>Gives a type or a method the name under which it is known on the wire.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Interface | AttributeTargets.Struct | AttributeTargets.Enum | AttributeTargets.Method)]
public sealed class AliasAttribute(string alias) : Attribute
{
    /// <summary>The name.</summary>
    public string Alias { get; } = alias;
}

/// <summary>Says that a value never changes after it was sent, so that a call within a silo need not copy it.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum | AttributeTargets.Interface | AttributeTargets.Property | AttributeTargets.Field | AttributeTargets.Parameter)]
public sealed class ImmutableAttribute : Attribute;
