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
        { "a decimal of more digits than its precision", """{"type":"bytes","logicalType":"decimal","precision":2}""", "047fff" },
        { "a UUID that is none", """{"type":"string","logicalType":"uuid"}""", "0461 62" },
        { "a date after the year 9999", """{"type":"int","logicalType":"date"}""", "feffffff0f" },
        { "a time after midnight", """{"type":"int","logicalType":"time-millis"}""", "80f0b252" },
        { "a timestamp before the year 1", """{"type":"long","logicalType":"timestamp-millis"}""", "ffffffffffffffffff01" },
    };

    [Theory]
    [MemberData(nameof(Damaged))]
    public void Damaged_bytes_are_a_typed_error_that_costs_no_memory(string reason, string schema, string hex)
    {
        var (serde, bytes) = (new AvroSerde<object?>(AvroSchema.Parse(schema)), new System.Buffers.ReadOnlySequence<byte>(Avro.Bytes(hex)));
        Record.Exception(() => serde.Deserialize(bytes, Avro.Context));

        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Record.Exception(() => serde.Deserialize(bytes, Avro.Context));
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.True(error is AvroDataException, $"{reason}: {error}");
        Assert.True(allocated < 100_000, $"{reason}: {allocated} bytes were allocated.");
    }

    [Theory]
    [MemberData(nameof(Damaged))]
    public void Damage_is_found_or_passed_over_where_nobody_wants_the_field(string reason, string schema, string hex)
    {
        var writer = AvroSchema.Parse($$"""{"type":"record","name":"Holder","fields":[{"name":"a","type":{{schema}}}]}""");
        var reader = AvroSchema.Parse("""{"type":"record","name":"Holder","fields":[]}""");

        var error = Record.Exception(() => Avro.Read<object?>(reader, Avro.Bytes(hex), new AvroSerdeOptions { WriterSchema = writer }));

        Assert.True(error is null or AvroDataException, $"{reason}: {error}");
    }

    [Fact]
    public void Nulls_are_counted_over_the_whole_value()
    {
        var schema = AvroSchema.Parse($$"""{"type":"array","items":{{Nulls}}}""");
        var bytes = Avro.Bytes("06 0800 0800 0800 00");

        Assert.Equal(3, Avro.Read<List<object?>>(schema, bytes, new AvroSerdeOptions { MaxEmptyItems = 12 }).Count);
        Assert.Throws<AvroDataException>(() => Avro.Read<List<object?>>(schema, bytes, new AvroSerdeOptions { MaxEmptyItems = 11 }));
    }

    [Theory]
    [InlineData(256, true)]
    [InlineData(257, false)]
    [InlineData(1_000_000, false)]
    public void Records_nested_deeper_than_allowed_are_a_typed_error_and_not_the_end_of_the_process(int depth, bool fits)
    {
        var bytes = Enumerable.Repeat((byte)2, depth - 1).Append((byte)0).ToArray();
        var wanted = AvroSchema.Parse(Tree);
        var unwanted = new AvroSerdeOptions { WriterSchema = AvroSchema.Parse($$"""{"type":"record","name":"H","fields":[{"name":"a","type":{{Tree}}}]}"""), MaxDepth = 257 };

        var reading = Record.Exception(() => Avro.Read<AvroRecord>(wanted, bytes));
        var typed = Record.Exception(() => Avro.Read<T>(wanted, bytes));
        var skipping = Record.Exception(() => Avro.Read<object?>(AvroSchema.Parse("""{"type":"record","name":"H","fields":[]}"""), bytes, unwanted));

        Assert.All([reading, typed, skipping], error => Assert.Equal(fits, error is null));
        Assert.All([reading, typed, skipping], error => Assert.True(error is null or AvroDataException));
    }

    [Fact]
    public void A_value_that_holds_itself_is_a_typed_error_and_not_the_end_of_the_process()
    {
        var schema = (RecordSchema)AvroSchema.Parse(Tree);
        var record = new AvroRecord(schema);
        record["next"] = record;
        var typed = new T();
        typed.Next = typed;

        Assert.Throws<AvroDataException>(() => Avro.Write(schema, record));
        Assert.Throws<AvroDataException>(() => Avro.Write(schema, typed));
    }

    [Fact]
    public void The_greatest_depth_that_can_be_asked_for_fits_on_a_small_stack()
    {
        var options = new AvroSerdeOptions { MaxDepth = 1_000 };
        var bytes = Enumerable.Repeat((byte)2, 999).Append((byte)0).ToArray();
        Exception? error = null;
        var thread = new Thread(
            () => error = Record.Exception(() => Avro.Write(AvroSchema.Parse(Tree), Avro.Read<AvroRecord>(AvroSchema.Parse(Tree), bytes, options), options)),
            maxStackSize: 256 * 1024);
        thread.Start();
        thread.Join();

        Assert.True(error is null or AvroDataException, $"{error}");
    }

    public sealed class T
    {
        public T? Next { get; set; }
    }
}
