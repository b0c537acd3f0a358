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
}
