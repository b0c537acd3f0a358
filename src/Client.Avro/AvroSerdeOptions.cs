using Avro;

namespace Loire.Client.Avro;

/// <summary>The header in front of a value that identifies the schema it was written with.</summary>
public enum AvroFraming
{
    /// <summary>No header: writers and readers agree on the schema in advance.</summary>
    None,

    /// <summary>Single-object encoding of the Avro specification: C3 01 and the schema's fingerprint, 8 bytes little-endian.</summary>
    SingleObject,

    /// <summary>Confluent's wire format: a zero byte and the schema's id in a registry, 4 bytes big-endian.</summary>
    Confluent,
}

/// <summary>Settings of an <see cref="AvroSerde{T}"/>.</summary>
public sealed class AvroSerdeOptions
{
    /// <summary>The header that is written, and expected, in front of each value.</summary>
    public AvroFraming Framing { get; init; }

    /// <summary>
    /// With <see cref="AvroFraming.None"/>: the schema that the values to be read were written with; null if it is the serde's own.
    /// </summary>
    public Schema? WriterSchema { get; init; }

    /// <summary>
    /// With <see cref="AvroFraming.SingleObject"/>: finds the schemas of values that were not written with the serde's own schema. If
    /// null, such values are rejected.
    /// </summary>
    public IAvroSchemas? Schemas { get; init; }

    /// <summary>With <see cref="AvroFraming.Confluent"/>, and required there: assigns ids to schemas and finds schemas by id.</summary>
    public ISchemaIds? SchemaIds { get; init; }

    /// <summary>Bounds on the bytes that are read.</summary>
    public AvroLimits Limits { get; init; } = new();

    /// <exception cref="ArgumentException">An option is out of range, or two options contradict each other.</exception>
    internal void Validate()
    {
        Limits.Validate();
        Check(WriterSchema is null || Framing == AvroFraming.None, "WriterSchema is only for values without framing.");
        Check(Schemas is null || Framing == AvroFraming.SingleObject, "Schemas is only for single-object encoding.");
        Check((SchemaIds is not null) == (Framing == AvroFraming.Confluent), "Confluent's wire format requires SchemaIds, and only it.");
    }

    private static void Check(bool holds, string rule)
    {
        if (!holds)
        {
            throw new ArgumentException(rule);
        }
    }
}
