using System.Text.Json;
using System.Text.Json.Nodes;
using Avro;

namespace Loire.Client.Avro;

/// <summary>
/// The CRC-64-AVRO (a Rabin fingerprint) of a schema's Parsing Canonical Form, which identifies the schema in single-object encoding.
/// </summary>
/// <param name="Value">The 64 bits.</param>
public readonly record struct AvroFingerprint(ulong Value)
{
    /// <summary>The fingerprint of a schema. Takes microseconds: compute it once for each schema.</summary>
    public static AvroFingerprint Of(Schema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        return new((ulong)SchemaNormalization.ParsingFingerprint64(WithoutLogicalTypes(schema)));
    }

    /// <summary>16 hexadecimal digits.</summary>
    public override string ToString() => Value.ToString("x16");

    /// <summary>The Parsing Canonical Form: everything that matters for reading data, in a unique notation.</summary>
    internal static string CanonicalForm(Schema schema) => SchemaNormalization.ToParsingForm(WithoutLogicalTypes(schema));

    /// <summary>
    /// The schema without its logical types, which the canonical form omits: for a fixed with a logical type, SchemaNormalization writes
    /// the bare name instead of the definition.
    /// </summary>
    private static Schema WithoutLogicalTypes(Schema schema)
    {
        // A logical type nests deeper as text than it was parsed from.
        var json = JsonNode.Parse(schema.ToString(), documentOptions: new JsonDocumentOptions { MaxDepth = 256 });
        return Schema.Parse(WithoutLogicalTypes(json)!.ToJsonString());
    }

    private static JsonNode? WithoutLogicalTypes(JsonNode? node) => node switch
    {
        JsonObject type when type.ContainsKey("logicalType") => WithoutLogicalTypes(type["type"]),
        JsonObject type => new JsonObject(type.Select(entry => KeyValuePair.Create(entry.Key, WithoutLogicalTypes(entry.Value)))),
        JsonArray types => new JsonArray([.. types.Select(WithoutLogicalTypes)]),
        _ => node?.DeepClone(),
    };
}
