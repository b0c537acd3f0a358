namespace Loire.Client.Avro;

/// <summary>The bounds on schemas. Those on data are in <see cref="AvroSerdeOptions"/>.</summary>
public static class AvroLimits
{
    /// <summary>Characters of a schema's text. A schema is read once, and few are longer than 100 KB.</summary>
    public const int SchemaCharacters = 4 * 1024 * 1024;

    /// <summary>Schemas within schemas, where a name is no level of its own.</summary>
    public const int SchemaDepth = 64;

    /// <summary>Fields of a record, symbols of an enum, or branches of a union.</summary>
    public const int Members = 10_000;

    /// <summary>Bytes of a field's default value as it would be written.</summary>
    public const int DefaultValueBytes = 1024 * 1024;

    /// <summary>Values within a default value, so that records of records with defaults cannot multiply.</summary>
    public const int DefaultValueItems = 100_000;

    /// <summary>Digits of a decimal.</summary>
    public const int DecimalPrecision = 10_000;
}
