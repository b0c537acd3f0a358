using Avro;
using Avro.Generic;

namespace Loire.Client.Avro.Tests;

/// <summary>The examples of the Avro 1.11 specification, byte for byte.</summary>
public class EncodingTests
{
    [Theory]
    [InlineData(0, "00")]
    [InlineData(-1, "01")]
    [InlineData(1, "02")]
    [InlineData(-2, "03")]
    [InlineData(2, "04")]
    [InlineData(-64, "7f")]
    [InlineData(64, "8001")]
    [InlineData(int.MaxValue, "feffffff0f")]
    [InlineData(int.MinValue, "ffffffff0f")]
    [InlineData(long.MaxValue, "feffffffffffffffff01")]
    [InlineData(long.MinValue, "ffffffffffffffffff01")]
    public void Numbers_are_zig_zag_varints(long value, string hex)
    {
        Assert.Equal(hex, Wire.Hex(Wire.Write("\"long\"", value)));
        Assert.Equal(value, Wire.Read<long>("\"long\"", Wire.Bytes(hex)));
    }

    [Fact]
    public void Text_has_its_length_in_front() => Both("\"string\"", "foo", "06 66 6f 6f");

    [Fact]
    public void Text_is_measured_in_bytes() => Both("\"string\"", "é", "04 c3 a9");

    [Fact]
    public void Bytes_have_their_length_in_front() => Both("\"bytes\"", new byte[] { 1, 2 }, "04 01 02");

    [Fact]
    public void Booleans_are_one_byte()
    {
        Both("\"boolean\"", true, "01");
        Both("\"boolean\"", false, "00");
    }

    [Fact]
    public void Floats_and_doubles_are_little_endian()
    {
        Both("\"float\"", 1.5f, "00 00 c0 3f");
        Both("\"float\"", -0.0f, "00 00 00 80");
        Both("\"double\"", 1.5, "00 00 00 00 00 00 f8 3f");
        Both("\"double\"", double.NaN, Wire.Hex(BitConverter.GetBytes(double.NaN)));
    }

    [Fact]
    public void A_record_is_its_fields_one_after_the_other()
    {
        var schema = (RecordSchema)Schema.Parse(
            """{"type":"record","name":"test","fields":[{"name":"a","type":"long"},{"name":"b","type":"string"}]}""");

        var record = new GenericRecord(schema);
        record.Add("a", 27L);
        record.Add("b", "foo");

        Assert.Equal("3606666f6f", Wire.Hex(Wire.Write(schema, record)));
    }

    [Fact]
    public void An_enum_is_the_number_of_its_symbol()
    {
        var schema = (EnumSchema)Schema.Parse("""{"type":"enum","name":"Foo","symbols":["A","B","C","D"]}""");

        Assert.Equal("06", Wire.Hex(Wire.Write(schema, new GenericEnum(schema, "D"))));
        Assert.Equal("D", Wire.Read<GenericEnum>(schema, [6]).Value);
    }

    [Fact]
    public void An_array_is_blocks_and_an_empty_block() =>
        Both("""{"type":"array","items":"long"}""", new[] { 3L, 27L }, "04 06 36 00");

    [Fact]
    public void An_array_may_come_in_several_blocks_with_or_without_their_size()
    {
        Assert.Equal([3, 27, 1, 2], Wire.Read<long[]>("""{"type":"array","items":"long"}""", Wire.Bytes("04 06 36 03 04 02 04 00")));
        Assert.Equal([], Wire.Read<long[]>("""{"type":"array","items":"long"}""", Wire.Bytes("00")));
    }

    [Fact]
    public void A_map_is_blocks_of_keys_and_values() =>
        Both("""{"type":"map","values":"long"}""", new Dictionary<string, long> { ["a"] = 1 }, "02 02 61 02 00");

    [Fact]
    public void A_union_is_the_number_of_its_branch_and_the_value()
    {
        Both<string?>("""["null","string"]""", null, "00");
        Both<string?>("""["null","string"]""", "a", "02 02 61");
        Both<object?>("""["null","string"]""", "a", "02 02 61");
    }

    [Fact]
    public void A_fixed_is_its_bytes() => Both("""{"type":"fixed","name":"F","size":3}""", new byte[] { 1, 2, 3 }, "01 02 03");

    [Fact]
    public void Null_takes_no_bytes() => Both<object?>("\"null\"", null, "");

    private static void Both<T>(string schema, T value, string hex)
    {
        Assert.Equal(hex.Replace(" ", "", StringComparison.Ordinal), Wire.Hex(Wire.Write(schema, value)), ignoreCase: true);
        Assert.Equal(value, Wire.Read<T>(schema, Wire.Bytes(hex)));
    }
}
