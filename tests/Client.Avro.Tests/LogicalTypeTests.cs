using System.Numerics;
using System.Reflection;

namespace Loire.Client.Avro.Tests;

public class LogicalTypeTests
{
    public static TheoryData<string, object, string> Values => new()
    {
        { """{"type":"string","logicalType":"uuid"}""", Guid.Parse("0f8fad5b-d9cb-469f-a165-70867728950e"), "48" + Convert.ToHexString("0f8fad5b-d9cb-469f-a165-70867728950e"u8) },
        { """{"type":"int","logicalType":"date"}""", new DateOnly(1970, 1, 2), "02" },
        { """{"type":"int","logicalType":"date"}""", new DateOnly(1969, 12, 31), "01" },
        { """{"type":"int","logicalType":"time-millis"}""", new TimeOnly(0, 0, 0, 1), "02" },
        { """{"type":"int","logicalType":"time-millis"}""", TimeSpan.FromMilliseconds(1), "02" },
        { """{"type":"long","logicalType":"time-micros"}""", new TimeOnly(10), "02" },
        { """{"type":"long","logicalType":"timestamp-millis"}""", DateTime.UnixEpoch.AddMilliseconds(-1), "01" },
        { """{"type":"long","logicalType":"timestamp-micros"}""", DateTime.UnixEpoch.AddMicroseconds(1), "02" },
        { """{"type":"long","logicalType":"timestamp-millis"}""", DateTimeOffset.UnixEpoch.AddMilliseconds(1), "02" },
        { """{"type":"long","logicalType":"local-timestamp-millis"}""", new DateTime(1970, 1, 1, 0, 0, 1), "d00f" },
        { """{"type":"long","logicalType":"local-timestamp-micros"}""", new DateTime(1970, 1, 1), "00" },
        { """{"type":"long","logicalType":"timestamp-millis"}""", 5L, "0a" },
        { """{"type":"bytes","logicalType":"decimal","precision":5,"scale":2}""", 1.28m, "040080" },
        { """{"type":"bytes","logicalType":"decimal","precision":5,"scale":2}""", -1.28m, "0280" },
        { """{"type":"bytes","logicalType":"decimal","precision":5,"scale":2}""", 0m, "0200" },
        { """{"type":"fixed","name":"F","size":4,"logicalType":"decimal","precision":5,"scale":2}""", -0.01m, "ffffffff" },
        { """{"type":"fixed","name":"F","size":4,"logicalType":"decimal","precision":5}""", 1m, "00000001" },
        { """{"type":"fixed","name":"D","size":12,"logicalType":"duration"}""", new AvroDuration(1, 2, 3), "010000000200000003000000" },
        { """{"type":"fixed","name":"D","size":12,"logicalType":"duration"}""", new TimeSpan(2, 0, 0, 0, 3), "000000000200000003000000" },
    };

    public static TheoryData<string, Type, string> Ignored => new()
    {
        { """{"type":"string","logicalType":"nobody-knows"}""", typeof(string), "unknown" },
        { """{"type":"string","logicalType":7}""", typeof(string), "no text" },
        { """{"type":"string","logicalType":"date"}""", typeof(string), "on another type" },
        { """{"type":"int","logicalType":"timestamp-millis"}""", typeof(int), "on another type" },
        { """{"type":"bytes","logicalType":"decimal"}""", typeof(byte[]), "no precision" },
        { """{"type":"bytes","logicalType":"decimal","precision":0}""", typeof(byte[]), "no digits" },
        { """{"type":"bytes","logicalType":"decimal","precision":2,"scale":3}""", typeof(byte[]), "a scale beyond the precision" },
        { """{"type":"bytes","logicalType":"decimal","precision":2,"scale":-1}""", typeof(byte[]), "a negative scale" },
        { """{"type":"bytes","logicalType":"decimal","precision":1000000000}""", typeof(byte[]), "more digits than anybody has" },
        { """{"type":"fixed","name":"F","size":1,"logicalType":"decimal","precision":3}""", typeof(AvroFixed), "too few bytes for the precision" },
        { """{"type":"fixed","name":"F","size":11,"logicalType":"duration"}""", typeof(AvroFixed), "too few bytes for a duration" },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public void A_logical_type_is_written_as_the_specification_says_and_read_back(string json, object value, string hex)
    {
        var schema = AvroSchema.Parse(json);

        Assert.Equal(hex, Avro.Hex(Avro.Write(schema, value)), ignoreCase: true);
        typeof(LogicalTypeTests).GetMethod(nameof(ReadsBack), BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(value.GetType()).Invoke(null, [schema, value, hex]);
    }

    private static void ReadsBack<T>(AvroSchema schema, T value, string hex) => Assert.Equal(value, Avro.Read<T>(schema, Avro.Bytes(hex)));

    [Theory]
    [MemberData(nameof(Ignored))]
    public void A_logical_type_that_is_unknown_or_does_not_fit_is_ignored(string json, Type natural, string reason)
    {
        var schema = AvroSchema.Parse(json);

        Assert.True(schema.LogicalType == LogicalType.None, reason);
        Assert.True(NaturalTypes.Of(schema) == natural, reason);
    }

    [Fact]
    public void Decimals_keep_every_digit_or_are_refused()
    {
        const string Schema = """{"type":"bytes","logicalType":"decimal","precision":50,"scale":10}""";
        var huge = new AvroDecimal(BigInteger.Pow(10, 50) - 1, 10);

        Assert.Equal(huge, Avro.Read<AvroDecimal>(Schema, Avro.Write(Schema, huge)));
        Assert.Equal(-1.5m, Avro.Read<decimal>(Schema, Avro.Write(Schema, -1.50m)));
        Assert.Throws<AvroDataException>(() => Avro.Read<decimal>(Schema, Avro.Write(Schema, huge)));
        Assert.Throws<AvroDataException>(() => Avro.Write(Schema, 0.00000000001m));
        Assert.Throws<AvroDataException>(() => Avro.Write(Schema, new AvroDecimal(BigInteger.Pow(10, 50), 10)));
        Assert.Equal("-0.05", new AvroDecimal(-5, 2).ToString());
        Assert.Equal(decimal.MinValue, AvroDecimal.From(decimal.MinValue).ToDecimal());
    }

    [Fact]
    public void A_time_that_is_no_point_in_time_is_refused() => Assert.Throws<AvroDataException>(
        () => Avro.Write("""{"type":"long","logicalType":"timestamp-millis"}""", new DateTime(2026, 1, 1)));

    [Fact]
    public void What_is_finer_than_the_unit_is_rounded_down()
    {
        Assert.Equal("01", Avro.Hex(Avro.Write("""{"type":"long","logicalType":"timestamp-millis"}""", DateTime.UnixEpoch.AddTicks(-1))));
        Assert.Equal("00", Avro.Hex(Avro.Write("""{"type":"long","logicalType":"timestamp-millis"}""", DateTime.UnixEpoch.AddTicks(1))));
    }

    [Fact]
    public void A_duration_with_months_is_no_span_of_time()
    {
        const string Schema = """{"type":"fixed","name":"D","size":12,"logicalType":"duration"}""";

        Assert.Throws<AvroDataException>(() => Avro.Read<TimeSpan>(Schema, Avro.Write(Schema, new AvroDuration(1, 0, 0))));
        Assert.Throws<AvroDataException>(() => Avro.Write(Schema, TimeSpan.FromTicks(-1)));
    }
}
