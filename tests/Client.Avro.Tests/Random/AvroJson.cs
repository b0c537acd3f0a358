using System.Text.Json.Nodes;

namespace Loire.Client.Avro.Tests;

/// <summary>Avro's JSON encoding of a value as <see cref="AvroRecord"/> holds it, of a schema without logical types. Makes values comparable.</summary>
/// <param name="longsAsText">As the peer writes them, because JSON of JavaScript would lose digits.</param>
internal sealed class AvroJson(bool longsAsText)
{
    public JsonNode? Of(AvroSchema schema, object? value) => (schema, value) switch
    {
        (UnionSchema, null) => null,
        (UnionSchema union, _) => Branch(union, value!),
        (RecordSchema record, AvroRecord fields) =>
            new JsonObject(record.Fields.Select(field => KeyValuePair.Create(field.Name, Of(field.Schema, fields[field.Name])))),
        (ArraySchema array, List<object?> items) => new JsonArray([.. items.Select(item => Of(array.Items, item))]),
        (MapSchema map, Dictionary<string, object?> entries) =>
            new JsonObject(entries.Select(entry => KeyValuePair.Create(entry.Key, Of(map.Values, entry.Value)))),
        (_, AvroEnum choice) => choice.Symbol,
        (_, AvroFixed block) => Latin1(block.Bytes),
        (_, byte[] bytes) => Latin1(bytes),
        (_, long number) when longsAsText => number.ToString(),
        (_, float number) => (double)number,
        _ => JsonValue.Create(value),
    };

    private JsonObject Branch(UnionSchema union, object value)
    {
        var branch = union.Branches.Single(candidate => candidate is NamedSchema named
            ? named.Name == (value as AvroRecord)?.Schema.Name || named.Name == (value as AvroEnum)?.Schema.Name || named.Name == (value as AvroFixed)?.Schema.Name
            : NaturalTypes.Of(candidate) == value.GetType());
        return new JsonObject { [branch is NamedSchema known ? known.Name.ToString() : branch.TypeName] = Of(branch, value) };
    }

    private static string Latin1(byte[] bytes) => System.Text.Encoding.Latin1.GetString(bytes);
}
