using System.Buffers;
using CsCheck;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Loire.TestKit;

namespace Loire.Client.Protobuf.Tests;

public class ProtobufSerdeTests
{
    private static readonly SerializationContext Context = new(MessageComponent.Value, "orders", null);

    private static readonly Struct Order = new()
    {
        Fields =
        {
            ["item"] = Value.ForString("thé à la menthe"),
            ["count"] = Value.ForNumber(3),
            ["notes"] = Value.ForList(Value.ForNull(), Value.ForBool(true), Value.ForStruct(new Struct())),
        },
    };

    [Fact]
    public void A_message_is_written_as_its_plain_bytes()
    {
        var bytes = Written(new ProtobufSerde<Timestamp>(), new Timestamp { Seconds = 1, Nanos = 2 });

        Assert.Equal("08011002", Convert.ToHexString(bytes));
    }

    [Fact]
    public void A_message_is_read_back_however_its_bytes_are_cut_into_pieces()
    {
        var serde = new ProtobufSerde<Struct>();
        var bytes = Written(serde, Order);

        for (var size = 1; size <= bytes.Length; size++)
        {
            Assert.Equal(Order, serde.Deserialize(Pieces.Of(bytes, size), Context));
        }
    }

    [Fact]
    public void A_message_of_defaults_takes_no_bytes()
    {
        var serde = new ProtobufSerde<Timestamp>();

        Assert.Empty(Written(serde, new Timestamp()));
        Assert.Equal(new Timestamp(), serde.Deserialize(ReadOnlySequence<byte>.Empty, Context));
    }

    [Fact]
    public void Bytes_cut_off_anywhere_are_a_shorter_message_or_a_typed_error_and_never_anything_else()
    {
        var serde = new ProtobufSerde<Struct>();
        var bytes = Written(serde, Order);
        var refused = 0;

        for (var length = 0; length < bytes.Length; length++)
        {
            try
            {
                Assert.NotEqual(Order, serde.Deserialize(new ReadOnlySequence<byte>(bytes, 0, length), Context));
            }
            catch (ProtobufException)
            {
                refused++;
            }
        }

        Assert.True(refused > bytes.Length / 2, $"Only {refused} of {bytes.Length} prefixes were refused.");
    }

    [Theory]
    [InlineData("0A", "a length without its bytes")]
    [InlineData("0AFFFFFFFF07", "a length of 2 GiB")]
    [InlineData("0AFFFFFFFFFFFFFFFFFF01", "a negative length")]
    [InlineData("00", "field number 0")]
    [InlineData("0C", "the end of a group that never began")]
    [InlineData("FFFFFFFFFFFFFFFFFFFFFF", "a number that never ends")]
    public void Malformed_bytes_are_a_typed_error(string hex, string reason)
    {
        var data = new ReadOnlySequence<byte>(Convert.FromHexString(hex));

        var error = Record.Exception(() => new ProtobufSerde<Struct>().Deserialize(data, Context));

        Assert.True(error is ProtobufException, $"{reason}: {error}");
    }

    [Fact]
    public void Messages_nested_too_deep_are_a_typed_error_and_not_the_end_of_the_process()
    {
        // A list that holds a list that holds a list ...; each level is Value.list_value (field 6) within ListValue.values (field 1).
        var message = Value.ForList();
        for (var i = 0; i < 5_000; i++)
        {
            message = Value.ForList(message);
        }

        var bytes = Written(new ProtobufSerde<Value>(), message);

        Assert.Throws<ProtobufException>(() => new ProtobufSerde<Value>().Deserialize(new(bytes), Context));
    }

    [Fact]
    public void What_a_newer_program_added_survives_unless_the_parser_drops_it()
    {
        byte[] newer = [0x08, 0x01, 0x78, 0x05];
        var keeping = new ProtobufSerde<Timestamp>();
        var dropping = new ProtobufSerde<Timestamp>(Timestamp.Parser.WithDiscardUnknownFields(true));

        Assert.Equal(newer, Written(keeping, keeping.Deserialize(new(newer), Context)));
        Assert.Equal(newer[..2], Written(dropping, dropping.Deserialize(new(newer), Context)));
    }

    [Fact]
    public void What_is_written_goes_behind_what_the_buffer_already_holds()
    {
        var buffer = new ArrayBufferWriter<byte>();
        buffer.Write<byte>([0xAA]);

        new ProtobufSerde<Timestamp>().Serialize(new Timestamp { Seconds = 1 }, buffer, Context);

        Assert.Equal("AA0801", Convert.ToHexString(buffer.WrittenSpan));
    }

    [Fact]
    public void Damage_is_a_message_or_a_typed_error_and_never_anything_else()
    {
        var serde = new ProtobufSerde<Struct>();
        var sound = Written(serde, Order);
        var changes = Gen.Select(Gen.Int[0, sound.Length - 1], Gen.Byte).Array[1, 3];
        Gen.Select(changes, Gen.Int[1, sound.Length]).Sample(
            (damage, piece) =>
            {
                var bytes = sound.ToArray();
                foreach (var (at, value) in damage)
                {
                    bytes[at] = value;
                }

                var error = Record.Exception(() => serde.Deserialize(Pieces.Of(bytes, piece), Context));
                Assert.True(error is null or ProtobufException, $"{Convert.ToHexString(bytes)}: {error}");
            },
            iter: 20_000);
    }

    private static byte[] Written<T>(ProtobufSerde<T> serde, T message)
        where T : IMessage<T>, new()
    {
        var buffer = new ArrayBufferWriter<byte>();
        serde.Serialize(message, buffer, Context);
        return buffer.WrittenSpan.ToArray();
    }
}
