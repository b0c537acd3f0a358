namespace Loire.Client.Avro;

/// <summary>Writers of enums: the number of the symbol.</summary>
internal static class EnumWriters
{
    public static ValueWriter<T> Of<T>(EnumSchema schema, string where)
    {
        if (typeof(T) == typeof(AvroEnum))
        {
            // By the symbol and not by the number, because the value may be of another version of the schema.
            return (ValueWriter<T>)(object)(ValueWriter<AvroEnum>)((ref writer, value) => writer.WriteLong(
                ReferenceEquals(value.Schema, schema) ? value.Position : Position(schema.PositionOf(value.Symbol), value, schema, where)));
        }

        var values = EnumShape.Values<T>(schema, where);
        return (ref writer, value) => writer.WriteLong(Position(Array.IndexOf(values, value), value, schema, where));
    }

    private static int Position(int position, object? value, EnumSchema schema, string where) => position >= 0
        ? position
        : throw new AvroDataException($"{where} is {AvroName.Shown($"{value}")}, which {schema.Label} does not have.");
}
