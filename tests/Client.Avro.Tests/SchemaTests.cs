namespace Loire.Client.Avro.Tests;

public class SchemaTests
{
    public static TheoryData<string, string> Invalid => new()
    {
        { "no JSON", "{" },
        { "a number", "1" },
        { "null, which is no name in JSON", "null" },
        { "an unknown type", "\"integer\"" },
        { "a name before its definition", """["Later",{"type":"fixed","name":"Later","size":1}]""" },
        { "an object without a type", "{}" },
        { "a type that is no text", """{"type":["int"]}""" },
        { "a union type by name", """{"type":"union"}""" },
        { "a union in a union", """["int",["string"]]""" },
        { "a union with a type twice", """["int","string","int"]""" },
        { "a union with two arrays", """[{"type":"array","items":"int"},{"type":"array","items":"string"}]""" },
        { "an empty union", "[]" },
        { "an array of nothing", """{"type":"array"}""" },
        { "a map of nothing", """{"type":"map"}""" },
        { "a record without a name", """{"type":"record","fields":[]}""" },
        { "a record without fields", """{"type":"record","name":"R"}""" },
        { "fields that are no list", """{"type":"record","name":"R","fields":{}}""" },
        { "a field that is no object", """{"type":"record","name":"R","fields":["a"]}""" },
        { "a field without a name", """{"type":"record","name":"R","fields":[{"type":"int"}]}""" },
        { "a field without a type", """{"type":"record","name":"R","fields":[{"name":"a"}]}""" },
        { "a field with a dot", """{"type":"record","name":"R","fields":[{"name":"a.b","type":"int"}]}""" },
        { "two fields of one name", """{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}""" },
        { "an unknown order", """{"type":"record","name":"R","fields":[{"name":"a","type":"int","order":"up"}]}""" },
        { "a name that begins with a digit", """{"type":"fixed","name":"1F","size":1}""" },
        { "an empty name", """{"type":"fixed","name":"","size":1}""" },
        { "an empty part of a name", """{"type":"fixed","name":"a..F","size":1}""" },
        { "a name with a blank", """{"type":"fixed","name":"a b","size":1}""" },
        { "a namespace with a hyphen", """{"type":"fixed","name":"F","namespace":"a-b","size":1}""" },
        { "the name of a primitive type", """{"type":"fixed","name":"int","size":1}""" },
        { "a type defined twice", """[{"type":"fixed","name":"F","size":1},{"type":"enum","name":"F","symbols":["A"]}]""" },
        { "a fixed without a size", """{"type":"fixed","name":"F"}""" },
        { "a negative size", """{"type":"fixed","name":"F","size":-1}""" },
        { "a size that is no whole number", """{"type":"fixed","name":"F","size":1.5}""" },
        { "a size beyond 2 GiB", """{"type":"fixed","name":"F","size":2147483648}""" },
        { "an enum without symbols", """{"type":"enum","name":"E"}""" },
        { "a symbol twice", """{"type":"enum","name":"E","symbols":["A","A"]}""" },
        { "a symbol with a blank", """{"type":"enum","name":"E","symbols":["A B"]}""" },
        { "a symbol that is no text", """{"type":"enum","name":"E","symbols":[1]}""" },
        { "an enum's default that is no symbol", """{"type":"enum","name":"E","symbols":["A"],"default":"B"}""" },
        { "an alias that is no name", """{"type":"fixed","name":"F","size":1,"aliases":["a b"]}""" },
        { "half a surrogate pair", """{"type":"fixed","name":"\ud800","size":1}""" },
    };

    public static TheoryData<string, string, string> InvalidDefaults => new()
    {
        { "a text for a number", "\"int\"", "\"1\"" },
        { "a number beyond int", "\"int\"", "2147483648" },
        { "a number beyond long", "\"long\"", "9223372036854775808" },
        { "a fraction for a whole number", "\"int\"", "1.5" },
        { "a number for a text", "\"string\"", "1" },
        { "null for a text", "\"string\"", "null" },
        { "bytes beyond U+00FF", "\"bytes\"", "\"\\u0100\"" },
        { "a fixed of another size", """{"type":"fixed","name":"F","size":2}""", "\"a\"" },
        { "no symbol", """{"type":"enum","name":"E","symbols":["A"]}""", "\"B\"" },
        { "not the first branch of the union", """["null","int"]""", "1" },
        { "an item that does not fit", """{"type":"array","items":"int"}""", "[1,\"a\"]" },
        { "a list for a map", """{"type":"map","values":"int"}""", "[]" },
        { "a record without one of its fields", """{"type":"record","name":"S","fields":[{"name":"x","type":"int"}]}""", "{}" },
        { "half a surrogate pair", "\"string\"", "\"\\ud800\"" },
        { "a record that never ends", "\"R\"", "{}" },
    };

    /// <summary>The fingerprints were computed bit by bit, from the specification's text.</summary>
    public static TheoryData<string, string, string?> Canonical => new()
    {
        { "\"null\"", "\"null\"", "63dd24e7cc258f8a" },
        { """{"type":"int"}""", "\"int\"", "7275d51a3f395c8f" },
        { "\"string\"", "\"string\"", "8f014872634503c7" },
        { """[ "int", {"type":"bytes","logicalType":"decimal","precision":4} ]""", """["int","bytes"]""", null },
        { """{"type":"fixed","name":"Hash","namespace":"org.example","size":16,"doc":"d","aliases":["H"]}""", """{"name":"org.example.Hash","type":"fixed","size":16}""", null },
        { """{"type":"enum","symbols":["A","B"],"name":"E","default":"A"}""", """{"name":"E","type":"enum","symbols":["A","B"]}""", null },
        {
            """{"name":"Node","namespace":"x.y","type":"record","doc":"d","fields":[{"name":"v","type":{"type":"long"},"default":1,"order":"ignore"},{"name":"next","type":["null","Node"],"default":null},{"name":"k","type":{"type":"map","values":{"type":"array","items":"x.y.Node"}}}]}""",
            """{"name":"x.y.Node","type":"record","fields":[{"name":"v","type":"long"},{"name":"next","type":["null","x.y.Node"]},{"name":"k","type":{"type":"map","values":{"type":"array","items":"x.y.Node"}}}]}""",
            null
        },
        { """["int",{"name":"a.F","type":"fixed","size":2}]""", """["int",{"name":"a.F","type":"fixed","size":2}]""", "e6d20bb04277d7ae" },
    };

    [Theory]
    [MemberData(nameof(Invalid))]
    public void What_is_no_schema_is_refused(string reason, string json)
    {
        var error = Record.Exception(() => AvroSchema.Parse(json));

        Assert.True(error is AvroSchemaException, $"{reason}: {error}");
    }

    [Theory]
    [MemberData(nameof(InvalidDefaults))]
    public void A_default_that_is_no_value_of_its_field_is_refused(string reason, string type, string value)
    {
        var json = $$"""{"type":"record","name":"R","fields":[{"name":"a","type":{{type}},"default":{{value}}}]}""";

        var error = Record.Exception(() => AvroSchema.Parse(json));

        Assert.True(error is AvroSchemaException, $"{reason}: {error}");
    }

    [Theory]
    [MemberData(nameof(Canonical))]
    public void The_canonical_form_has_what_matters_for_reading_and_nothing_else(string json, string canonical, string? fingerprint)
    {
        var schema = AvroSchema.Parse(json);

        Assert.Equal(canonical, schema.CanonicalForm);
        Assert.Equal(fingerprint ?? schema.Fingerprint.ToString(), schema.Fingerprint.ToString());
        Assert.Equal(schema, AvroSchema.Parse(canonical));
    }

    [Theory]
    [InlineData("""{"type":"fixed","name":"F","size":1}""", "F", "no namespace")]
    [InlineData("""{"type":"fixed","name":"F","namespace":"a.b","size":1}""", "a.b.F", "its namespace")]
    [InlineData("""{"type":"fixed","name":"x.F","namespace":"a.b","size":1}""", "x.F", "a name with a dot is complete")]
    [InlineData("""{"type":"fixed","name":"F","namespace":"","size":1}""", "F", "an empty namespace is none")]
    public void A_name_is_completed_by_its_namespace(string json, string name, string reason) =>
        Assert.True(((NamedSchema)AvroSchema.Parse(json)).Name.ToString() == name, reason);

    [Fact]
    public void Names_within_a_record_belong_to_its_namespace_unless_they_say_otherwise()
    {
        var record = (RecordSchema)AvroSchema.Parse("""
            {"type":"record","name":"a.R","aliases":["Old","z.Older"],"fields":[
              {"name":"f","type":{"type":"fixed","name":"F","size":1}},
              {"name":"g","type":{"type":"record","name":"b.G","fields":[{"name":"h","type":{"type":"fixed","name":"F","size":2}}]}},
              {"name":"i","type":"F"},{"name":"j","type":"b.F"},{"name":"self","type":["null","R"]}]}
            """);

        Assert.Equal(["a.Old", "z.Older"], record.Aliases.Select(alias => alias.ToString()));
        Assert.Equal("a.F", ((NamedSchema)record.Fields[2].Schema).Name.ToString());
        Assert.Equal(2, ((FixedSchema)record.Fields[3].Schema).Size);
        Assert.Same(record, ((UnionSchema)record.Fields[4].Schema).Branches[1]);
    }

    [Fact]
    public void Schemas_nested_too_deep_are_refused()
    {
        static string Nested(int depth) => string.Concat(Enumerable.Repeat("""{"type":"array","items":""", depth)) + "\"int\"" + new string('}', depth);

        Assert.IsType<ArraySchema>(AvroSchema.Parse(Nested(AvroLimits.SchemaDepth - 1)));
        Assert.Throws<AvroSchemaException>(() => AvroSchema.Parse(Nested(AvroLimits.SchemaDepth)));
        Assert.Throws<AvroSchemaException>(() => AvroSchema.Parse(Nested(100_000)));
    }

    [Fact]
    public void Defaults_that_multiply_are_refused()
    {
        // Each record holds the one before it twice, by default: 2 to the power of 40 values.
        var fields = "\"int\"";
        var types = new List<string>();
        for (var i = 0; i < 40; i++)
        {
            var value = i == 0 ? "1" : "{}";
            types.Add($$"""{"type":"record","name":"R{{i}}","fields":[{"name":"a","type":{{fields}},"default":{{value}}},{"name":"b","type":{{fields}},"default":{{value}}}]}""");
            fields = $"\"R{i}\"";
        }

        Assert.Throws<AvroSchemaException>(() => AvroSchema.Parse($"[{string.Join(",", types)}]"));
    }

    [Fact]
    public void A_schema_that_is_too_long_is_refused() =>
        Assert.Throws<AvroSchemaException>(() => AvroSchema.Parse(new string(' ', AvroLimits.SchemaCharacters) + "\"int\""));

    [Fact]
    public void Two_records_of_one_fingerprint_are_equal_whatever_their_documentation_says() =>
        Assert.Equal(
            AvroSchema.Parse("""{"type":"record","name":"R","doc":"one","fields":[]}"""),
            AvroSchema.Parse("""{"fields":[],"name":"R","type":"record"}"""));
}
