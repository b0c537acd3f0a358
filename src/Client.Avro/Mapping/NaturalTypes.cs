namespace Loire.Client.Avro;

/// <summary>The types of .NET that values have where nobody asked for others.</summary>
internal static class NaturalTypes
{
    public static Type Of(AvroSchema schema) => schema.Type switch
    {
        AvroType.Null or AvroType.Union => typeof(object),
        AvroType.Record => typeof(AvroRecord),
        AvroType.Enum => typeof(AvroEnum),
        AvroType.Array => typeof(List<object?>),
        AvroType.Map => typeof(Dictionary<string, object?>),
        _ => ScalarMappings.Natural(schema),
    };

    /// <summary>Whether values of the type know their schema by themselves.</summary>
    public static bool IsGeneric(Type type) => type == typeof(AvroRecord) || type == typeof(AvroEnum) || type == typeof(AvroFixed);

    public static AvroMappingException Mismatch(AvroSchema schema, Type type, string where) =>
        new($"{where} is {schema.Label} by its schema, which {type} cannot be; {Of(schema)} can.");
}
