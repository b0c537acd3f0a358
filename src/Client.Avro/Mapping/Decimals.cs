using System.Numerics;

namespace Loire.Client.Avro;

/// <summary>Decimals of a schema: as many digits as its precision, and exactly its scale.</summary>
internal static class Decimals
{
    public static ScalarMapping[] Of(AvroSchema schema)
    {
        var bound = BigInteger.Pow(10, schema.Precision);
        var size = schema is FixedSchema block ? block.Size : -1;
        return
        [
            new ScalarMapping<byte[], AvroDecimal>(bytes => Read(bytes, schema, bound), value => Write(value, schema, bound, size)),
            new ScalarMapping<byte[], decimal>(
                bytes => Read(bytes, schema, bound).ToDecimal(), value => Write(AvroDecimal.From(value), schema, bound, size)),
        ];
    }

    private static AvroDecimal Read(byte[] bytes, AvroSchema schema, BigInteger bound)
    {
        var digits = new BigInteger(bytes, isUnsigned: false, isBigEndian: true);
        return BigInteger.Abs(digits) < bound
            ? new AvroDecimal(digits, schema.Scale)
            : throw new AvroDataException($"A decimal of {bytes.Length} bytes has more digits than its precision, {schema.Precision}.");
    }

    private static byte[] Write(AvroDecimal value, AvroSchema schema, BigInteger bound, int size)
    {
        if (value.At(schema.Scale) is not { } digits || BigInteger.Abs(digits) >= bound)
        {
            throw new AvroDataException(
                $"{AvroName.Shown(value.ToString())} has other digits than a decimal of precision {schema.Precision} "
                + $"and scale {schema.Scale} can hold.");
        }

        var bytes = digits.ToByteArray(isUnsigned: false, isBigEndian: true);
        if (size < 0 || bytes.Length == size)
        {
            return bytes;
        }

        // Two's complement: what is in front repeats the sign.
        var padded = new byte[size];
        padded.AsSpan(0, size - bytes.Length).Fill(digits.Sign < 0 ? (byte)0xFF : (byte)0);
        bytes.CopyTo(padded, size - bytes.Length);
        return padded;
    }
}
