using System.Reflection;
using Avro;

namespace Loire.Client.Avro.Tests;

public class LogicalTypeTests
{
    private const string FixedDecimal = """{"type":"fixed","name":"F","size":4,"logicalType":"decimal","precision":9,"scale":2}""";

    private static readonly string EmptyGuid = "48" + Convert.ToHexString("00000000-0000-0000-0000-000000000000"u8);

    public static TheoryData<string, object, string> Values => new()
    {
        { """{"type":"string","logicalType":"uuid"}""", Guid.Empty, EmptyGuid },
        { """{"type":"int","logicalType":"date"}""", new DateTime(1970, 1, 2, 0, 0, 0, DateTimeKind.Utc), "02" },
        { """{"type":"int","logicalType":"time-millis"}""", TimeSpan.FromMilliseconds(1), "02" },
        { """{"type":"long","logicalType":"time-micros"}""", new TimeSpan(10), "02" },
        { """{"type":"long","logicalType":"timestamp-millis"}""", DateTime.UnixEpoch.AddMilliseconds(-1), "01" },
        { """{"type":"long","logicalType":"timestamp-micros"}""", DateTime.UnixEpoch.AddMicroseconds(1), "02" },
        { """{"type":"string","logicalType":"unknown-to-all"}""", "a", "0261" },
    };

    public static TheoryData<string, string, object, string> Properties => new()
    {
        { """{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}""", nameof(All.Price), 1.5m, "040096" },
        { FixedDecimal, nameof(All.Price), -0.01m, "ffffffff" },
        { """{"type":"int","logicalType":"date"}""", nameof(All.Day), new DateOnly(1969, 12, 31), "01" },
        { """["null",{"type":"int","logicalType":"date"}]""", nameof(All.Due), new DateOnly(1970, 1, 2), "0202" },
        { """{"type":"int","logicalType":"time-millis"}""", nameof(All.Time), new TimeOnly(0, 0, 0, 1), "02" },
        { """{"type":"long","logicalType":"timestamp-millis"}""", nameof(All.Instant), DateTimeOffset.UnixEpoch.AddTicks(10_000), "02" },
        { """{"type":"string","logicalType":"uuid"}""", nameof(All.Id), Guid.Empty, EmptyGuid },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public void A_logical_type_is_written_as_the_specification_says_and_read_back(string json, object value, string hex)
    {
        var schema = Schema.Parse(json);

        Assert.Equal(hex, Wire.Hex(Wire.Write(schema, value)), ignoreCase: true);
        Assert.Equal(value, Wire.Read<object>(schema, Wire.Bytes(hex)));
        typeof(LogicalTypeTests).GetMethod(nameof(ReadsBack), BindingFlags.Static | BindingFlags.NonPublic)!
            .MakeGenericMethod(value.GetType()).Invoke(null, [schema, value, hex]);
    }

    [Theory]
    [MemberData(nameof(Properties))]
    public void Properties_may_have_types_of_NET(string json, string property, object value, string hex)
    {
        var schema = Schema.Parse($$"""{"type":"record","name":"R","fields":[{"name":"{{property}}","type":{{json}}}]}""");
        var info = typeof(All).GetProperty(property)!;
        var all = new All();
        info.SetValue(all, value);

        Assert.Equal(hex, Wire.Hex(Wire.Write(schema, all)), ignoreCase: true);
        Assert.Equal(value, info.GetValue(Wire.Read<All>(schema, Wire.Bytes(hex))));
    }

    // Not in the table above: a test runner cannot print an AvroDecimal, whose ToString(format) calls itself without end.
    [Theory]
    [InlineData("""{"type":"bytes","logicalType":"decimal","precision":5,"scale":2}""", 128, "040080")]
    [InlineData("""{"type":"bytes","logicalType":"decimal","precision":5,"scale":2}""", -128, "0280")]
    [InlineData("""{"type":"bytes","logicalType":"decimal","precision":5,"scale":2}""", 0, "0200")]
    [InlineData(FixedDecimal, -1, "ffffffff")]
    public void A_decimal_is_its_digits_in_twos_complement_big_endian(string json, int digits, string hex)
    {
        var value = new AvroDecimal(digits, 2);

        Assert.Equal(hex, Wire.Hex(Wire.Write<object>(json, value)));
        Assert.True(value == Wire.Read<AvroDecimal>(json, Wire.Bytes(hex)));
    }

    [Fact]
    public void A_decimal_with_more_digits_than_its_schema_is_rejected()
    {
        var schema = Schema.Parse($$"""{"type":"record","name":"R","fields":[{"name":"Price","type":{{FixedDecimal}}}]}""");

        Assert.Throws<AvroDataException>(() => Wire.Write(schema, new All { Price = 0.001m }));
        Assert.Throws<AvroDataException>(() => Wire.Write(((RecordSchema)schema).Fields[0].Schema, new AvroDecimal(0.001m)));
    }

    private static void ReadsBack<T>(Schema schema, T value, string hex) => Assert.Equal(value, Wire.Read<T>(schema, Wire.Bytes(hex)));

    public sealed class All
    {
        public decimal Price { get; set; }

        public DateOnly Day { get; set; }

        public DateOnly? Due { get; set; }

        public TimeOnly Time { get; set; }

        public DateTimeOffset Instant { get; set; }

        public Guid Id { get; set; }
    }
}
