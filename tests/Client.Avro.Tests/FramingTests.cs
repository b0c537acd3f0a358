using Loire.TestKit;

namespace Loire.Client.Avro.Tests;

public class FramingTests
{
    private static readonly AvroSchema First = AvroSchema.Parse("""{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}""");

    private static readonly AvroSchema Second =
        AvroSchema.Parse("""{"type":"record","name":"R","fields":[{"name":"a","type":"long"},{"name":"b","type":"string","default":"x"}]}""");

    private static readonly AvroSerdeOptions Framed = new() { Framing = AvroFraming.SingleObject };

    public sealed record R(long A, string B = "");

    [Fact]
    public void A_frame_is_C3_01_and_the_fingerprint_little_endian() =>
        Assert.Equal("c3018f5c393f1ad5757202", Avro.Hex(Avro.Write(AvroSchema.Parse("\"int\""), 1, Framed)));

    [Fact]
    public void A_value_of_an_older_schema_is_read_by_what_the_store_says()
    {
        var old = Avro.Write(First, new R(7), Framed);
        var options = new AvroSerdeOptions { Framing = AvroFraming.SingleObject, Schemas = new InMemoryAvroSchemas(First) };

        Assert.Equal(new R(7, "x"), Avro.Read<R>(Second, old, options));
        Assert.Equal(new R(8, "y"), Avro.Read<R>(Second, Avro.Write(Second, new R(8, "y"), Framed), options));
    }

    [Fact]
    public void A_store_is_asked_once_for_a_schema_that_it_knows()
    {
        var store = new CountingSchemas();
        var serde = new AvroSerde<R>(Second, new AvroSerdeOptions { Framing = AvroFraming.SingleObject, Schemas = store });
        var old = Pieces.Of(Avro.Write(First, new R(7), Framed), 3);

        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(new R(7, "x"), serde.Deserialize(old, Avro.Context));
        }

        Assert.Equal(1, store.Asked);
    }

    [Fact]
    public void A_schema_that_nobody_knows_is_a_typed_error_that_names_it()
    {
        var error = Assert.Throws<AvroDataException>(() => Avro.Read<R>(Second, Avro.Write(First, new R(7), Framed), Framed));

        Assert.Contains(First.Fingerprint.ToString(), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_schema_that_does_not_fit_is_a_typed_error() =>
        Assert.Throws<AvroResolutionException>(() => Avro.Read<R>(
            Second,
            Avro.Write("\"int\"", 1) is var bytes ? [0xC3, 0x01, 0x8f, 0x5c, 0x39, 0x3f, 0x1a, 0xd5, 0x75, 0x72, .. bytes] : [],
            new AvroSerdeOptions { Framing = AvroFraming.SingleObject, Schemas = new InMemoryAvroSchemas(AvroSchema.Parse("\"int\"")) }));

    [Theory]
    [InlineData("", "nothing")]
    [InlineData("c3018f5c393f1ad575", "cut off in the fingerprint")]
    [InlineData("c3028f5c393f1ad5757202", "another version")]
    [InlineData("00000000018f5c393f1ad5757202", "another framing")]
    public void What_is_no_frame_is_a_typed_error(string hex, string reason)
    {
        var error = Record.Exception(() => Avro.Read<int>(AvroSchema.Parse("\"int\""), Avro.Bytes(hex), Framed));

        Assert.True(error is AvroDataException, $"{reason}: {error}");
    }

    [Fact]
    public void Options_that_make_no_sense_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new AvroSerde<R>(First, new AvroSerdeOptions { MaxDepth = 0 }));
        Assert.Throws<ArgumentException>(() => new AvroSerde<R>(First, new AvroSerdeOptions { MaxDepth = 1_001 }));
        Assert.Throws<ArgumentException>(() => new AvroSerde<R>(First, new AvroSerdeOptions { MaxEmptyItems = -1 }));
        Assert.Throws<ArgumentException>(() => new AvroSerde<R>(First, new AvroSerdeOptions { Schemas = new InMemoryAvroSchemas() }));
        Assert.Throws<ArgumentException>(() => new AvroSerde<R>(First, new AvroSerdeOptions { Framing = AvroFraming.SingleObject, WriterSchema = First }));
    }

    private sealed class CountingSchemas : IAvroSchemas
    {
        public int Asked { get; private set; }

        public AvroSchema? Find(AvroFingerprint fingerprint)
        {
            Asked++;
            return First;
        }
    }
}
