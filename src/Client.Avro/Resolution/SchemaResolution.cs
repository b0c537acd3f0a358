namespace Loire.Client.Avro;

/// <summary>
/// Which data can be read as which schema, by the rules of the specification (1.11, "Schema Resolution"), looking at one level only.
/// Two logical types on both sides must be the same: the specification says so of decimals, and milliseconds read as microseconds would be
/// wrong without anybody noticing.
/// </summary>
internal static class SchemaResolution
{
    /// <summary>Whether the schemas match. Neither is a union.</summary>
    public static bool Matches(AvroSchema writer, AvroSchema reader)
    {
        if (writer.LogicalType != LogicalType.None && reader.LogicalType != LogicalType.None
            && (writer.LogicalType, writer.Precision, writer.Scale) != (reader.LogicalType, reader.Precision, reader.Scale))
        {
            return false;
        }

        return (writer, reader) switch
        {
            (FixedSchema from, FixedSchema to) => from.Size == to.Size && to.Answers(from),
            (NamedSchema from, NamedSchema to) => from.Type == to.Type && to.Answers(from),
            _ => writer.Type == reader.Type || IsPromotion(writer.Type, reader.Type),
        };
    }

    /// <summary>
    /// The branch that data is read as: the one of its own type or full name if there is one, else the first that matches. The
    /// specification knows only the second rule, by which a schema with two types of the same last name could not read its own data.
    /// </summary>
    public static AvroSchema? Branch(AvroSchema writer, UnionSchema reader) =>
        reader.Branches.FirstOrDefault(branch => IsSame(writer, branch) && Matches(writer, branch))
        ?? reader.Branches.FirstOrDefault(branch => Matches(writer, branch));

    /// <summary>For each field of the reader, the position of the writer's field; −1 where the writer has none.</summary>
    public static int[] Fields(RecordSchema writer, RecordSchema reader)
    {
        var positions = reader.Fields.Select(field => writer.PositionOf(field.Name)).ToArray();
        var taken = positions.ToHashSet();
        for (var i = 0; i < positions.Length; i++)
        {
            // A name comes before an alias, and a field is read once.
            var aliases = reader.Fields[i].Aliases.Select(writer.PositionOf).Where(position => position >= 0 && !taken.Contains(position));
            if (positions[i] < 0 && aliases.FirstOrDefault(-1) is >= 0 and var found)
            {
                positions[i] = found;
                taken.Add(found);
            }
        }

        return positions;
    }

    /// <summary>For each symbol of the writer, the position of the reader's; −1 where that has neither the symbol nor a default.</summary>
    public static int[] Symbols(EnumSchema writer, EnumSchema reader)
    {
        var fallback = reader.DefaultSymbol is { } symbol ? reader.PositionOf(symbol) : -1;
        return [.. writer.Symbols.Select(reader.PositionOf).Select(position => position < 0 ? fallback : position)];
    }

    private static bool IsSame(AvroSchema writer, AvroSchema branch) =>
        writer.Type == branch.Type && (writer as NamedSchema)?.Name == (branch as NamedSchema)?.Name;

    private static bool IsPromotion(AvroType from, AvroType to) => (from, to) switch
    {
        (AvroType.Int, AvroType.Long or AvroType.Float or AvroType.Double) => true,
        (AvroType.Long, AvroType.Float or AvroType.Double) => true,
        (AvroType.Float, AvroType.Double) => true,
        (AvroType.String, AvroType.Bytes) => true,
        (AvroType.Bytes, AvroType.String) => true,
        _ => false,
    };
}
