using Avro;
using Avro.Specific;

namespace Loire.Client.Avro.Tests;

/// <summary>Classes as Apache.Avro's avrogen makes them.</summary>
public class SpecificRecordTests
{
    private const string Older = """
        {"type":"record","name":"Measurement","namespace":"Loire.Client.Avro.Tests","fields":[
          {"name":"dropped","type":"string"},{"name":"reading","type":"int"}]}
        """;

    [Fact]
    public void A_generated_class_is_written_and_read()
    {
        var bytes = Wire.Write(Measurement._SCHEMA, new Measurement { value = 1.5, unit = "C" });

        Assert.Equal("000000000000f83f020243", Wire.Hex(bytes));
        Assert.Equal((1.5, "C"), Wire.Read<Measurement>(Measurement._SCHEMA, bytes) is var read ? (read.value, read.unit) : default);
    }

    [Fact]
    public void A_generated_class_is_read_from_data_of_an_older_schema()
    {
        var options = new AvroSerdeOptions { WriterSchema = Schema.Parse(Older) };

        var read = Wire.Read<Measurement>(Measurement._SCHEMA, Wire.Bytes("0278 0e"), options);

        Assert.Equal((7.0, null), (read.value, read.unit));
    }

    [Fact]
    public void Schemas_that_do_not_fit_are_a_typed_error() => Assert.Throws<AvroResolutionException>(
        () => Wire.Read<Measurement>(Measurement._SCHEMA, [0], new AvroSerdeOptions { WriterSchema = Schema.Parse("\"int\"") }));
}

/// <summary>What avrogen makes of its schema, without the comments.</summary>
public sealed class Measurement : ISpecificRecord
{
    public static readonly Schema _SCHEMA = Schema.Parse("""
        {"type":"record","name":"Measurement","namespace":"Loire.Client.Avro.Tests","fields":[
          {"name":"value","aliases":["reading"],"type":"double"},{"name":"unit","type":["null","string"],"default":null}]}
        """);

    public Schema Schema => _SCHEMA;

    public double value { get; set; }

    public string? unit { get; set; }

    public object? Get(int fieldPos) => fieldPos switch
    {
        0 => value,
        1 => unit,
        _ => throw new AvroRuntimeException($"Bad index {fieldPos} in Get()"),
    };

    public void Put(int fieldPos, object? fieldValue)
    {
        switch (fieldPos)
        {
            case 0:
                value = (double)fieldValue!;
                break;
            case 1:
                unit = (string?)fieldValue;
                break;
            default:
                throw new AvroRuntimeException($"Bad index {fieldPos} in Put()");
        }
    }
}
