using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Loire.Client.Avro;

/// <summary>
/// Writes a schema as JSON with every attribute of the specification. Names are full; where one has no namespace, it says so.
/// </summary>
internal static class SchemaWriter
{
    public static string Write(AvroSchema schema)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            Write(json, schema, []);
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void Write(Utf8JsonWriter json, AvroSchema schema, HashSet<AvroName> seen)
    {
        switch (schema)
        {
            case UnionSchema union:
                json.WriteStartArray();
                foreach (var branch in union.Branches)
                {
                    Write(json, branch, seen);
                }

                json.WriteEndArray();
                break;
            case NamedSchema named when !seen.Add(named.Name):
                json.WriteStringValue(named.Name.ToString());
                break;
            case PrimitiveSchema { LogicalType: LogicalType.None }:
                json.WriteStringValue(schema.TypeName);
                break;
            default:
                json.WriteStartObject();
                json.WriteString("type", schema.TypeName);
                WriteAttributes(json, schema, seen);
                WriteLogicalType(json, schema);
                json.WriteEndObject();
                break;
        }
    }

    private static void WriteAttributes(Utf8JsonWriter json, AvroSchema schema, HashSet<AvroName> seen)
    {
        if (schema is NamedSchema named)
        {
            json.WriteString("name", named.Name.Local);
            json.WriteString("namespace", named.Name.Namespace);
            WriteText(json, "doc", named.Documentation);
            WriteTexts(json, "aliases", [.. named.Aliases.Select(alias => Alias(alias, named.Name))]);
        }

        switch (schema)
        {
            case ArraySchema array:
                json.WritePropertyName("items");
                Write(json, array.Items, seen);
                break;
            case MapSchema map:
                json.WritePropertyName("values");
                Write(json, map.Values, seen);
                break;
            case FixedSchema { Size: var size }:
                json.WriteNumber("size", size);
                break;
            case EnumSchema choice:
                WriteText(json, "default", choice.DefaultSymbol);
                json.WriteStartArray("symbols");
                choice.Symbols.ToList().ForEach(json.WriteStringValue);
                json.WriteEndArray();
                break;
            case RecordSchema record:
                json.WriteStartArray("fields");
                record.Fields.ToList().ForEach(field => WriteField(json, field, seen));
                json.WriteEndArray();
                break;
        }
    }

    private static void WriteField(Utf8JsonWriter json, RecordField field, HashSet<AvroName> seen)
    {
        json.WriteStartObject();
        json.WriteString("name", field.Name);
        WriteText(json, "doc", field.Documentation);
        WriteTexts(json, "aliases", field.Aliases);
        WriteText(json, "order", field.Order);
        json.WritePropertyName("type");
        Write(json, field.Schema, seen);
        if (field.DefaultJson is { } value)
        {
            json.WritePropertyName("default");
            json.WriteRawValue(value);
        }

        json.WriteEndObject();
    }

    private static void WriteLogicalType(Utf8JsonWriter json, AvroSchema schema)
    {
        if (schema.LogicalType == LogicalType.None)
        {
            return;
        }

        json.WriteString("logicalType", LogicalTypes.Name(schema.LogicalType));
        if (schema.LogicalType == LogicalType.Decimal)
        {
            json.WriteNumber("precision", schema.Precision);
            json.WriteNumber("scale", schema.Scale);
        }
    }

    /// <summary>
    /// An alias without a namespace can be said only of a type without one: any other text without a dot is in the type's.
    /// </summary>
    private static string Alias(AvroName alias, AvroName of) => alias.Namespace == of.Namespace ? alias.Local : alias.ToString();

    private static void WriteText(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        if (values.Count > 0)
        {
            json.WriteStartArray(name);
            values.ToList().ForEach(json.WriteStringValue);
            json.WriteEndArray();
        }
    }
}
