using System.Text.Json.Nodes;

namespace Loire.Client.Avro.Tests;

/// <summary>The rules of the specification's "Schema Resolution", one a row.</summary>
public class ResolutionTests
{
    private const string Enum2 = """{"type":"enum","name":"E","symbols":["A","B"]}""";

    /// <summary>Values in Avro's JSON encoding.</summary>
    public static TheoryData<string, string, string, string, string> Readable => new()
    {
        { "the same type", "\"int\"", "1", "\"int\"", "1" },
        { "int becomes long", "\"int\"", "-5", "\"long\"", "-5" },
        { "int becomes float", "\"int\"", "7", "\"float\"", "7" },
        { "int becomes double", "\"int\"", "7", "\"double\"", "7" },
        { "long becomes float", "\"long\"", "8", "\"float\"", "8" },
        { "long becomes double", "\"long\"", "8", "\"double\"", "8" },
        { "float becomes double", "\"float\"", "1.5", "\"double\"", "1.5" },
        { "string becomes bytes", "\"string\"", "\"abc\"", "\"bytes\"", "\"abc\"" },
        { "bytes become string", "\"bytes\"", "\"abc\"", "\"string\"", "\"abc\"" },
        { "items are promoted", """{"type":"array","items":"int"}""", "[1,2]", """{"type":"array","items":"double"}""", "[1,2]" },
        { "values of a map are promoted", """{"type":"map","values":"int"}""", """{"a":1}""", """{"type":"map","values":"long"}""", """{"a":1}""" },
        { "a fixed by name and size", """{"type":"fixed","name":"F","size":2}""", "\"ab\"", """{"type":"fixed","name":"F","size":2}""", "\"ab\"" },
        { "an enum in another order", Enum2, "\"B\"", """{"type":"enum","name":"E","symbols":["B","C","A"]}""", "\"B\"" },
        { "an enum's default", Enum2, "\"B\"", """{"type":"enum","name":"E","symbols":["A"],"default":"A"}""", "\"A\"" },
        { "an alias of an enum", Enum2, "\"B\"", """{"type":"enum","name":"G","aliases":["E"],"symbols":["A","B"]}""", "\"B\"" },
        { "fields in another order", R("a:int", "b:string"), """{"a":1,"b":"x"}""", R("b:string", "a:int"), """{"b":"x","a":1}""" },
        { "a field nobody wants", R("a:int", "b:string"), """{"a":1,"b":"x"}""", R("b:string"), """{"b":"x"}""" },
        { "a field that was not written", R("a:int"), """{"a":1}""", R("a:int", """b:string="y" """), """{"a":1,"b":"y"}""" },
        { "a default of a union", R("a:int"), """{"a":1}""", R("""b:["null","int"]=null"""), """{"b":null}""" },
        { "an array as default", R("a:int"), """{"a":1}""", R("""b:{"type":"array","items":"int"}=[1,2]"""), """{"b":[1,2]}""" },
        { "bytes as default", R("a:int"), """{"a":1}""", R("b:bytes=\"\\u00ff\""), """{"b":"ÿ"}""" },
        { "a field promoted", R("a:int"), """{"a":1}""", R("a:double"), """{"a":1}""" },
        { "an alias of a field", R("a:int"), """{"a":1}""", """{"type":"record","name":"R","fields":[{"name":"z","aliases":["a"],"type":"int"}]}""", """{"z":1}""" },
        { "an alias of a record", R("a:int"), """{"a":1}""", """{"type":"record","name":"S","aliases":["R"],"fields":[{"name":"a","type":"int"}]}""", """{"a":1}""" },
        { "a value becomes a union", "\"int\"", "1", """["null","int"]""", """{"int":1}""" },
        { "the first branch that fits", "\"int\"", "1", """["null","double","string"]""", """{"double":1}""" },
        { "a union becomes a value", """["null","int"]""", """{"int":1}""", "\"long\"", "1" },
        { "a union in another order", """["null","int"]""", """{"int":1}""", """["int","null"]""", """{"int":1}""" },
        { "a union of records", $"""["null",{R("a:int")}]""", """{"R":{"a":1}}""", $"""[{R("a:int", "b:int=2")},"null"]""", """{"R":{"a":1,"b":2}}""" },
    };

    public static TheoryData<string, string, string> Refused => new()
    {
        { "long does not become int", "\"long\"", "\"int\"" },
        { "double does not become float", "\"double\"", "\"float\"" },
        { "a number is no text", "\"int\"", "\"string\"" },
        { "a boolean is no number", "\"boolean\"", "\"int\"" },
        { "a fixed of another size", """{"type":"fixed","name":"F","size":2}""", """{"type":"fixed","name":"F","size":3}""" },
        { "a fixed of another name", """{"type":"fixed","name":"F","size":2}""", """{"type":"fixed","name":"G","size":2}""" },
        { "a record of another name", R("a:int"), """{"type":"record","name":"S","fields":[]}""" },
        { "an enum of another name", Enum2, """{"type":"enum","name":"G","symbols":["A","B"]}""" },
        { "a field without a default", R("a:int"), R("a:int", "b:int") },
        { "items that do not fit", """{"type":"array","items":"string"}""", """{"type":"array","items":"int"}""" },
        { "an array is no map", """{"type":"array","items":"int"}""", """{"type":"map","values":"int"}""" },
        { "no branch fits", "\"string\"", """["null","int"]""" },
        { "none of the branches fits", """["null","string"]""", "\"int\"" },
        { "decimals of different scales", """{"type":"bytes","logicalType":"decimal","precision":4,"scale":1}""", """{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}""" },
        { "milliseconds are no microseconds", """{"type":"long","logicalType":"timestamp-millis"}""", """{"type":"long","logicalType":"timestamp-micros"}""" },
    };

    [Theory]
    [MemberData(nameof(Readable))]
    public void What_was_written_with_one_schema_is_read_with_another(string reason, string writer, string value, string reader, string expected)
    {
        var (from, to) = (AvroSchema.Parse(writer), AvroSchema.Parse(reader));

        var read = Avro.Read<object?>(to, Avro.Write(from, Value(from, value)), new AvroSerdeOptions { WriterSchema = from });

        var json = new AvroJson(longsAsText: false).Of(to, read);
        Assert.True(AvscPeer.Same(expected, json), $"{reason}: {json?.ToJsonString()}");
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_cannot_be_read_is_refused_before_any_data_comes(string reason, string writer, string reader)
    {
        var options = new AvroSerdeOptions { WriterSchema = AvroSchema.Parse(writer) };

        var error = Record.Exception(() => Avro.Read<object?>(AvroSchema.Parse(reader), [0, 0, 0, 0], options));

        Assert.True(error is AvroResolutionException, $"{reason}: {error}");
    }

    [Fact]
    public void A_branch_that_cannot_be_read_is_an_error_when_it_comes_and_not_before()
    {
        Assert.Equal(5L, Avro.Resolve<object?>("""["string","int"]""", 5, "\"long\""));
        Assert.Throws<AvroDataException>(() => Avro.Resolve<object?>("""["string","int"]""", "x", "\"long\""));
    }

    [Fact]
    public void A_symbol_that_the_reader_lacks_is_an_error_when_it_comes_and_not_before()
    {
        const string Reader = """{"type":"enum","name":"E","symbols":["A"]}""";
        var writer = (EnumSchema)AvroSchema.Parse(Enum2);

        Assert.Equal("A", Avro.Resolve<string>(Enum2, "A", Reader));
        Assert.Throws<AvroDataException>(() => Avro.Resolve<string>(Enum2, new AvroEnum(writer, "B"), Reader));
    }

    [Fact]
    public void Types_with_the_same_last_name_are_told_apart_by_their_namespaces()
    {
        const string Union = """[{"type":"fixed","name":"x.F","size":1},{"type":"fixed","name":"y.F","size":1}]""";
        var second = new AvroFixed((FixedSchema)((UnionSchema)AvroSchema.Parse(Union)).Branches[1], [9]);

        var read = Assert.IsType<AvroFixed>(Avro.Resolve<object?>(Union, second, Union));

        Assert.Equal("y.F", read.Schema.Name.ToString());
    }

    [Fact]
    public void A_record_moved_to_another_namespace_is_still_the_same_record() =>
        Assert.IsType<AvroRecord>(Avro.Resolve<object?>(
            """{"type":"record","name":"a.R","fields":[]}""",
            new AvroRecord((RecordSchema)AvroSchema.Parse("""{"type":"record","name":"a.R","fields":[]}""")),
            """{"type":"record","name":"b.R","fields":[]}"""));

    /// <summary>A value of its JSON encoding, by way of a default, which has the same text for everything but unions.</summary>
    internal static object? Value(AvroSchema schema, string json) => Value(schema, JsonNode.Parse(json));

    private static object? Value(AvroSchema schema, JsonNode? json)
    {
        switch (schema)
        {
            case UnionSchema when json is null:
                return null;
            case UnionSchema union:
                var (name, inner) = json!.AsObject().Single();
                return Value(union.Branches.Single(branch => branch.TypeName == name || (branch as NamedSchema)?.Name.ToString() == name), inner);
            case RecordSchema record:
                var fields = new AvroRecord(record);
                record.Fields.ToList().ForEach(field => fields[field.Name] = Value(field.Schema, json![field.Name]));
                return fields;
            case EnumSchema choice:
                return new AvroEnum(choice, json!.GetValue<string>());
            default:
                var wrapper = new JsonObject { ["type"] = "record", ["name"] = "Wrapper" };
                wrapper["fields"] = new JsonArray(new JsonObject { ["name"] = "value", ["type"] = JsonNode.Parse(schema.ToString()), ["default"] = json!.DeepClone() });
                var bytes = ((RecordSchema)AvroSchema.Parse(wrapper.ToJsonString())).Fields[0].Default!;
                return Avro.Read<object?>(schema, bytes);
        }
    }

    /// <summary>A record R: each field is name:type or name:type=default.</summary>
    private static string R(params string[] fields)
    {
        var made = fields.Select(field =>
        {
            var (name, rest) = (field[..field.IndexOf(':')], field[(field.IndexOf(':') + 1)..]);
            var equals = rest.LastIndexOf('=');
            var type = equals < 0 ? rest : rest[..equals];
            type = char.IsAsciiLetter(type[0]) ? $"\"{type}\"" : type;
            return $$"""{"name":"{{name}}","type":{{type}}{{(equals < 0 ? "" : $",\"default\":{rest[(equals + 1)..]}")}}}""";
        });
        return $$"""{"type":"record","name":"R","fields":[{{string.Join(",", made)}}]}""";
    }
}
