namespace Loire.Client.Avro;

/// <summary>
/// Reads a value as a type of .NET. Made once for a writer's schema, a reader's schema and a type; everything that can be decided then
/// is not decided again for each value.
/// </summary>
internal delegate T ValueReader<out T>(ref AvroReader reader);

/// <summary>The readers of scalars as Avro writes them, with the promotions of schema resolution.</summary>
internal static class ScalarReaders
{
    /// <summary>A reader whose result is Avro's side of the reader's schema, see <see cref="ScalarMapping"/>.</summary>
    public static Delegate Of(AvroSchema writer, AvroSchema reader) => (writer.Type, reader.Type) switch
    {
        (_, AvroType.Boolean) => new ValueReader<bool>(static (ref reader) => reader.ReadBoolean()),
        (AvroType.Int, AvroType.Int or AvroType.Long) => new ValueReader<long>(static (ref reader) => reader.ReadInt()),
        (_, AvroType.Long) => new ValueReader<long>(static (ref reader) => reader.ReadLong()),
        (AvroType.Int, AvroType.Float) => new ValueReader<float>(static (ref reader) => reader.ReadInt()),
        (AvroType.Long, AvroType.Float) => new ValueReader<float>(static (ref reader) => reader.ReadLong()),
        (_, AvroType.Float) => new ValueReader<float>(static (ref reader) => reader.ReadFloat()),
        (AvroType.Int, AvroType.Double) => new ValueReader<double>(static (ref reader) => reader.ReadInt()),
        (AvroType.Long, AvroType.Double) => new ValueReader<double>(static (ref reader) => reader.ReadLong()),
        (AvroType.Float, AvroType.Double) => new ValueReader<double>(static (ref reader) => reader.ReadFloat()),
        (_, AvroType.Double) => new ValueReader<double>(static (ref reader) => reader.ReadDouble()),
        (_, AvroType.Bytes) => new ValueReader<byte[]>(static (ref reader) => reader.ReadBytes()),
        (_, AvroType.String) => new ValueReader<string>(static (ref reader) => reader.ReadString()),
        (_, AvroType.Fixed) => FixedReader(((FixedSchema)reader).Size),
        _ => throw new ArgumentException($"{reader.Label} is no scalar.", nameof(reader)),
    };

    private static ValueReader<byte[]> FixedReader(int size) => (ref reader) => reader.ReadRaw(size);
}
