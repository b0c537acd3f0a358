using System.Globalization;
using System.Numerics;
using Avro;
using Avro.Reflect;

namespace Loire.Client.Avro;

/// <summary>Converts between Apache.Avro's .NET types for logical types and the other types that properties may have.</summary>
internal static class FieldConverters
{
    private static readonly IAvroFieldConverter[] All =
    [
        new FuncFieldConverter<AvroDecimal, decimal>((value, _) => AvroDecimal.ToDecimal(value), ToScale),
        new FuncFieldConverter<DateTime, DateOnly>(
            (value, _) => DateOnly.FromDateTime(value), (value, _) => value.ToDateTime(default, DateTimeKind.Utc)),
        new FuncFieldConverter<TimeSpan, TimeOnly>((value, _) => TimeOnly.FromTimeSpan(value), (value, _) => value.ToTimeSpan()),
        new FuncFieldConverter<DateTime, DateTimeOffset>((value, _) => value, (value, _) => value.UtcDateTime),
    ];

    /// <summary>The converter of a pair of types; null if there is none.</summary>
    public static IAvroFieldConverter? Find(Type avro, Type property) =>
        All.FirstOrDefault(converter => converter.GetAvroType() == avro && converter.GetPropertyType() == property);

    /// <summary>Apache.Avro writes a decimal only with exactly the scale of its schema.</summary>
    private static AvroDecimal ToScale(decimal value, Schema schema)
    {
        var scale = int.Parse(schema.GetProperty("scale") ?? "0", CultureInfo.InvariantCulture);
        var exact = new AvroDecimal(value);
        if (exact.Scale <= scale)
        {
            return new AvroDecimal(exact.UnscaledValue * BigInteger.Pow(10, scale - exact.Scale), scale);
        }

        var unscaled = BigInteger.DivRem(exact.UnscaledValue, BigInteger.Pow(10, exact.Scale - scale), out var lost);
        return lost.IsZero
            ? new AvroDecimal(unscaled, scale)
            : throw new AvroDataException($"{value} has more than {scale} digits after the point.");
    }
}
