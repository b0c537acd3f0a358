using Avro;
using Loire.TestKit;

namespace Loire.Client.Avro.Tests;

public class FramingTests
{
    private static readonly Schema First = Schema.Parse("""{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}""");

    private static readonly Schema Second =
        Schema.Parse("""{"type":"record","name":"R","fields":[{"name":"a","type":"long"},{"name":"b","type":"string","default":"x"}]}""");

    private static readonly AvroSerdeOptions SingleObject = new() { Framing = AvroFraming.SingleObject };

    [Fact]
    public void Single_object_encoding_begins_with_C3_01_and_the_fingerprint_little_endian() =>
        Assert.Equal("c3018f5c393f1ad5757202", Wire.Hex(Wire.Write(Schema.Parse("\"int\""), 1, SingleObject)));

    [Fact]
    public void Confluents_format_begins_with_a_zero_and_the_id_big_endian()
    {
        var ids = new FixedIds(First, 0x01020304);

        Assert.Equal("00010203040e", Wire.Hex(Wire.Write(First, new R1(7), Confluent(ids))));
        Assert.Equal(new R1(7), Wire.Read<R1>(First, Wire.Bytes("00 01020304 0e"), Confluent(ids)));
        Assert.Equal(["orders-value"], ids.Subjects);
    }

    [Fact]
    public void Ids_beyond_two_billion_survive()
    {
        var ids = new FixedIds(First, -1);

        Assert.Equal("00ffffffff0e", Wire.Hex(Wire.Write(First, new R1(7), Confluent(ids))));
        Assert.Equal(new R1(7), Wire.Read<R1>(First, Wire.Bytes("00 ffffffff 0e"), Confluent(ids)));
    }

    [Fact]
    public void A_value_of_an_older_schema_is_read_by_its_fingerprint()
    {
        var old = Wire.Write(First, new R1(7), SingleObject);
        var options = new AvroSerdeOptions { Framing = AvroFraming.SingleObject, Schemas = new InMemoryAvroSchemas(First) };

        Assert.Equal(new R(7, "x"), Wire.Read<R>(Second, old, options));
        Assert.Equal(new R(8, "y"), Wire.Read<R>(Second, Wire.Write(Second, new R(8, "y"), SingleObject), options));
    }

    [Fact]
    public void A_value_of_an_older_schema_is_read_by_its_id()
    {
        var options = Confluent(new InMemorySchemaIds());
        var old = Wire.Write(First, new R1(7), options);
        var latest = Wire.Write(Second, new R(8, "y"), options);

        Assert.Equal("00000000010e", Wire.Hex(old));
        Assert.Equal("0000000002100279", Wire.Hex(latest));
        Assert.Equal(new R(7, "x"), Wire.Read<R>(Second, old, options));
        Assert.Equal(new R(8, "y"), Wire.Read<R>(Second, latest, options));
    }

    [Fact]
    public async Task Asynchronous_ids_are_awaited_once_for_each_schema()
    {
        var answer = new TaskCompletionSource();
        var ids = new FixedIds(First, 5, answer.Task);
        var serde = new AvroSerde<R>(Second, Confluent(ids));
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();

        var writing = serde.SerializeAsync(new R(1, "b"), buffer, Wire.Context, CancellationToken.None);
        var reading = serde.DeserializeAsync(new(Wire.Bytes("00 00000005 0e")), Wire.Context, CancellationToken.None);
        Assert.False(writing.IsCompleted || reading.IsCompleted);
        answer.SetResult();

        await writing;
        Assert.Equal("0000000005020262", Wire.Hex(buffer.WrittenSpan.ToArray()));
        Assert.Equal(new R(7, "x"), await reading);
        Assert.Equal(new R(7, "x"), serde.Deserialize(new(Wire.Bytes("00 00000005 0e")), Wire.Context));
        serde.Serialize(new R(1, "b"), buffer, Wire.Context);
        Assert.Equal((1, 1), (ids.Registered, ids.Asked));
    }

    [Fact]
    public async Task Ids_are_given_to_schemas_and_not_to_subjects()
    {
        var ids = new InMemorySchemaIds();
        var none = CancellationToken.None;

        Assert.Equal(1, await ids.RegisterAsync("a-value", First, none));
        Assert.Equal(2, await ids.RegisterAsync("a-value", Second, none));
        Assert.Equal(1, await ids.RegisterAsync("b-key", Schema.Parse(First.ToString()), none));
        Assert.Same(Second, await ids.FindAsync(2, none));
        Assert.Null(await ids.FindAsync(0, none));
        Assert.Null(await ids.FindAsync(3, none));
        Assert.Null(await ids.FindAsync(-1, none));
    }

    [Fact]
    public void A_store_is_asked_once_for_a_schema_that_it_knows()
    {
        var store = new CountingSchemas();
        var serde = new AvroSerde<R>(Second, new AvroSerdeOptions { Framing = AvroFraming.SingleObject, Schemas = store });
        var old = Pieces.Of(Wire.Write(First, new R1(7), SingleObject), 3);

        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(new R(7, "x"), serde.Deserialize(old, Wire.Context));
        }

        Assert.Equal(1, store.Asked);
    }

    [Fact]
    public void An_unknown_schema_is_a_typed_error_that_names_it()
    {
        var written = Wire.Write(First, new R1(7), SingleObject);
        var ids = Confluent(new InMemorySchemaIds());

        var byFingerprint = Assert.Throws<AvroDataException>(() => Wire.Read<R>(Second, written, SingleObject));
        var byId = Assert.Throws<AvroDataException>(() => Wire.Read<R>(Second, Wire.Bytes("00 0000002a 0e"), ids));

        Assert.Contains(AvroFingerprint.Of(First).ToString(), byFingerprint.Message, StringComparison.Ordinal);
        Assert.Contains("id 42", byId.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_schema_that_does_not_fit_is_a_typed_error()
    {
        var number = Schema.Parse("\"int\"");

        Assert.Throws<AvroResolutionException>(() => Wire.Read<R>(
            Second,
            Wire.Write(number, 1, SingleObject),
            new AvroSerdeOptions { Framing = AvroFraming.SingleObject, Schemas = new InMemoryAvroSchemas(number) }));
    }

    [Theory]
    [InlineData(AvroFraming.SingleObject, "", "nothing")]
    [InlineData(AvroFraming.SingleObject, "c3018f5c393f1ad575", "cut off in the fingerprint")]
    [InlineData(AvroFraming.SingleObject, "c3028f5c393f1ad5757202", "another version")]
    [InlineData(AvroFraming.SingleObject, "00000000018f5c393f1ad5757202", "Confluent's format")]
    [InlineData(AvroFraming.Confluent, "", "nothing")]
    [InlineData(AvroFraming.Confluent, "00000000", "cut off in the id")]
    [InlineData(AvroFraming.Confluent, "010000000102", "another magic byte")]
    [InlineData(AvroFraming.Confluent, "c3018f5c393f1ad5757202", "single-object encoding")]
    public void Another_framing_is_a_typed_error(AvroFraming framing, string hex, string reason)
    {
        var options = framing == AvroFraming.Confluent ? Confluent(new FixedIds(Schema.Parse("\"int\""), 1)) : SingleObject;

        var error = Record.Exception(() => Wire.Read<int>(Schema.Parse("\"int\""), Wire.Bytes(hex), options));

        Assert.True(error is AvroDataException, $"{reason}: {error}");
    }

    [Fact]
    public void Options_out_of_range_or_at_odds_are_rejected()
    {
        AvroSerdeOptions[] invalid =
        [
            new() { Limits = new AvroLimits { MaxDepth = 0 } },
            new() { Limits = new AvroLimits { MaxDepth = 257 } },
            new() { Limits = new AvroLimits { MaxEmptyItems = -1 } },
            new() { Schemas = new InMemoryAvroSchemas() },
            new() { SchemaIds = new InMemorySchemaIds() },
            new() { Framing = AvroFraming.Confluent },
            new() { Framing = AvroFraming.SingleObject, WriterSchema = First },
        ];

        Assert.All(invalid, options => Assert.Throws<ArgumentException>(() => new AvroSerde<R>(First, options)));
    }

    private static AvroSerdeOptions Confluent(ISchemaIds ids) => new() { Framing = AvroFraming.Confluent, SchemaIds = ids };

    public sealed record R1(int A);

    public sealed record R(long A, string B);

    private sealed class FixedIds(Schema schema, int id, Task? before = null) : ISchemaIds
    {
        public List<string> Subjects { get; } = [];

        public int Registered { get; private set; }

        public int Asked { get; private set; }

        public async ValueTask<int> RegisterAsync(string subject, Schema registered, CancellationToken cancellation)
        {
            await (before ?? Task.CompletedTask);
            Registered++;
            Subjects.Add(subject);
            return id;
        }

        public async ValueTask<Schema?> FindAsync(int wanted, CancellationToken cancellation)
        {
            await (before ?? Task.CompletedTask);
            Asked++;
            return wanted == id ? schema : null;
        }
    }

    private sealed class CountingSchemas : IAvroSchemas
    {
        public int Asked { get; private set; }

        public Schema? Find(AvroFingerprint fingerprint)
        {
            Asked++;
            return First;
        }
    }
}
