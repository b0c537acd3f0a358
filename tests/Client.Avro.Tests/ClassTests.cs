using System.Buffers;
using System.Text.Json;
using Avro;
using Avro.Generic;
using Avro.Reflect;

namespace Loire.Client.Avro.Tests;

public class ClassTests
{
    private const string OrderSchema = """
        {"type":"record","name":"Order","namespace":"shop","fields":[
          {"name":"id","type":{"type":"string","logicalType":"uuid"}},
          {"name":"customer_name","type":["null","string"],"default":null},
          {"name":"state","type":{"type":"enum","name":"State","symbols":["NEW","IN_TRANSIT","DONE"]}},
          {"name":"lines","type":{"type":"array","items":{"type":"record","name":"Line","fields":[
            {"name":"sku","type":"string"},{"name":"count","type":"int"},
            {"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":10,"scale":2}}]}}},
          {"name":"tags","type":{"type":"map","values":"string"}},
          {"name":"placed","type":{"type":"long","logicalType":"timestamp-micros"}},
          {"name":"due","type":["null",{"type":"int","logicalType":"date"}]},
          {"name":"weight","type":["double","null"]},
          {"name":"source","type":"string","default":"web"}]}
        """;

    private static readonly Order Sample = new(
        Guid.Parse("0f8fad5b-d9cb-469f-a165-70867728950e"),
        State.InTransit,
        [new Line("tea", 2, 3.25m), new Line("cup", 1, -12.34m)])
    {
        CustomerName = "Ann",
        Tags = { ["a"] = "1", ["b"] = "2" },
        Placed = new DateTime(2026, 11, 22, 1, 2, 3, 456, 789, DateTimeKind.Utc),
        Due = new DateOnly(1969, 12, 31),
        Weight = 1.25,
    };

    [Fact]
    public void A_record_with_constructor_properties_and_nested_types_comes_back_as_it_was()
    {
        var back = Wire.Read<Order>(OrderSchema, Wire.Write(OrderSchema, Sample));

        Assert.Equal(JsonSerializer.Serialize(Sample), JsonSerializer.Serialize(back));
    }

    [Fact]
    public void Properties_belong_to_fields_by_name_by_attribute_and_else_up_to_case_and_underscores()
    {
        const string Schema = """
            {"type":"record","name":"R","fields":[
              {"name":"user_id","type":"int"},{"name":"UserId","type":"int"},{"name":"other","type":"int"}]}
            """;

        var bytes = Wire.Write(Schema, new Names { UserId = 1, User_ID = 2, Renamed = 3 });

        Assert.Equal("040206", Wire.Hex(bytes));
        Assert.Equal((1, 2, 3), Wire.Read<Names>(Schema, bytes) is var back ? (back.UserId, back.User_ID, back.Renamed) : default);
    }

    [Theory]
    [InlineData("""{"type":"record","name":"R","fields":[{"name":"z","type":"int"}]}""", "a field without a property")]
    [InlineData("""{"type":"record","name":"R","fields":[{"name":"x","type":"string"}]}""", "a property of another type")]
    [InlineData("""{"type":"array","items":"int"}""", "no record")]
    [InlineData("\"string\"", "no record")]
    public void A_type_that_does_not_fit_is_refused_before_any_data_comes(string schema, string reason)
    {
        var writing = Record.Exception(() => Wire.Write(schema, new Point(1, 2)));
        var reading = Record.Exception(() => Wire.Read<Point>(schema, []));

        Assert.True(writing is AvroMappingException, $"{reason}: {writing}");
        Assert.True(reading is AvroMappingException, $"{reason}: {reading}");
    }

    [Fact]
    public void Null_is_refused_where_the_schema_or_the_type_has_none()
    {
        Assert.Throws<AvroDataException>(() => Wire.Write<string?[]>("""{"type":"array","items":"string"}""", [null]));
        Assert.Throws<AvroDataException>(() => Wire.Write<int?[]>("""{"type":"array","items":"int"}""", [null]));
        Assert.Throws<AvroDataException>(() => Wire.Write<object?[]>("""{"type":"array","items":["int","string"]}""", [null]));
        Assert.Throws<AvroDataException>(() => Wire.Read<int>("""["null","int"]""", [0]));
        Assert.Null(Wire.Read<int?>("""["null","int"]""", [0]));
        Assert.Equal(3, Wire.Read<int>("""["null","int"]""", [2, 6]));
    }

    [Fact]
    public void Enums_go_by_name_and_not_by_number()
    {
        const string Schema = """{"type":"enum","name":"State","symbols":["DONE","NEW","IN_TRANSIT"]}""";

        Assert.Equal("04", Wire.Hex(Wire.Write(Schema, State.InTransit)));
        Assert.Equal(State.Done, Wire.Read<State>(Schema, [0]));
        Assert.Throws<AvroDataException>(() => Wire.Write(Schema, (State)99));
        Assert.Throws<AvroMappingException>(() => Wire.Read<State>("""{"type":"enum","name":"State","symbols":["LOST"]}""", [0]));
    }

    [Fact]
    public void Trees_of_records_are_read_and_written()
    {
        var schema = Schema.Parse("""
            {"type":"record","name":"N","fields":[{"name":"l","type":["null","N"]},{"name":"r","type":["null","N"]}]}
            """);
        var (typed, generic) = (new AvroSerde<N>(schema), new AvroSerde<GenericRecord>(schema));
        var bytes = Wire.Write(schema, Tree(14));

        Assert.Equal(bytes, Wire.Write(schema, typed.Deserialize(new(bytes), Wire.Context)));
        Assert.Equal(bytes, Wire.Write(schema, generic.Deserialize(new(bytes), Wire.Context)));
    }

    [Fact]
    public void Structures_and_positional_records_need_no_constructor_without_parameters()
    {
        const string Schema = """{"type":"record","name":"P","fields":[{"name":"x","type":"int"},{"name":"y","type":"int"}]}""";

        Assert.Equal(new Point(1, -1), Wire.Read<Point>(Schema, Wire.Write(Schema, new Point(1, -1))));
        Assert.Equal(new Strict(1, -1), Wire.Read<Strict>(Schema, Wire.Write(Schema, new Strict(1, -1))));
    }

    [Fact]
    public void A_property_without_a_field_keeps_its_initial_value() =>
        Assert.Equal("initial", Wire.Read<Extended>("""{"type":"record","name":"E","fields":[{"name":"x","type":"int"}]}""", [2]).Other);

    [Fact]
    public void Collections_are_arrays_or_what_a_list_can_be_assigned_to()
    {
        const string Array = """{"type":"array","items":"int"}""";
        var bytes = Wire.Write<IEnumerable<int>>(Array, Enumerable.Range(1, 3).Select(i => i));

        Assert.Equal([1, 2, 3], Wire.Read<int[]>(Array, bytes));
        Assert.Equal([1, 2, 3], Wire.Read<List<int>>(Array, bytes));
        Assert.Equal([1, 2, 3], Wire.Read<IReadOnlyCollection<int>>(Array, bytes));
        Assert.Throws<AvroMappingException>(() => Wire.Read<Queue<int>>(Array, bytes));

        const string Map = """{"type":"map","values":"int"}""";
        var entries = Wire.Write<IReadOnlyDictionary<string, int>>(Map, new SortedDictionary<string, int> { ["a"] = 1 });
        Assert.Equal(1, Wire.Read<IReadOnlyDictionary<string, int>>(Map, entries)["a"]);
        Assert.Equal(1, Wire.Read<Dictionary<string, int>>(Map, entries)["a"]);
        Assert.Throws<AvroMappingException>(() => Wire.Read<SortedDictionary<string, int>>(Map, entries));
    }

    [Fact]
    public void A_union_of_several_types_is_a_property_of_type_object()
    {
        var schema = (RecordSchema)Schema.Parse("""
            {"type":"record","name":"U","fields":[{"name":"any","type":["null","string","long",
              {"type":"record","name":"P","fields":[{"name":"x","type":"int"}]},{"type":"array","items":"int"}]}]}
            """);
        var point = new GenericRecord((RecordSchema)((UnionSchema)schema.Fields[0].Schema)[3]);
        point.Add("x", 5);

        foreach (var value in new object?[] { null, "a", 7L, point, new object[] { 3 } })
        {
            Assert.Equal(value, Wire.Read<Union>(schema, Wire.Write(schema, new Union(value))).Any);
        }

        Assert.Throws<AvroDataException>(() => Wire.Write(schema, new Union(1.5f)));
        Assert.Throws<AvroDataException>(() => Wire.Write(schema, new Union(new object())));
    }

    [Fact]
    public void Enums_of_one_name_in_two_serdes_do_not_meet()
    {
        const string Schema = """{"type":"array","items":{"type":"enum","name":"State","symbols":["NEW","DONE"]}}""";

        Assert.Equal([State.New, State.Done], Wire.Read<State[]>(Schema, Wire.Bytes("04000200")));
        Assert.Equal([OtherState.New, OtherState.Done], Wire.Read<OtherState[]>(Schema, Wire.Bytes("04000200")));
    }

    [Fact]
    public void A_converter_of_an_attribute_stands_between_property_and_field()
    {
        const string Schema = """{"type":"record","name":"C","fields":[{"name":"link","type":"string"}]}""";
        var value = new Converted { Address = new Uri("https://loire.example/") };

        Assert.Equal(value.Address, Wire.Read<Converted>(Schema, Wire.Write(Schema, value)).Address);
    }

    [Fact]
    public void One_serde_serves_many_threads()
    {
        var (typed, generic) = (new AvroSerde<Order>(Schema.Parse(OrderSchema)), new AvroSerde<object?>(Schema.Parse(OrderSchema)));
        var bytes = Wire.Write(OrderSchema, Sample);

        Parallel.For(0, 1_000, _ =>
        {
            var (one, other) = (new ArrayBufferWriter<byte>(), new ArrayBufferWriter<byte>());
            typed.Serialize(typed.Deserialize(new(bytes), Wire.Context), one, Wire.Context);
            generic.Serialize(generic.Deserialize(new(bytes), Wire.Context), other, Wire.Context);
            Assert.True(one.WrittenSpan.SequenceEqual(bytes));
            Assert.True(other.WrittenSpan.SequenceEqual(bytes));
        });
    }

    private static N? Tree(int depth) => depth == 0 ? null : new N { L = Tree(depth - 1), R = Tree(depth - 1) };

    public enum State
    {
        Done = 7,
        New = 1,
        InTransit = 3,
    }

    public enum OtherState
    {
        New,
        Done,
    }

    public sealed record Line(string Sku, int Count, decimal Price);

    public sealed record Order(Guid Id, State State, IReadOnlyList<Line> Lines)
    {
        public string? CustomerName { get; init; }

        public Dictionary<string, string> Tags { get; init; } = [];

        public DateTime Placed { get; set; }

        public DateOnly? Due { get; init; }

        public double? Weight { get; init; }

        public string Source { get; init; } = "web";
    }

    public sealed class Names
    {
        public int UserId { get; set; }

        public int User_ID { get; set; }

        [AvroField("other")]
        public int Renamed { get; set; }
    }

    public readonly record struct Point(int X, int Y);

    public sealed record Strict(int X, int Y);

    public sealed record Union(object? Any);

    public sealed class Extended
    {
        public int X { get; set; }

        public string Other { get; set; } = "initial";
    }

    public sealed class Converted
    {
        [AvroField("link", typeof(UriConverter))]
        public Uri? Address { get; set; }
    }

    public sealed class UriConverter : TypedFieldConverter<string, Uri>
    {
        public override Uri From(string o, Schema s) => new(o);

        public override string To(Uri o, Schema s) => o.ToString();
    }

    public sealed class N
    {
        public N? L { get; init; }

        public N? R { get; init; }
    }
}
