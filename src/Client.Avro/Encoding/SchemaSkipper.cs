namespace Loire.Client.Avro;

/// <summary>Passes over a value of a schema. It is checked as far as that takes to find its end.</summary>
internal static class SchemaSkipper
{
    public static void Skip(ref AvroReader reader, AvroSchema schema)
    {
        switch (schema)
        {
            case RecordSchema record:
                reader.Enter();
                for (var i = 0; i < record.Fields.Count; i++)
                {
                    Skip(ref reader, record.Fields[i].Schema);
                }

                reader.Leave();
                break;
            case ArraySchema array:
                SkipBlocks(ref reader, array.Items, array.ItemsMayBeEmpty, isMap: false);
                break;
            case MapSchema map:
                SkipBlocks(ref reader, map.Values, mayBeEmpty: false, isMap: true);
                break;
            case UnionSchema union:
                Skip(ref reader, union.Branches[reader.ReadIndex(union.Branches.Count)]);
                break;
            case EnumSchema choice:
                reader.ReadIndex(choice.Symbols.Count);
                break;
            case FixedSchema block:
                reader.Skip(block.Size);
                break;
            default:
                SkipPrimitive(ref reader, schema.Type);
                break;
        }
    }

    private static void SkipPrimitive(ref AvroReader reader, AvroType type)
    {
        switch (type)
        {
            case AvroType.Boolean:
                reader.ReadBoolean();
                break;
            case AvroType.Int:
                reader.ReadInt();
                break;
            case AvroType.Long:
                reader.ReadLong();
                break;
            case AvroType.Float:
                reader.Skip(sizeof(float));
                break;
            case AvroType.Double:
                reader.Skip(sizeof(double));
                break;
            case AvroType.Bytes or AvroType.String:
                reader.Skip(reader.ReadLength(type == AvroType.Bytes ? "bytes" : "a text"));
                break;
        }
    }

    private static void SkipBlocks(ref AvroReader reader, AvroSchema items, bool mayBeEmpty, bool isMap)
    {
        while (reader.ReadBlock(mayBeEmpty, out var end) is > 0 and var count)
        {
            if (end >= 0)
            {
                reader.Skip(reader.Remaining - end);
                continue;
            }

            for (; count > 0; count--)
            {
                if (isMap)
                {
                    reader.Skip(reader.ReadLength("a key"));
                }

                Skip(ref reader, items);
            }
        }
    }
}
