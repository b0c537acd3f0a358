using System.Buffers;
using System.Text.Json;

namespace Loire.Client.Avro;

/// <summary>
/// Turns the default value of a field from JSON into the bytes that it would be written as, so that it is read like any other value. Bytes
/// and fixed are texts of the characters U+0000 to U+00FF; a union's default is of its first branch.
/// </summary>
internal static class DefaultValue
{
    public static byte[] Encode(AvroSchema schema, JsonElement json, string where)
    {
        var bytes = new ArrayBufferWriter<byte>();
        var writer = new AvroWriter(bytes, AvroLimits.SchemaDepth);
        var items = 0;
        try
        {
            Write(ref writer, schema, json, where, ref items);
        }
        catch (AvroDataException exception)
        {
            throw new AvroSchemaException($"The default of {where} cannot be used: {exception.Message}", exception);
        }

        writer.Flush();
        return bytes.WrittenSpan.ToArray();
    }

    private static void Write(ref AvroWriter writer, AvroSchema schema, JsonElement json, string where, ref int items)
    {
        if (++items > AvroLimits.DefaultValueItems || writer.Written > AvroLimits.DefaultValueBytes)
        {
            throw new AvroSchemaException(
                $"The default of {where} is larger than {AvroLimits.DefaultValueBytes} bytes or {AvroLimits.DefaultValueItems} values.");
        }

        var kind = json.ValueKind;
        switch (schema.Type)
        {
            case AvroType.Null when kind == JsonValueKind.Null:
                break;
            case AvroType.Boolean when kind is JsonValueKind.True or JsonValueKind.False:
                writer.WriteBoolean(kind == JsonValueKind.True);
                break;
            case AvroType.Int when kind == JsonValueKind.Number && json.TryGetInt32(out var number):
                writer.WriteLong(number);
                break;
            case AvroType.Long when kind == JsonValueKind.Number && json.TryGetInt64(out var number):
                writer.WriteLong(number);
                break;
            case AvroType.Float when kind == JsonValueKind.Number && json.TryGetSingle(out var number):
                writer.WriteFloat(number);
                break;
            case AvroType.Double when kind == JsonValueKind.Number && json.TryGetDouble(out var number):
                writer.WriteDouble(number);
                break;
            case AvroType.String when kind == JsonValueKind.String:
                writer.WriteString(json.GetString()!);
                break;
            case AvroType.Bytes when kind == JsonValueKind.String && Octets(json.GetString()!) is { } bytes:
                writer.WriteBytes(bytes);
                break;
            case AvroType.Fixed when kind == JsonValueKind.String && Octets(json.GetString()!) is { } bytes
                && bytes.Length == ((FixedSchema)schema).Size:
                writer.WriteRaw(bytes);
                break;
            case AvroType.Enum when kind == JsonValueKind.String
                && ((EnumSchema)schema).PositionOf(json.GetString()!) is >= 0 and var position:
                writer.WriteLong(position);
                break;
            case AvroType.Union:
                writer.WriteLong(0);
                Write(ref writer, ((UnionSchema)schema).Branches[0], json, where, ref items);
                break;
            case AvroType.Array when kind == JsonValueKind.Array:
                WriteItems(ref writer, ((ArraySchema)schema).Items, json, where, ref items);
                break;
            case AvroType.Map when kind == JsonValueKind.Object:
                WriteEntries(ref writer, ((MapSchema)schema).Values, json, where, ref items);
                break;
            case AvroType.Record when kind == JsonValueKind.Object:
                WriteFields(ref writer, (RecordSchema)schema, json, where, ref items);
                break;
            default:
                throw new AvroSchemaException(
                    $"The default of {where} is {AvroName.Shown(json.GetRawText())}, which is no {schema.Label}.");
        }
    }

    private static void WriteItems(ref AvroWriter writer, AvroSchema schema, JsonElement json, string where, ref int items)
    {
        writer.WriteBlock(json.GetArrayLength());
        foreach (var item in json.EnumerateArray())
        {
            Write(ref writer, schema, item, where, ref items);
        }

        writer.WriteEnd();
    }

    private static void WriteEntries(ref AvroWriter writer, AvroSchema schema, JsonElement json, string where, ref int items)
    {
        var count = json.GetPropertyCount();
        writer.WriteBlock(count);
        foreach (var entry in json.EnumerateObject())
        {
            writer.WriteString(entry.Name);
            Write(ref writer, schema, entry.Value, where, ref items);
        }

        writer.WriteEnd();
    }

    private static void WriteFields(ref AvroWriter writer, RecordSchema record, JsonElement json, string where, ref int items)
    {
        writer.Enter();
        foreach (var field in record.Fields)
        {
            if (json.TryGetProperty(field.Name, out var value))
            {
                Write(ref writer, field.Schema, value, where, ref items);
            }
            else if (field.DefaultJson is { } text)
            {
                using var fallback = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 1000 });
                Write(ref writer, field.Schema, fallback.RootElement, where, ref items);
            }
            else
            {
                throw new AvroSchemaException($"The default of {where} has no {field.Name}, which {record.Name} needs.");
            }
        }

        writer.Leave();
    }

    private static byte[]? Octets(string text)
    {
        var bytes = new byte[text.Length];
        for (var i = 0; i < bytes.Length; i++)
        {
            if (text[i] > 0xFF)
            {
                return null;
            }

            bytes[i] = (byte)text[i];
        }

        return bytes;
    }
}
