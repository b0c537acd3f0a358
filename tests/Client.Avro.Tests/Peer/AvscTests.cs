using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Avro;
using Xunit.Abstractions;

namespace Loire.Client.Avro.Tests;

/// <summary>What Loire writes avsc reads, and the other way round, on random schemas and values.</summary>
public class AvscTests(ITestOutputHelper output) : IDisposable
{
    private readonly Lazy<AvscPeer> _peer = new(() => new AvscPeer());

    [AvscFact]
    public void Avsc_reads_what_Loire_writes_as_the_same_values_and_writes_the_same_bytes()
    {
        var random = Seeds.Next(output);
        for (var i = 0; i < 500; i++)
        {
            var json = RandomSchemas.Next(random);
            var schema = Schema.Parse(json);
            var bytes = Wire.Write(schema, new RandomValues(random).Next(schema));

            var theirs = Ask("json", "decode", json, ("hex", Wire.Hex(bytes)));

            // Seen without logical types, as avsc sees it.
            var plain = Schema.Parse(Plain(json));
            var ours = new AvroJson(longsAsText: true).Of(plain, Wire.Read<object?>(plain, bytes));
            Assert.True(AvscPeer.Same(theirs, ours), $"{json}\n{theirs}\n{ours?.ToJsonString()}");
            Assert.Equal(Wire.Hex(bytes), Ask("hex", "encode", json, ("json", theirs)));
        }
    }

    [AvscFact]
    public void Loire_reads_what_avsc_writes()
    {
        var random = Seeds.Next(output);
        for (var i = 0; i < 500; i++)
        {
            var json = Plain(RandomSchemas.Next(random));
            var schema = Schema.Parse(json);

            var value = new RandomValues(random).Next(schema);
            var text = new AvroJson(longsAsText: true).Of(schema, value)?.ToJsonString() ?? "null";

            var hex = Ask("hex", "encode", json, ("json", text));

            var read = new AvroJson(longsAsText: true).Of(schema, Wire.Read<object?>(schema, Wire.Bytes(hex)));
            Assert.True(AvscPeer.Same(text, read), $"{json} {hex}");
            Assert.Equal(hex, Wire.Hex(Wire.Write(schema, value)));
        }
    }

    [AvscFact]
    public void The_canonical_forms_are_the_same()
    {
        var random = Seeds.Next(output);
        for (var i = 0; i < 500; i++)
        {
            var json = RandomSchemas.Next(random);
            var ours = MD5.HashData(Encoding.UTF8.GetBytes(AvroFingerprint.CanonicalForm(Schema.Parse(json))));
            Assert.True(Wire.Hex(ours) == Ask("hex", "md5", json), json);
        }
    }

    [AvscFact]
    public void Resolution_gives_the_same_values()
    {
        foreach (var row in ResolutionTests.Readable)
        {
            var (reason, writer, value, reader) = ((string)row[0], (string)row[1], (string)row[2], (string)row[3]);
            // avsc demands that every branch of the writer's can be read, where the specification only does that the data's can; and it
            // refuses an alias that is the name of another field.
            if (reason is "a union becomes a value" or "a field's name before an alias of another")
            {
                continue;
            }

            var schema = Schema.Parse(writer);
            var bytes = Wire.Write(schema, AvroJson.Parse(schema, JsonNode.Parse(value)));
            var question = new JsonObject { ["op"] = "resolve", ["writer"] = writer, ["reader"] = reader, ["hex"] = Wire.Hex(bytes) };
            var theirs = _peer.Value.Ask("json", question);

            var target = Schema.Parse(reader);
            var ours = Wire.Read<object?>(target, bytes, new AvroSerdeOptions { WriterSchema = schema });
            Assert.True(AvscPeer.Same(theirs, new AvroJson(longsAsText: false).Of(target, ours)), $"{reason}: {theirs}");
        }
    }

    public void Dispose()
    {
        if (_peer.IsValueCreated)
        {
            _peer.Value.Dispose();
        }
    }

    private static string Plain(string schema) => schema.Replace("\"logicalType\"", "\"ignored\"", StringComparison.Ordinal);

    private string Ask(string member, string operation, string schema, params ReadOnlySpan<(string Name, string Value)> more)
    {
        var question = new JsonObject { ["op"] = operation, ["schema"] = schema };
        foreach (var (name, value) in more)
        {
            question[name] = value;
        }

        return _peer.Value.Ask(member, question);
    }
}
