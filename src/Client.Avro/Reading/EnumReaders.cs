namespace Loire.Client.Avro;

/// <summary>Readers of enums: the writer's number of a symbol leads to the reader's symbol.</summary>
internal static class EnumReaders
{
    public static ValueReader<T> Of<T>(EnumSchema writer, EnumSchema reader, string where)
    {
        var (values, positions) = (EnumShape.Values<T>(reader, where), SchemaResolution.Symbols(writer, reader));
        return (ref bytes) =>
        {
            var symbol = bytes.ReadIndex(positions.Length);
            return positions[symbol] is >= 0 and var position
                ? values[position]
                : throw new AvroDataException($"{where} is {writer.Symbols[symbol]}, which {reader.Label} does not have, nor a default.");
        };
    }
}
