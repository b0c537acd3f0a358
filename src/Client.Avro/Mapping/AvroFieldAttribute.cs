namespace Loire.Client.Avro;

/// <summary>
/// The field of the schema that a property belongs to. Without it, a property belongs to the field of its name, and else to the only one
/// whose name differs in case and underscores: CustomerId to customer_id.
/// </summary>
/// <param name="name">The field's name.</param>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field | AttributeTargets.Parameter)]
public sealed class AvroFieldAttribute(string name) : Attribute
{
    /// <summary>The field's name.</summary>
    public string Name { get; } = name;
}
