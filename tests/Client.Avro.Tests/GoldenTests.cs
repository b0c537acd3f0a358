using System.Globalization;
using System.Text.Json.Nodes;
using Avro;
using Avro.Generic;

namespace Loire.Client.Avro.Tests;

/// <summary>
/// Values in <c>Golden/values.json</c>, written by releases that had an Avro implementation of their own. All of them must stay readable,
/// and the bytes and fingerprints must not change.
/// </summary>
public class GoldenTests
{
    public static TheoryData<string> Names => [.. Entries().Select(entry => (string)entry["name"]!)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Stored_values_are_read(string name)
    {
        var (entry, writer, bytes) = Entry(name);
        var reader = entry["reader"] is { } json ? Schema.Parse(json.ToJsonString()) : writer;
        var options = IsFramed(entry)
            ? new AvroSerdeOptions { Framing = AvroFraming.SingleObject, Schemas = new InMemoryAvroSchemas(writer) }
            : new AvroSerdeOptions { WriterSchema = writer };

        var value = Json(Wire.Read<object?>(reader, bytes, options));

        Assert.Equal(entry["value"]?.ToJsonString(), value?.ToJsonString());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Stored_values_are_written_to_the_same_bytes(string name)
    {
        var (entry, writer, bytes) = Entry(name);
        var options = new AvroSerdeOptions { Framing = IsFramed(entry) ? AvroFraming.SingleObject : AvroFraming.None };

        Assert.Equal(Wire.Hex(bytes), Wire.Hex(Wire.Write(writer, Wire.Read<object?>(writer, bytes, options), options)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Fingerprints_and_canonical_forms_stay(string name)
    {
        var (entry, writer, _) = Entry(name);

        Assert.Equal((string)entry["canonical"]!, AvroFingerprint.CanonicalForm(writer));
        Assert.Equal((string)entry["fingerprint"]!, AvroFingerprint.Of(writer).ToString());
    }

    /// <summary>Each value with its schema and its bytes without framing.</summary>
    internal static IEnumerable<(string Name, Schema Schema, byte[] Bytes)> Samples() => Entries().Select(entry =>
    {
        var bytes = Wire.Bytes((string)entry["hex"]!);
        return ((string)entry["name"]!, Parse(entry["schema"]!), IsFramed(entry) ? bytes[10..] : bytes);
    });

    private static bool IsFramed(JsonNode entry) => (string)entry["framing"]! == "single-object";

    private static Schema Parse(JsonNode schema) => Schema.Parse(schema.ToJsonString());

    private static (JsonNode Entry, Schema Writer, byte[] Bytes) Entry(string name)
    {
        var entry = Entries().Single(entry => (string)entry["name"]! == name);
        return (entry, Parse(entry["schema"]!), Wire.Bytes((string)entry["hex"]!));
    }

    private static IEnumerable<JsonNode> Entries()
    {
        using var file = typeof(GoldenTests).Assembly.GetManifestResourceStream("values.json")!;
        return JsonNode.Parse(file)!.AsArray().Select(entry => entry!);
    }

    private static JsonNode? Json(object? value) => value switch
    {
        null => null,
        GenericRecord record => new JsonObject(
            record.Schema.Fields.Select(field => KeyValuePair.Create(field.Name, Json(record[field.Name])))),
        object[] items => new JsonArray([.. items.Select(Json)]),
        IDictionary<string, object> map => new JsonObject(
            map.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => KeyValuePair.Create(entry.Key, Json(entry.Value)))),
        GenericEnum choice => choice.Value,
        GenericFixed block => Wire.Hex(block.Value),
        byte[] bytes => Wire.Hex(bytes),
        AvroDecimal number => number.ToString(),
        Guid id => id.ToString(),
        TimeSpan time => time.ToString("c"),
        DateTime time => Text(time.ToUniversalTime()),
        float number => number.ToString("R", CultureInfo.InvariantCulture),
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        long number => number.ToString(CultureInfo.InvariantCulture),
        _ => JsonValue.Create(value),
    };

    private static string Text(DateTime time) => time.ToString("yyyy-MM-ddTHH:mm:ss.ffffff", CultureInfo.InvariantCulture);
}
