using System.Text.Json.Nodes;
using Avro;
using Avro.Generic;

namespace Loire.Client.Avro.Tests;

/// <summary>The rules of the specification's "Schema Resolution", one a row.</summary>
public class ResolutionTests
{
    private const string Renamed = """{"type":"record","name":"R","fields":[{"name":"z","aliases":["a"],"type":"int"}]}""";

    private const string RenamedWithDefault =
        """{"type":"record","name":"R","fields":[{"name":"z","aliases":["a"],"type":"int","default":9}]}""";

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
        { "an alias of a field", R("a:int"), """{"a":1}""", Renamed, """{"z":1}""" },
        { "an alias of a field with a default", R("a:int"), """{"a":1}""", RenamedWithDefault, """{"z":1}""" },
        { "a field's name before an alias of another", R("a:int", "z:int"), """{"a":1,"z":2}""", Renamed, """{"z":2}""" },
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
        { "decimals of different scales", """{"type":"bytes","logicalType":"decimal","precision":4,"scale":1}""", """{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}""" },
        { "text is not bytes to Apache.Avro", "\"string\"", "\"bytes\"" },
        { "bytes are not text to Apache.Avro", "\"bytes\"", "\"string\"" },
        { "a record of another namespace", """{"type":"record","name":"a.R","fields":[]}""", """{"type":"record","name":"b.R","fields":[]}""" },
        { "a logical type was added", "\"long\"", """{"type":"long","logicalType":"timestamp-millis"}""" },
        { "milliseconds are no microseconds", """{"type":"long","logicalType":"timestamp-millis"}""", """{"type":"long","logicalType":"timestamp-micros"}""" },
    };

    [Theory]
    [MemberData(nameof(Readable))]
    public void What_was_written_with_one_schema_is_read_with_another(string reason, string writer, string value, string reader, string expected)
    {
        var (from, to) = (Schema.Parse(writer), Schema.Parse(reader));

        var bytes = Wire.Write(from, AvroJson.Parse(from, JsonNode.Parse(value)));

        var read = Wire.Read<object?>(to, bytes, new AvroSerdeOptions { WriterSchema = from });

        var json = new AvroJson(longsAsText: false).Of(to, read);
        Assert.True(AvscPeer.Same(expected, json), $"{reason}: {json?.ToJsonString()}");
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void Schemas_that_do_not_fit_are_a_typed_error(string reason, string writer, string reader)
    {
        var options = new AvroSerdeOptions { WriterSchema = Schema.Parse(writer) };

        var error = Record.Exception(() => Wire.Read<object?>(Schema.Parse(reader), [0], options));

        Assert.True(error is AvroResolutionException, $"{reason}: {error}");
    }

    [Fact]
    public void A_branch_that_cannot_be_read_is_an_error_when_it_comes_and_not_before()
    {
        Assert.Equal(5L, Wire.Resolve<object?>("""["string","int"]""", 5, "\"long\""));
        Assert.Throws<AvroDataException>(() => Wire.Resolve<object?>("""["string","int"]""", "x", "\"long\""));
    }

    [Fact]
    public void A_symbol_that_the_reader_lacks_is_an_error_when_it_comes_and_not_before()
    {
        const string Reader = """{"type":"enum","name":"E","symbols":["A"]}""";
        var writer = (EnumSchema)Schema.Parse(Enum2);

        Assert.Equal("A", Wire.Resolve<GenericEnum>(Enum2, new GenericEnum(writer, "A"), Reader).Value);
        Assert.Throws<AvroDataException>(() => Wire.Resolve<GenericEnum>(Enum2, new GenericEnum(writer, "B"), Reader));
    }

    [Fact]
    public void Types_with_the_same_last_name_are_told_apart_by_their_namespaces()
    {
        const string Union = """[{"type":"fixed","name":"x.F","size":1},{"type":"fixed","name":"y.F","size":1}]""";
        var second = new GenericFixed((FixedSchema)((UnionSchema)Schema.Parse(Union))[1], [9]);

        var read = Assert.IsType<GenericFixed>(Wire.Resolve<object?>(Union, second, Union));

        Assert.Equal("y.F", read.Schema.Fullname);
    }

    [Fact]
    public void Classes_follow_the_same_rules()
    {
        var writer = Schema.Parse("""
            {"type":"record","name":"Old","fields":[{"name":"dropped","type":{"type":"array","items":"string"}},{"name":"n","type":"int"},
              {"name":"state","type":{"type":"enum","name":"S","symbols":["A","B","C"]}}]}
            """);
        var record = (GenericRecord)AvroJson.Parse(writer, JsonNode.Parse("""{"dropped":["x"],"n":7,"state":"C"}"""))!;
        var reader = Schema.Parse("""
            {"type":"record","name":"New","aliases":["Old"],"fields":[
              {"name":"state","type":{"type":"enum","name":"S","symbols":["B","A"],"default":"A"}},
              {"name":"Count","aliases":["n"],"type":"double","default":0.5},{"name":"level","type":"S","default":"B"},
              {"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":4,"scale":2},"default":"\u0080"},
              {"name":"tags","type":{"type":"map","values":"int"},"default":{"a":1}},
              {"name":"inner","type":{"type":"record","name":"Inner","fields":[{"name":"x","type":"int","default":3}]},"default":{}}]}
            """);

        var read = Wire.Read<New>(reader, Wire.Write(writer, record), new AvroSerdeOptions { WriterSchema = writer });

        Assert.Equal((S.A, 7, S.B, -1.28m, 1, 3), (read.State, read.Count, read.Level, read.Price, read.Tags["a"], read.Inner.X));
    }

    public enum S
    {
        A,
        B,
    }

    public sealed record Inner(int X);

    public sealed record New(S State, double Count, S Level, decimal Price, Dictionary<string, int> Tags, Inner Inner);

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
