using Avro;
using Loire.TestKit;
using Xunit.Abstractions;

namespace Loire.Client.Avro.Tests;

public class RoundTripTests(ITestOutputHelper output)
{
    [Fact]
    public void Random_values_of_random_schemas_are_read_as_they_were_written()
    {
        var random = Seeds.Next(output);
        for (var i = 0; i < 1_000; i++)
        {
            var json = RandomSchemas.Next(random);
            var schema = Schema.Parse(json);
            var bytes = Wire.Write(schema, new RandomValues(random).Next(schema));

            var back = Wire.Read<object?>(schema, bytes);

            // Decoding is a function, and a value that is written to the same bytes again was read as it was.
            Assert.True(bytes.AsSpan().SequenceEqual(Wire.Write(schema, back)), json);
        }
    }

    [Fact]
    public void Random_damage_is_a_value_or_a_typed_error_and_never_anything_else()
    {
        var random = Seeds.Next(output);
        for (var i = 0; i < 3_000; i++)
        {
            var schema = Schema.Parse(RandomSchemas.Next(random));
            var bytes = Wire.Write(schema, new RandomValues(random).Next(schema));
            for (var damage = bytes.Length == 0 ? 0 : random.Next(1, 4); damage > 0; damage--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            var error = Record.Exception(() => Wire.Read<object?>(schema, bytes));
            Assert.True(error is null or AvroDataException, $"{schema} {Wire.Hex(bytes)}: {error}");
        }
    }

    [Fact]
    public void Bytes_cut_off_anywhere_are_a_typed_error()
    {
        var random = Seeds.Next(output);
        for (var i = 0; i < 200; i++)
        {
            var schema = Schema.Parse(RandomSchemas.Next(random));
            var bytes = Wire.Write(schema, new RandomValues(random).Next(schema));
            for (var length = 0; length < Math.Min(bytes.Length, 500); length++)
            {
                Assert.Throws<AvroDataException>(() => Wire.Read<object?>(schema, bytes[..length]));
            }
        }
    }

    [Fact]
    public void Bytes_may_come_in_pieces_of_any_size()
    {
        var random = Seeds.Next(output);
        for (var i = 0; i < 100; i++)
        {
            var schema = Schema.Parse(RandomSchemas.Next(random));
            var bytes = Wire.Write(schema, new RandomValues(random).Next(schema));
            var serde = new AvroSerde<object?>(schema);
            for (var size = 1; size <= Math.Min(bytes.Length, 30); size++)
            {
                var back = serde.Deserialize(Pieces.Of(bytes, size), Wire.Context);
                Assert.True(bytes.AsSpan().SequenceEqual(Wire.Write(schema, back)), schema.ToString());
            }
        }
    }
}
