using System.Text;
using System.Text.Json.Nodes;
using Avro;
using Avro.Generic;

namespace Loire.Client.Avro.Tests;

/// <summary>Avro's JSON encoding of generic values, of schemas without logical types. Makes values comparable.</summary>
/// <param name="longsAsText">As the peer writes them, because JSON of JavaScript would lose digits.</param>
internal sealed class AvroJson(bool longsAsText)
{
    public JsonNode? Of(Schema schema, object? value) => (schema, value) switch
    {
        (LogicalSchema logical, _) => Of(logical.BaseSchema, value),
        (UnionSchema, null) => null,
        (UnionSchema union, _) => Branch(union, value!),
        (RecordSchema record, GenericRecord fields) =>
            new JsonObject(record.Fields.Select(field => KeyValuePair.Create(field.Name, Of(field.Schema, fields[field.Name])))),
        (ArraySchema array, object[] items) => new JsonArray([.. items.Select(item => Of(array.ItemSchema, item))]),
        (MapSchema map, IDictionary<string, object> entries) =>
            new JsonObject(entries.Select(entry => KeyValuePair.Create(entry.Key, Of(map.ValueSchema, entry.Value)))),
        (_, GenericEnum choice) => choice.Value,
        (_, GenericFixed block) => Encoding.Latin1.GetString(block.Value),
        (_, byte[] bytes) => Encoding.Latin1.GetString(bytes),
        (_, long number) when longsAsText => number.ToString(),
        (_, float number) => (double)number,
        _ => JsonValue.Create(value),
    };

    /// <summary>A generic value of its JSON encoding, with longs as numbers.</summary>
    public static object? Parse(Schema schema, JsonNode? json)
    {
        switch (schema)
        {
            case UnionSchema when json is null:
                return null;
            case UnionSchema union:
                var (name, inner) = json!.AsObject().Single();
                return Parse(union.Schemas.Single(branch => branch.Fullname == name), inner);
            case RecordSchema record:
                var fields = new GenericRecord(record);
                record.Fields.ForEach(field => fields.Add(field.Pos, Parse(field.Schema, json![field.Name])));
                return fields;
            case EnumSchema choice:
                return new GenericEnum(choice, json!.GetValue<string>());
            case FixedSchema block:
                return new GenericFixed(block, Encoding.Latin1.GetBytes(json!.GetValue<string>()));
            case ArraySchema array:
                return json!.AsArray().Select(item => Parse(array.ItemSchema, item)).ToArray();
            case MapSchema map:
                return json!.AsObject().ToDictionary(entry => entry.Key, entry => Parse(map.ValueSchema, entry.Value));
            default:
                return schema.Tag switch
                {
                    Schema.Type.Null => null,
                    Schema.Type.Boolean => json!.GetValue<bool>(),
                    Schema.Type.Int => json!.GetValue<int>(),
                    Schema.Type.Long => json!.GetValue<long>(),
                    Schema.Type.Float => json!.GetValue<float>(),
                    Schema.Type.Double => json!.GetValue<double>(),
                    Schema.Type.Bytes => Encoding.Latin1.GetBytes(json!.GetValue<string>()),
                    _ => json!.GetValue<string>(),
                };
        }
    }

    private JsonObject Branch(UnionSchema union, object value)
    {
        var branch = union.Schemas.Single(candidate => (candidate, value) switch
        {
            (RecordSchema record, GenericRecord fields) => fields.Schema.Fullname == record.Fullname,
            (EnumSchema choice, GenericEnum symbol) => symbol.Schema.Fullname == choice.Fullname,
            (FixedSchema block, GenericFixed bytes) => bytes.Schema.Fullname == block.Fullname,
            (ArraySchema, object[]) or (MapSchema, IDictionary<string, object>) => true,
            _ => candidate.Tag == TagOf(value),
        });
        return new JsonObject { [branch.Fullname] = Of(branch, value) };
    }

    private static Schema.Type? TagOf(object value) => value switch
    {
        bool => Schema.Type.Boolean,
        int => Schema.Type.Int,
        long => Schema.Type.Long,
        float => Schema.Type.Float,
        double => Schema.Type.Double,
        byte[] => Schema.Type.Bytes,
        string => Schema.Type.String,
        _ => null,
    };
}
