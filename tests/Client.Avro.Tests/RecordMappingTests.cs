using System.Buffers;
using System.Text.Json;

namespace Loire.Client.Avro.Tests;

public class RecordMappingTests
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
        [new Line("tea", 2, 3.50m), new Line("cup", 1, -12.34m)])
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
        var back = Avro.Read<Order>(OrderSchema, Avro.Write(OrderSchema, Sample));

        Assert.Equal(JsonSerializer.Serialize(Sample), JsonSerializer.Serialize(back));
    }

    [Fact]
    public void Properties_belong_to_fields_by_name_by_attribute_and_else_up_to_case_and_underscores()
    {
        const string Schema = """
            {"type":"record","name":"R","fields":[{"name":"user_id","type":"int"},{"name":"UserId","type":"int"},{"name":"other","type":"int"}]}
            """;

        var bytes = Avro.Write(Schema, new Names { UserId = 1, User_ID = 2, Renamed = 3 });

        Assert.Equal("040206", Avro.Hex(bytes));
        Assert.Equal((1, 2, 3), Avro.Read<Names>(Schema, bytes) is var back ? (back.UserId, back.User_ID, back.Renamed) : default);
    }

    [Fact]
    public void An_attribute_on_a_parameter_of_a_record_names_its_property_too()
    {
        const string Schema = """{"type":"record","name":"R","fields":[{"name":"n","type":"int"}]}""";

        Assert.Equal(new Positional(1), Avro.Read<Positional>(Schema, Avro.Write(Schema, new Positional(1))));
    }

    [Fact]
    public void A_field_that_the_type_lacks_is_written_as_its_default_and_passed_over_when_read()
    {
        const string Schema = """
            {"type":"record","name":"R","fields":[
              {"name":"extra","type":{"type":"array","items":"string"},"default":["a"]},{"name":"x","type":"int"},{"name":"y","type":"int"}]}
            """;

        var bytes = Avro.Write(Schema, new Point(1, 2));

        Assert.Equal("020261000204", Avro.Hex(bytes));
        Assert.Equal(new Point(1, 2), Avro.Read<Point>(Schema, bytes));
    }

    [Fact]
    public void A_parameter_of_the_constructor_may_have_a_default_where_the_schema_has_no_field() =>
        Assert.Equal(new Defaulted(5), Avro.Read<Defaulted>("""{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}""", [10]));

    [Theory]
    [InlineData("""{"type":"record","name":"R","fields":[{"name":"x","type":"int"},{"name":"z","type":"int"}]}""", true, "a field without a property or a default")]
    [InlineData("""{"type":"record","name":"R","fields":[{"name":"x","type":"int"}]}""", false, "a parameter without a field")]
    [InlineData("""{"type":"record","name":"R","fields":[{"name":"x","type":"string"},{"name":"y","type":"int"}]}""", true, "a property of another type")]
    [InlineData("""{"type":"array","items":"int"}""", true, "no record")]
    [InlineData("\"string\"", true, "no record")]
    public void A_type_that_does_not_fit_is_refused_before_any_data_comes(string schema, bool writing, string reason)
    {
        var error = Record.Exception(() => _ = writing ? Avro.Write(schema, new Point(1, 2)).Length : Avro.Read<Strict>(schema, []).X);

        Assert.True(error is AvroMappingException, $"{reason}: {error}");
    }

    [Fact]
    public void A_required_property_without_a_field_is_refused() => Assert.Throws<AvroMappingException>(
        () => Avro.Read<Demanding>("""{"type":"record","name":"R","fields":[]}""", []));

    [Fact]
    public void Whole_numbers_may_be_narrower_than_the_schema_as_long_as_the_values_fit()
    {
        Assert.Equal(200, Avro.Read<byte>("\"long\"", Avro.Write("\"long\"", (byte)200)));
        Assert.Throws<AvroDataException>(() => Avro.Read<byte>("\"long\"", Avro.Write("\"long\"", 256L)));
        Assert.Throws<AvroDataException>(() => Avro.Read<uint>("\"int\"", Avro.Write("\"int\"", -1)));
        Assert.Throws<AvroDataException>(() => Avro.Write("\"int\"", 1L << 31));
        Assert.Throws<AvroDataException>(() => Avro.Write("\"long\"", ulong.MaxValue));
    }

    [Fact]
    public void Null_is_refused_where_the_schema_or_the_type_has_none()
    {
        Assert.Throws<AvroDataException>(() => Avro.Write<string?[]>("""{"type":"array","items":"string"}""", [null]));
        Assert.Throws<AvroDataException>(() => Avro.Write<int?[]>("""{"type":"array","items":"int"}""", [null]));
        Assert.Throws<AvroDataException>(() => Avro.Write<object?[]>("""{"type":"array","items":["int","string"]}""", [null]));
        Assert.Throws<AvroDataException>(() => Avro.Read<int>("""["null","int"]""", [0]));
        Assert.Null(Avro.Read<int?>("""["null","int"]""", [0]));
        Assert.Equal(3, Avro.Read<int>("""["null","int"]""", [2, 6]));
    }

    [Fact]
    public void Collections_may_be_of_any_type_that_can_be_filled()
    {
        const string Schema = """{"type":"array","items":"int"}""";
        var bytes = Avro.Write<IEnumerable<int>>(Schema, Enumerable.Range(1, 3).Select(i => i));

        Assert.Equal([1, 2, 3], Avro.Read<int[]>(Schema, bytes));
        Assert.Equal([1, 2, 3], Avro.Read<List<int>>(Schema, bytes));
        Assert.Equal([1, 2, 3], Avro.Read<IReadOnlyCollection<int>>(Schema, bytes));
        Assert.Equal([1, 2, 3], Avro.Read<ISet<int>>(Schema, bytes));
        Assert.Equal([1, 2, 3], Avro.Read<LinkedList<int>>(Schema, bytes));
        Assert.Equal(bytes, Avro.Write(Schema, new SortedSet<int> { 3, 2, 1 }));
        Assert.Throws<AvroMappingException>(() => Avro.Read<Queue<int>>(Schema, bytes));

        const string Map = """{"type":"map","values":"int"}""";
        var entries = Avro.Write<IReadOnlyDictionary<string, int>>(Map, new SortedDictionary<string, int> { ["a"] = 1 });
        Assert.Equal(1, Avro.Read<IReadOnlyDictionary<string, int>>(Map, entries)["a"]);
        Assert.Equal(1, Avro.Read<SortedDictionary<string, int>>(Map, entries)["a"]);
    }

    [Fact]
    public void A_value_of_a_union_is_written_as_the_branch_of_its_type()
    {
        const string Schema = """
            {"type":"array","items":["null","string","long",{"type":"record","name":"Point","fields":[{"name":"x","type":"int"},{"name":"y","type":"int"}]},
              {"type":"array","items":"int"},{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}]}
            """;

        var bytes = Avro.Write<object?[]>(Schema, [null, "a", 7, new Point(1, 2), new[] { 3 }, 1.5m]);
        var back = Avro.Read<object?[]>(Schema, bytes);

        Assert.Equal([null, "a", 7L], back[..3]);
        Assert.Equal(2, ((AvroRecord)back[3]!)["y"]);
        Assert.Equal([3], (List<object?>)back[4]!);
        Assert.Equal(1.5m, ((AvroDecimal)back[5]!).ToDecimal());
        Assert.Throws<AvroMappingException>(() => Avro.Write<object?[]>(Schema, [1.5f]));
        Assert.Throws<AvroMappingException>(() => Avro.Write<object?[]>(Schema, [new object()]));
    }

    [Fact]
    public void Enums_go_by_name_and_not_by_number()
    {
        const string Schema = """{"type":"enum","name":"State","symbols":["DONE","NEW","IN_TRANSIT"]}""";

        Assert.Equal("04", Avro.Hex(Avro.Write(Schema, State.InTransit)));
        Assert.Equal(State.Done, Avro.Read<State>(Schema, [0]));
        Assert.Throws<AvroDataException>(() => Avro.Write(Schema, (State)99));
        Assert.Throws<AvroDataException>(() => Avro.Write(Schema, "NOWHERE"));
        Assert.Throws<AvroMappingException>(() => Avro.Read<State>("""{"type":"enum","name":"State","symbols":["LOST"]}""", [0]));
    }

    [Fact]
    public void Trees_of_records_are_compiled_once_however_deep_they_are()
    {
        var schema = (RecordSchema)AvroSchema.Parse("""{"type":"record","name":"N","fields":[{"name":"l","type":["null","N"]},{"name":"r","type":["null","N"]}]}""");
        var (typed, generic) = (new AvroSerde<N>(schema), new AvroSerde<AvroRecord>(schema));
        var bytes = Avro.Write(schema, Tree(14));

        Assert.Equal(bytes, Avro.Write(schema, typed.Deserialize(new(bytes), Avro.Context)));
        Assert.Equal(bytes, Avro.Write(schema, generic.Deserialize(new(bytes), Avro.Context)));
    }

    [Fact]
    public void Hardly_anything_is_allocated_to_write_and_only_the_value_to_read()
    {
        var schema = AvroSchema.Parse("""
            {"type":"record","name":"R","fields":[{"name":"x","type":["null","int"]},{"name":"y","type":"long"},
              {"name":"e","type":{"type":"enum","name":"State","symbols":["NEW"]}},{"name":"p","type":{"type":"array","items":"double"}}]}
            """);
        var (serde, value, buffer) = (new AvroSerde<Plain>(schema), new Plain(1, 2, State.New, [3.5, 4.5]), new ArrayBufferWriter<byte>(1_000));
        serde.Serialize(value, buffer, Avro.Context);
        var bytes = new ReadOnlySequence<byte>(buffer.WrittenMemory.ToArray());
        serde.Deserialize(bytes, Avro.Context);

        var before = GC.GetAllocatedBytesForCurrentThread();
        buffer.ResetWrittenCount();
        serde.Serialize(value, buffer, Avro.Context);
        var written = GC.GetAllocatedBytesForCurrentThread();
        serde.Deserialize(bytes, Avro.Context);
        var read = GC.GetAllocatedBytesForCurrentThread();

        // Nothing at all once the code is optimized; before that, a nullable may be boxed.
        Assert.InRange(written - before, 0, 100);
        Assert.InRange(read - written, 1, 300);
    }

    [Fact]
    public void One_serde_serves_many_threads()
    {
        var serde = new AvroSerde<object?>(AvroSchema.Parse(OrderSchema));
        var bytes = Avro.Write(OrderSchema, Sample);

        Parallel.For(0, 1_000, _ =>
        {
            var buffer = new ArrayBufferWriter<byte>();
            serde.Serialize(serde.Deserialize(new(bytes), Avro.Context), buffer, Avro.Context);
            Assert.True(buffer.WrittenSpan.SequenceEqual(bytes));
        });
    }

    private static N? Tree(int depth) => depth == 0 ? null : new N { L = Tree(depth - 1), R = Tree(depth - 1) };

    public enum State
    {
        Done = 7,
        New = 1,
        InTransit = 3,
    }

    public sealed record Line(string Sku, int Count, decimal Price);

    public sealed record Order(Guid Id, State State, IReadOnlyList<Line> Lines)
    {
        public string? CustomerName { get; init; }

        public Dictionary<string, string> Tags { get; init; } = [];

        public DateTime Placed { get; set; }

        public DateOnly? Due { get; init; }

        public double? Weight { get; init; }
    }

    public sealed class Names
    {
        public int UserId { get; set; }

        public int User_ID { get; set; }

        [AvroField("other")]
        public int Renamed { get; set; }
    }

    public readonly record struct Point(int X, int Y);

    public sealed record Plain(int? X, long Y, State E, List<double> P);

    public sealed record Positional([AvroField("n")] int Number);

    public sealed record Strict(int X, int Y);

    public sealed record Defaulted(int A, string B = "b", int? C = null);

    public sealed class Demanding
    {
        public required string Name { get; init; }
    }

    public sealed class N
    {
        public N? L { get; init; }

        public N? R { get; init; }
    }
}
