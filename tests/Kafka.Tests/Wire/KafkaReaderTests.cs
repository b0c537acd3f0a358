using System.Buffers.Binary;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;

namespace Loire.Kafka.Tests.Wire;

/// <summary>Fields by their bytes.</summary>
public class KafkaReaderTests
{
    private delegate T Field<out T>(ref KafkaReader reader);

    [Theory]
    [InlineData("00", 0u)]
    [InlineData("7f", 127u)]
    [InlineData("8001", 128u)]
    [InlineData("808001", 16384u)]
    [InlineData("ffffffff0f", uint.MaxValue)]
    [InlineData("8080808000", 0u)]
    public void A_varint_has_seven_bits_a_byte(string hex, uint value) => Assert.Equal(value, Read(hex, static (ref reader) => reader.ReadVarint()));

    [Theory]
    [InlineData("ffffffff10")]
    [InlineData("ffffffffff01")]
    [InlineData("8080808080")]
    public void A_varint_of_more_than_32_bits_is_malformed(string hex) => AssertMalformed(MalformedReason.Varint, hex, static (ref reader) => reader.ReadVarint());

    [Theory]
    [InlineData("80")]
    [InlineData("")]
    public void A_varint_that_does_not_end_is_malformed(string hex) => AssertMalformed(MalformedReason.Truncated, hex, static (ref reader) => reader.ReadVarint());

    [Theory]
    [InlineData("ffff", false, null)]
    [InlineData("0000", false, "")]
    [InlineData("00026869", false, "hi")]
    [InlineData("00", true, null)]
    [InlineData("01", true, "")]
    [InlineData("036869", true, "hi")]
    [InlineData("03c3a9", true, "é")]
    [InlineData("0361ff", true, "a\ufffd")]
    public void Null_and_empty_strings_differ(string hex, bool compact, string? value) =>
        Assert.Equal(value, Read(hex, (ref reader) => reader.ReadNullableString(compact)));

    [Theory]
    [InlineData("ffff", false, MalformedReason.UnexpectedNull)]
    [InlineData("00", true, MalformedReason.UnexpectedNull)]
    [InlineData("fffe", false, MalformedReason.Length)]
    [InlineData("00036869", false, MalformedReason.Truncated)]
    [InlineData("ffffffff0f", true, MalformedReason.Length)]
    [InlineData("8080808008", true, MalformedReason.Length)]
    [InlineData("818002", true, MalformedReason.Length)]
    [InlineData("808002", true, MalformedReason.Truncated)]
    public void A_string_of_an_impossible_length_is_malformed(string hex, bool compact, MalformedReason reason) =>
        AssertMalformed(reason, hex, (ref reader) => reader.ReadString(compact));

    [Theory]
    [InlineData("7fffffff", false, MalformedReason.Length)]
    [InlineData("00000003" + "0000000100000002", false, MalformedReason.Length)]
    [InlineData("fffffffe", false, MalformedReason.Length)]
    [InlineData("ffffffff", false, MalformedReason.UnexpectedNull)]
    [InlineData("8080808008", true, MalformedReason.Length)]
    [InlineData("04" + "0000000100000002", true, MalformedReason.Length)]
    [InlineData("00", true, MalformedReason.UnexpectedNull)]
    public void An_array_that_cannot_be_in_the_frame_is_malformed(string hex, bool compact, MalformedReason reason) =>
        AssertMalformed(reason, hex, (ref reader) => reader.ReadInt32Array(compact));

    [Fact]
    public void Numbers_in_arrays_have_the_order_of_the_wire()
    {
        Assert.Equal([1, -2], Read("0300000001fffffffe", static (ref reader) => reader.ReadInt32Array(compact: true)));
        Assert.Equal([1, -2], Read("030001fffe", static (ref reader) => reader.ReadInt16Array(compact: true)));
        Assert.Equal([1, -2], Read("030000000000000001fffffffffffffffe", static (ref reader) => reader.ReadInt64Array(compact: true)));
        Assert.Equal([1, -2], Read("0301fe", static (ref reader) => reader.ReadInt8Array(compact: true)));
    }

    [Fact]
    public void An_id_reads_as_its_text_does() => Assert.Equal(
        new Guid("00112233-4455-6677-8899-aabbccddeeff"), Read("00112233445566778899aabbccddeeff", static (ref reader) => reader.ReadUuid()));

    [Fact]
    public void Bytes_are_a_slice_of_the_frame()
    {
        var frame = Convert.FromHexString("0301020304");
        var bytes = new KafkaReader(frame).ReadBytes(compact: true);
        frame[1] = 9;
        Assert.Equal([9, 2], bytes.ToArray());
    }

    [Theory]
    [InlineData("02" + "00016a" + "01016b", null)]
    [InlineData("02" + "01016b" + "00016a", MalformedReason.TagOrder)]
    [InlineData("02" + "05016b" + "05016a", MalformedReason.TagOrder)]
    [InlineData("01" + "8080808008" + "00", MalformedReason.TagOrder)]
    [InlineData("01" + "0502" + "6b", MalformedReason.Length)]
    [InlineData("02" + "05016b" + "80", MalformedReason.Truncated)]
    [InlineData("7f", MalformedReason.Length)]
    [InlineData("914e", MalformedReason.Length)]
    public void Unknown_tags_are_skipped_in_ascending_order_only(string hex, MalformedReason? reason)
    {
        // Long enough for 10,001 fields.
        var rest = hex == "914e" ? new string('0', 100_000) : "";
        Field<int> skip = static (ref reader) =>
        {
            reader.SkipTags();
            return reader.Remaining;
        };
        if (reason is { } expected)
        {
            AssertMalformed(expected, hex + rest, skip);
        }
        else
        {
            Assert.Equal(0, Read(hex, skip));
        }
    }

    [Theory]
    [InlineData("02", "026a", null)]
    [InlineData("01", "026a", MalformedReason.TagSize)]
    [InlineData("03", "026a00", MalformedReason.TagSize)]
    [InlineData("03", "026a", MalformedReason.Length)]
    public void A_known_tagged_field_has_exactly_its_size(string size, string clusterId, MalformedReason? reason)
    {
        // A Fetch 12 without topics, whose only tagged field is the id of the cluster.
        var hex = "ffffffff" + "00000000" + "00000000" + "7fffffff" + "00" + "00000000" + "ffffffff" + "01" + "01" + "01" + "01" + "00" + size + clusterId;
        if (reason is { } expected)
        {
            AssertMalformed(expected, hex, ReadFetch);
        }
        else
        {
            Assert.Equal("j", Read(hex, ReadFetch).ClusterId);
        }
    }

    [Theory]
    [InlineData("ff", true)]
    [InlineData("80", true)]
    [InlineData("01" + "0274" + "00000005" + "00", false)]
    [InlineData("00" + "0274" + "00000005" + "00", false)]
    public void A_nullable_struct_is_absent_by_a_negative_byte(string cursor, bool isAbsent)
    {
        Field<DescribeTopicPartitionsRequest> read = static (ref reader) =>
        {
            var request = new DescribeTopicPartitionsRequest();
            request.Read(ref reader, 0);
            return request;
        };
        Assert.Equal(isAbsent, Read("01" + "00000064" + cursor + "00", read).Cursor is null);
    }

    [Fact]
    public void Strings_that_repeat_are_the_same_object()
    {
        var strings = new StringCache();
        var names = Enumerable.Range(0, 100).Select(i => $"orders-{i}").Append("").Append("größe").ToArray();
        var first = names.Select(Decode).ToArray();
        var second = names.Select(Decode).ToArray();
        Assert.Equal(names, first);
        Assert.Equal(names, second);
        Assert.InRange(first.Zip(second).Count(pair => ReferenceEquals(pair.First, pair.Second)), 30, 102);

        string Decode(string name)
        {
            var bytes = MessageBytes.Encode(new ListGroupsRequest { StatesFilter = [name] }, 4);
            var reader = new KafkaReader(bytes, strings);
            return reader.ReadStringArray(compact: true)[0];
        }
    }

    [Fact]
    public void Whatever_the_cache_holds_a_string_is_what_its_bytes_say()
    {
        var (strings, random) = (new StringCache(), new Random(7));
        Span<byte> field = stackalloc byte[2 + 12];
        for (var i = 0; i < 20_000; i++)
        {
            var length = random.Next(13);
            BinaryPrimitives.WriteInt16BigEndian(field, (short)length);
            for (var at = 2; at < 2 + length; at++)
            {
                field[at] = (byte)(random.Next(50) == 0 ? random.Next(256) : 'a' + random.Next(2));
            }

            byte[] frame = [.. field[..(2 + length)]];
            Assert.Equal(new KafkaReader(frame).ReadString(compact: false), new KafkaReader(frame, strings).ReadString(compact: false));
        }
    }

    private static FetchRequest ReadFetch(ref KafkaReader reader)
    {
        var request = new FetchRequest();
        request.Read(ref reader, 12);
        return request;
    }

    private static T Read<T>(string hex, Field<T> field)
    {
        var reader = new KafkaReader(Convert.FromHexString(hex));
        var value = field(ref reader);
        Assert.Equal(0, reader.Remaining);
        return value;
    }

    private static void AssertMalformed<T>(MalformedReason reason, string hex, Field<T> field) =>
        Assert.Equal(reason, Assert.Throws<MalformedMessageException>(() => Read(hex, field)).Reason);
}
