namespace Loire.Client.Avro;

/// <summary>Writes a value of a type of .NET. Made once for a schema and a type, as <see cref="ValueReader{T}"/>.</summary>
internal delegate void ValueWriter<in T>(ref AvroWriter writer, T value);

/// <summary>The writers of scalars from Avro's side, see <see cref="ScalarMapping"/>.</summary>
internal static class ScalarWriters
{
    public static Delegate Of(AvroSchema schema) => schema.Type switch
    {
        AvroType.Boolean => new ValueWriter<bool>(static (ref writer, value) => writer.WriteBoolean(value)),
        AvroType.Int => new ValueWriter<long>(static (ref writer, value) => writer.WriteLong(checked((int)value))),
        AvroType.Long => new ValueWriter<long>(static (ref writer, value) => writer.WriteLong(value)),
        AvroType.Float => new ValueWriter<float>(static (ref writer, value) => writer.WriteFloat(value)),
        AvroType.Double => new ValueWriter<double>(static (ref writer, value) => writer.WriteDouble(value)),
        AvroType.Bytes => new ValueWriter<byte[]>(static (ref writer, value) => writer.WriteBytes(value)),
        AvroType.String => new ValueWriter<string>(static (ref writer, value) => writer.WriteString(value)),
        AvroType.Fixed => FixedWriter((FixedSchema)schema),
        _ => throw new ArgumentException($"{schema.Label} is no scalar.", nameof(schema)),
    };

    private static ValueWriter<byte[]> FixedWriter(FixedSchema schema) => (ref writer, value) =>
    {
        if (value.Length != schema.Size)
        {
            throw new AvroDataException($"{schema.Name} takes {schema.Size} bytes, and these are {value.Length}.");
        }

        writer.WriteRaw(value);
    };
}
