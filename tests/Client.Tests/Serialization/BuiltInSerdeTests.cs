using System.Buffers;
using System.Text;

namespace Loire.Client.Tests.Serialization;

/// <summary>The bytes are those that Kafka's own serializers for Java write.</summary>
public sealed class BuiltInSerdeTests
{
    private static readonly SerializationContext Context = new(MessageComponent.Value, "t", null);

    [Fact]
    public void Numbers_are_big_endian()
    {
        Check(1, "00000001");
        Check(-2, "FFFFFFFE");
        Check(0x0102030405060708, "0102030405060708");
        Check(long.MinValue, "8000000000000000");
        Check(1.5f, "3FC00000");
        Check(-0.0d, "8000000000000000");
        Check(Math.PI, "400921FB54442D18");
        Check<int?>(258, "00000102");
        Check<double?>(double.NaN, Convert.ToHexString(Bytes(double.NaN)));
    }

    [Fact]
    public void Text_is_utf8_and_a_guid_is_text()
    {
        Check("", "");
        Check("żółw €", Convert.ToHexString(Encoding.UTF8.GetBytes("żółw €")));
        var id = Guid.Parse("123E4567-e89b-12d3-a456-426614174000");
        Check(id, Convert.ToHexString("123e4567-e89b-12d3-a456-426614174000"u8));
        Check<Guid?>(id, Convert.ToHexString("123e4567-e89b-12d3-a456-426614174000"u8));
    }

    [Fact]
    public void Bytes_are_themselves_and_copied()
    {
        byte[] bytes = [1, 2, 3];
        Check(bytes, "010203");
        var sequence = new ReadOnlySequence<byte>(bytes);
        var array = Deserializers.For<byte[]>().Deserialize(sequence, Context);
        var memory = Deserializers.For<ReadOnlyMemory<byte>>().Deserialize(sequence, Context);
        bytes[0] = 9;
        Assert.Equal([1, 2, 3], array);
        Assert.Equal([1, 2, 3], memory.ToArray());
        Assert.Equal("010203", Convert.ToHexString(Bytes<ReadOnlyMemory<byte>>(new byte[] { 1, 2, 3 })));
    }

    [Theory]
    [InlineData(typeof(int), "000000")]
    [InlineData(typeof(int), "0000000000")]
    [InlineData(typeof(int?), "")]
    [InlineData(typeof(long), "00000000")]
    [InlineData(typeof(float), "0000000000000000")]
    [InlineData(typeof(double), "00")]
    [InlineData(typeof(string), "FF")]
    [InlineData(typeof(string), "C3")]
    [InlineData(typeof(Guid), "00112233445566778899AABBCCDDEEFF")]
    [InlineData(typeof(Guid), "7878787878787878787878787878787878787878787878787878787878787878787878")]
    [InlineData(typeof(Null), "00")]
    public void What_does_not_fit_is_an_error(Type type, string hex) =>
        GetType().GetMethod(nameof(Refuses), System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!
            .MakeGenericMethod(type).Invoke(null, [Convert.FromHexString(hex)]);

    [Fact]
    public void Half_a_surrogate_pair_is_no_text() =>
        Assert.ThrowsAny<ArgumentException>(() => Bytes("\ud800"));

    [Fact]
    public void Ignore_reads_anything_and_writes_nothing()
    {
        Assert.Null(Deserializers.For<Ignore>().Deserialize(new ReadOnlySequence<byte>([1, 2]), Context));
        Assert.Throws<NotSupportedException>(Serializers.For<Ignore>);
    }

    [Fact]
    public void A_type_without_a_serializer_says_which_option_helps()
    {
        Assert.Contains("ValueSerializer", Assert.Throws<NotSupportedException>(Serializers.For<Version>).Message, StringComparison.Ordinal);
        Assert.Contains("ValueDeserializer", Assert.Throws<NotSupportedException>(Deserializers.For<Version>).Message, StringComparison.Ordinal);

        // A deserializer of strings is one of objects to the compiler, but nobody who asks for objects means text.
        Assert.Throws<NotSupportedException>(Deserializers.For<object>);
        var client = new LoireClient(new TestKit.Fakes.FakeCluster().Factory);
        var failure = Assert.Throws<NotSupportedException>(() => client.CreateConsumer<string, Version>());
        Assert.Contains("set ValueDeserializer or AsyncValueDeserializer", failure.Message, StringComparison.Ordinal);
        failure = Assert.Throws<NotSupportedException>(() => client.CreateConsumer<Version, string>());
        Assert.Contains("set KeyDeserializer or AsyncKeyDeserializer", failure.Message, StringComparison.Ordinal);
    }

    private static void Refuses<T>(byte[] bytes)
    {
        Assert.ThrowsAny<Exception>(() => Deserializers.For<T>().Deserialize(new ReadOnlySequence<byte>(bytes), Context));
        Assert.ThrowsAny<Exception>(() => Deserializers.For<T>().Deserialize(Scattered(bytes), Context));
    }

    private static void Check<T>(T value, string hex)
    {
        Assert.Equal(hex, Convert.ToHexString(Bytes(value)));
        var bytes = Convert.FromHexString(hex);
        Assert.Equal(value, Deserializers.For<T>().Deserialize(new ReadOnlySequence<byte>(bytes), Context));
        Assert.Equal(value, Deserializers.For<T>().Deserialize(Scattered(bytes), Context));
    }

    private static byte[] Bytes<T>(T value)
    {
        var writer = new ArrayBufferWriter<byte>();
        Serializers.For<T>().Serialize(value, writer, Context);
        return writer.WrittenSpan.ToArray();
    }

    /// <summary>The bytes in segments of one byte each.</summary>
    internal static ReadOnlySequence<byte> Scattered(byte[] bytes)
    {
        var first = new Segment([], 0, null);
        var last = first;
        foreach (var one in bytes)
        {
            last = new Segment([one], last.RunningIndex + last.Memory.Length, last);
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(byte[] bytes, long start, Segment? previous)
        {
            (Memory, RunningIndex) = (bytes, start);
            previous?.Next = this;
        }
    }
}
