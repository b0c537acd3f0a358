using System.Numerics;
using System.Text.Json;

namespace Loire.Client.Avro;

/// <summary>
/// Which logical types there are, and on what. One that does not fit its schema is ignored, as the specification demands.
/// </summary>
internal static class LogicalTypes
{
    private const int DurationBytes = 12;

    private static readonly (LogicalType Type, string Name, AvroType On)[] Table =
    [
        (LogicalType.Uuid, "uuid", AvroType.String),
        (LogicalType.Date, "date", AvroType.Int),
        (LogicalType.TimeMillis, "time-millis", AvroType.Int),
        (LogicalType.TimeMicros, "time-micros", AvroType.Long),
        (LogicalType.TimestampMillis, "timestamp-millis", AvroType.Long),
        (LogicalType.TimestampMicros, "timestamp-micros", AvroType.Long),
        (LogicalType.LocalTimestampMillis, "local-timestamp-millis", AvroType.Long),
        (LogicalType.LocalTimestampMicros, "local-timestamp-micros", AvroType.Long),
        (LogicalType.Duration, "duration", AvroType.Fixed),
        (LogicalType.Decimal, "decimal", AvroType.Bytes),
        (LogicalType.Decimal, "decimal", AvroType.Fixed),
    ];

    public static string Name(LogicalType type) => Table.First(row => row.Type == type).Name;

    /// <summary>Marks a schema with what its JSON says.</summary>
    public static void Apply(AvroSchema schema, JsonElement json)
    {
        if (!json.TryGetProperty("logicalType", out var value) || value.ValueKind != JsonValueKind.String)
        {
            return;
        }

        var name = value.GetString();
        var type = Table.FirstOrDefault(row => row.Name == name && row.On == schema.Type).Type;
        if (type == LogicalType.Decimal)
        {
            ApplyDecimal(schema, json);
        }
        else if (type != LogicalType.Duration || ((FixedSchema)schema).Size == DurationBytes)
        {
            schema.LogicalType = type;
        }
    }

    private static void ApplyDecimal(AvroSchema schema, JsonElement json)
    {
        if (Number(json, "precision", 0) is { } precision && Number(json, "scale", 0) is { } scale
            && precision is >= 1 and <= AvroLimits.DecimalPrecision && scale >= 0 && scale <= precision
            && (schema is not FixedSchema { Size: var size } || Fits(precision, size)))
        {
            (schema.LogicalType, schema.Precision, schema.Scale) = (LogicalType.Decimal, precision, scale);
        }
    }

    /// <summary>A whole number; <paramref name="missing"/> if there is none; null if it is something else.</summary>
    private static int? Number(JsonElement json, string attribute, int missing)
    {
        if (!json.TryGetProperty(attribute, out var value))
        {
            return missing;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : null;
    }

    /// <summary>Whether every number of so many digits fits into so many bytes.</summary>
    private static bool Fits(int precision, int size) => (BigInteger.Pow(10, precision) - 1).GetByteCount() <= size;
}
