using Avro;
using Avro.Generic;

namespace Loire.Client.Avro.Tests;

/// <summary>Bytes that somebody made on purpose: typed errors, at once, with memory in proportion to the bytes.</summary>
public class HostileDataTests
{
    private const string Longs = """{"type":"array","items":"long"}""";
    private const string Nulls = """{"type":"array","items":"null"}""";
    private const string Empties = """{"type":"array","items":{"type":"record","name":"R","fields":[{"name":"n","type":"null"}]}}""";
    private const string Map = """{"type":"map","values":"null"}""";
    private const string Tree = """{"type":"record","name":"T","fields":[{"name":"next","type":["null","T"]}]}""";

    public static TheoryData<string, string, string> Damaged => new()
    {
        { "a text of 2 to the power of 62 bytes", "\"string\"", "feffffffffffffffff01" },
        { "a text of a negative length", "\"string\"", "01" },
        { "bytes of 2 GiB", "\"bytes\"", "feffffff0f" },
        { "text that is not UTF-8", "\"string\"", "02ff" },
        { "an overlong NUL in text", "\"string\"", "04c080" },
        { "a boolean that is 2", "\"boolean\"", "02" },
        { "an int of 33 bits", "\"int\"", "8080808020" },
        { "a long of 65 bits", "\"long\"", "ffffffffffffffffff02" },
        { "a long that never ends", "\"long\"", "ffffffffffffffffffffffff01" },
        { "a symbol that is not there", """{"type":"enum","name":"E","symbols":["A"]}""", "02" },
        { "a negative symbol", """{"type":"enum","name":"E","symbols":["A"]}""", "01" },
        { "a branch that is not there", """["null","int"]""", "04" },
        { "a negative branch", """["null","int"]""", "01" },
        { "more bytes than the value", "\"int\"", "0200" },
        { "a block of 2 to the power of 62 items", Longs, "feffffffffffffffff01" },
        { "a block of −2 to the power of 63 items", Longs, "ffffffffffffffffff0100" },
        { "a block of a negative size", Longs, "0101020200" },
        { "a block larger than what is left", Longs, "01ffffffff0e0200" },
        { "a block shorter than it says", Longs, "0104020000" },
        { "a block longer than it says", Longs, "0302020400" },
        { "no end of an array", Longs, "0202" },
        { "2 to the power of 62 nulls", Nulls, "feffffffffffffffff01" },
        { "2 to the power of 62 nulls in a block with a size", Nulls, "fdffffffffffffffff010000" },
        { "2 to the power of 62 empty records", Empties, "feffffffffffffffff01" },
        { "a map of 2 to the power of 62 entries", Map, "feffffffffffffffff01" },
        { "a UUID that is none", """{"type":"string","logicalType":"uuid"}""", "0461 62" },
        { "a date after the year 9999", """{"type":"int","logicalType":"date"}""", "feffffff0f" },
        { "a time after midnight", """{"type":"int","logicalType":"time-millis"}""", "80f0b252" },
        { "a timestamp before the year 1", """{"type":"long","logicalType":"timestamp-millis"}""", "ffffffffffffffffff01" },
    };

    [Theory]
    [MemberData(nameof(Damaged))]
    public void Damaged_bytes_are_a_typed_error_that_costs_no_memory(string reason, string schema, string hex)
    {
        var (serde, bytes) = (new AvroSerde<object?>(Schema.Parse(schema)), new System.Buffers.ReadOnlySequence<byte>(Wire.Bytes(hex)));
        Record.Exception(() => serde.Deserialize(bytes, Wire.Context));

        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Record.Exception(() => serde.Deserialize(bytes, Wire.Context));
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.True(error is AvroDataException, $"{reason}: {error}");
        Assert.True(allocated < 100_000, $"{reason}: {allocated} bytes were allocated.");
    }

    [Theory]
    [MemberData(nameof(Damaged))]
    public void Damage_is_found_or_passed_over_where_nobody_wants_the_field(string reason, string schema, string hex)
    {
        var writer = Schema.Parse($$"""{"type":"record","name":"Holder","fields":[{"name":"a","type":{{schema}}}]}""");
        var reader = Schema.Parse("""{"type":"record","name":"Holder","fields":[]}""");

        var error = Record.Exception(() => Wire.Read<object?>(reader, Wire.Bytes(hex), new AvroSerdeOptions { WriterSchema = writer }));

        Assert.True(error is null or AvroDataException, $"{reason}: {error}");
    }

    [Fact]
    public void Every_sample_cut_off_at_any_byte_is_a_typed_error()
    {
        foreach (var (name, schema, bytes) in GoldenTests.Samples())
        {
            for (var length = 0; length < bytes.Length; length++)
            {
                var error = Record.Exception(() => Wire.Read<object?>(schema, bytes[..length]));
                Assert.True(error is AvroDataException, $"{name}, {length} bytes: {error}");
            }
        }
    }

    [Fact]
    public void Every_sample_with_any_bit_flipped_is_a_value_or_a_typed_error()
    {
        foreach (var (name, schema, bytes) in GoldenTests.Samples())
        {
            for (var bit = 0; bit < bytes.Length * 8; bit++)
            {
                var flipped = bytes.ToArray();
                flipped[bit / 8] ^= (byte)(1 << (bit % 8));
                var error = Record.Exception(() => Wire.Read<object?>(schema, flipped));
                Assert.True(error is null or AvroDataException, $"{name}, bit {bit}: {error}");
            }
        }
    }

    [Fact]
    public void Nulls_are_counted_over_the_whole_value()
    {
        var schema = Schema.Parse($$"""{"type":"array","items":{{Nulls}}}""");
        var bytes = Wire.Bytes("06 0800 0800 0800 00");

        Assert.Equal(3, Wire.Read<object[]>(schema, bytes, Limits(new AvroLimits { MaxEmptyItems = 12 })).Length);
        Assert.Throws<AvroDataException>(() => Wire.Read<object[]>(schema, bytes, Limits(new AvroLimits { MaxEmptyItems = 11 })));
    }

    [Theory]
    [InlineData(255, true)]
    [InlineData(256, false)]
    [InlineData(1_000_000, false)]
    public void Records_nested_deeper_than_allowed_are_a_typed_error_and_not_the_end_of_the_process(int depth, bool fits)
    {
        var bytes = Enumerable.Repeat((byte)2, depth - 1).Append((byte)0).ToArray();
        var wanted = Schema.Parse(Tree);
        var holder = Schema.Parse($$"""{"type":"record","name":"H","fields":[{"name":"a","type":{{Tree}}}]}""");
        var unwanted = new AvroSerdeOptions { WriterSchema = holder, Limits = new AvroLimits { MaxDepth = 256 } };
        var limits = Limits(new AvroLimits { MaxDepth = 255 });
        var empty = Schema.Parse("""{"type":"record","name":"H","fields":[]}""");

        var reading = Record.Exception(() => Wire.Read<GenericRecord>(wanted, bytes, limits));
        var typed = Record.Exception(() => Wire.Read<T>(wanted, bytes, limits));
        var skipping = Record.Exception(() => Wire.Read<object?>(empty, bytes, unwanted));

        Assert.All([reading, typed, skipping], error => Assert.Equal(fits, error is null));
        Assert.All([reading, typed, skipping], error => Assert.True(error is null or AvroDataException));
    }

    [Fact]
    public void A_value_that_holds_itself_is_a_typed_error_and_not_the_end_of_the_process()
    {
        var schema = (RecordSchema)Schema.Parse(Tree);
        var record = new GenericRecord(schema);
        record.Add("next", record);
        var typed = new T();
        typed.Next = typed;

        Assert.Throws<AvroDataException>(() => Wire.Write(schema, record));
        Assert.Throws<AvroDataException>(() => Wire.Write(schema, typed));
        Assert.Throws<AvroDataException>(() => Wire.Write(
            Schema.Parse($$"""{"type":"record","name":"H","fields":[{"name":"any","type":{{Tree}}}]}"""), new H(record)));
    }

    [Fact]
    public void The_greatest_depth_that_can_be_configured_fits_on_the_stack_of_a_pool_thread()
    {
        const string Linked = """{"type":"record","name":"T","fields":[{"name":"next","type":{"type":"array","items":"T"}}]}""";
        var options = Limits(new AvroLimits { MaxDepth = 256 });
        var bytes = Enumerable.Repeat((byte)2, 255).Concat(new byte[256]).ToArray();
        var later = WithNewField(Linked);
        var resolving = new AvroSerdeOptions { WriterSchema = Schema.Parse(Linked), Limits = options.Limits };
        Exception? error = null;
        var thread = new Thread(
            () => error = Record.Exception(() =>
            {
                Wire.Write(Schema.Parse(Linked), Wire.Read<GenericRecord>(Schema.Parse(Linked), bytes, options));
                Wire.Write(Schema.Parse(Linked), Wire.Read<L>(Schema.Parse(Linked), bytes, options));
                Wire.Read<GenericRecord>(later, bytes, resolving);
            }),
            maxStackSize: 1536 * 1024);
        thread.Start();
        thread.Join();

        Assert.Null(error);
    }

    [Fact]
    public void A_value_that_cannot_be_converted_at_the_greatest_depth_is_a_typed_error()
    {
        var schema = Schema.Parse("""
            {"type":"record","name":"T","fields":[
              {"name":"d","type":{"type":"int","logicalType":"date"}},{"name":"next","type":["null","T"]}]}
            """);
        var later = WithNewField(schema.ToString());
        var bytes = Enumerable.Repeat((byte)2, 2 * 255).Concat(Wire.Bytes("feffffff0f 00")).ToArray();
        var errors = new List<Exception?>();
        var thread = new Thread(
            () =>
            {
                errors.Add(Record.Exception(() => Wire.Read<GenericRecord>(schema, bytes)));
                errors.Add(Record.Exception(() => Wire.Read<Dated>(schema, bytes)));
                errors.Add(Record.Exception(() => Wire.Read<object>(later, bytes, new AvroSerdeOptions { WriterSchema = schema })));
            },
            maxStackSize: 1536 * 1024);
        thread.Start();
        thread.Join();

        Assert.Equal(3, errors.Count);
        Assert.All(errors, error => Assert.IsType<AvroDataException>(error));
    }

    [Fact]
    public void Bytes_items_and_depth_have_limits()
    {
        var numbers = Wire.Bytes("06 02 04 06 00");

        Assert.Equal(3, Wire.Read<long[]>(Schema.Parse(Longs), numbers, Limits(new AvroLimits { MaxItems = 3, MaxBytes = 5 })).Length);
        Assert.Throws<AvroDataException>(() => Wire.Read<long[]>(Schema.Parse(Longs), numbers, Limits(new AvroLimits { MaxItems = 2 })));
        Assert.Throws<AvroDataException>(() => Wire.Read<long[]>(Schema.Parse(Longs), numbers, Limits(new AvroLimits { MaxBytes = 4 })));
    }

    [Fact]
    public void Arrays_within_arrays_cannot_each_claim_all_bytes_that_are_left()
    {
        // Each of 10,000 records claims 30,000 children, which may follow for all that its own bytes tell.
        var schema = Schema.Parse("""{"type":"record","name":"T","fields":[{"name":"c","type":{"type":"array","items":"T"}}]}""");
        var bytes = Enumerable.Repeat(Wire.Bytes("e0d403"), 10_000).SelectMany(claim => claim).ToArray();
        var serde = new AvroSerde<GenericRecord>(schema, Limits(new AvroLimits { MaxDepth = 256 }));
        Record.Exception(() => serde.Deserialize(new(bytes), Wire.Context));

        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<AvroDataException>(() => serde.Deserialize(new(bytes), Wire.Context));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
    }

    private static Schema WithNewField(string schema) => Schema.Parse(
        schema.Replace("\"fields\":[", "\"fields\":[{\"name\":\"n\",\"type\":\"int\",\"default\":1},", StringComparison.Ordinal));

    private static AvroSerdeOptions Limits(AvroLimits limits) => new() { Limits = limits };

    public sealed record Dated(DateTime D, Dated? Next);

    public sealed class L
    {
        public L[] Next { get; set; } = [];
    }

    public sealed record H(object Any);

    public sealed class T
    {
        public T? Next { get; set; }
    }
}
