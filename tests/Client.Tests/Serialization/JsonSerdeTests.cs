using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Loire.Client.Tests.Serialization;

public sealed partial class JsonSerdeTests
{
    private static readonly SerializationContext Context = new(MessageComponent.Value, "t", null);

    [Fact]
    public void Reflection_and_generated_code_write_and_read_the_same()
    {
        var order = new Order("tea", 3);
        foreach (var serde in new[] { new JsonSerde<Order>(OrderJson.Default.Order), new JsonSerde<Order>() })
        {
            var writer = new ArrayBufferWriter<byte>();
            serde.Serialize(order, writer, Context);
            serde.Serialize(order, writer, Context);
            var text = """{"Item":"tea","Count":3}""";
            Assert.Equal(text + text, Encoding.UTF8.GetString(writer.WrittenSpan));
            Assert.Equal(order, serde.Deserialize(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(text + " ")), Context));
            Assert.Equal(order, serde.Deserialize(BuiltInSerdeTests.Scattered(Encoding.UTF8.GetBytes(text)), Context));
        }
    }

    [Fact]
    public void The_options_count()
    {
        var serde = new JsonSerde<Order>(new JsonSerializerOptions(JsonSerializerDefaults.Web) { WriteIndented = true });
        var writer = new ArrayBufferWriter<byte>();
        serde.Serialize(new Order("é", 1), writer, Context);
        Assert.Contains("\n  \"item\": \"\\u00E9\"", Encoding.UTF8.GetString(writer.WrittenSpan).ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Equal(7, serde.Deserialize(new ReadOnlySequence<byte>("""{"ITEM":"x","count":"7"}"""u8.ToArray()), Context).Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("""{"Item":"tea","Count":3}{}""")]
    [InlineData("""{"Item":"tea","Count":3} x""")]
    [InlineData("""{"Item":"tea","Count":"three"}""")]
    [InlineData("[1]")]
    public void What_is_not_exactly_one_value_is_an_error(string text)
    {
        var serde = new JsonSerde<Order>();
        Assert.ThrowsAny<JsonException>(() => serde.Deserialize(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(text)), Context));
    }

    [Fact]
    public void A_converter_that_throws_or_serializes_by_itself_leaves_nothing_behind()
    {
        var serde = new JsonSerde<Wrapper>();
        for (var again = 0; again < 3; again++)
        {
            Assert.Throws<NotSupportedException>(() => serde.Serialize(new Wrapper(null), new ArrayBufferWriter<byte>(), Context));
            var writer = new ArrayBufferWriter<byte>();
            serde.Serialize(new Wrapper(new Order("tea", 3)), writer, Context);
            Assert.Equal("""{"Item":"tea","Count":3}""", Encoding.UTF8.GetString(writer.WrittenSpan));
        }
    }

    internal sealed record Order(string Item, int Count);

    [JsonConverter(typeof(WrapperConverter))]
    internal sealed record Wrapper(Order? Order);

    internal sealed class WrapperConverter : JsonConverter<Wrapper>
    {
        public override Wrapper Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, Wrapper value, JsonSerializerOptions options)
        {
            if (value.Order is null)
            {
                writer.WriteStartObject();
                throw new NotSupportedException("no order");
            }

            var inner = new ArrayBufferWriter<byte>();
            new JsonSerde<Order>().Serialize(value.Order, inner, Context);
            writer.WriteRawValue(inner.WrittenSpan);
        }
    }

    [JsonSerializable(typeof(Order))]
    internal sealed partial class OrderJson : JsonSerializerContext;
}
