using System.Numerics;

namespace Loire.Client.Avro;

/// <summary>Which types of .NET a scalar schema can be. The first is the one that <see cref="AvroRecord"/> holds.</summary>
internal static class ScalarMappings
{
    private const long Millis = TimeSpan.TicksPerMillisecond;
    private const long Micros = TimeSpan.TicksPerMicrosecond;

    private static readonly ScalarMapping[] Integers =
    [
        Integer<int>(), new ScalarMapping<long, long>(value => value, value => value), Integer<short>(), Integer<sbyte>(), Integer<byte>(),
        Integer<ushort>(), Integer<uint>(), Integer<ulong>(),
    ];

    private static readonly ScalarMapping[] Longs = [Integers[1], .. Integers.Where((_, i) => i != 1)];

    private static readonly ScalarMapping[] Bytes =
    [
        Same<byte[]>(),
        new ScalarMapping<byte[], ReadOnlyMemory<byte>>(bytes => bytes, memory => memory.ToArray()),
    ];

    /// <summary>The mapping of a schema to a type; null if there is none.</summary>
    public static ScalarMapping? Find(AvroSchema schema, Type type) => Array.Find(Of(schema), mapping => mapping.Clr == type);

    /// <summary>The type that <see cref="AvroRecord"/> holds.</summary>
    public static Type Natural(AvroSchema schema) => Of(schema)[0].Clr;

    private static ScalarMapping[] Of(AvroSchema schema) => schema.LogicalType switch
    {
        LogicalType.Date => [Times.Date, .. Integers],
        LogicalType.TimeMillis => [Times.TimeOfDay(Millis), Times.SinceMidnight(Millis), .. Integers],
        LogicalType.TimeMicros => [Times.TimeOfDay(Micros), Times.SinceMidnight(Micros), .. Longs],
        LogicalType.TimestampMillis => [Times.Utc(Millis), Times.Instant(Millis), .. Longs],
        LogicalType.TimestampMicros => [Times.Utc(Micros), Times.Instant(Micros), .. Longs],
        LogicalType.LocalTimestampMillis => [Times.WallClock(Millis), .. Longs],
        LogicalType.LocalTimestampMicros => [Times.WallClock(Micros), .. Longs],
        LogicalType.Uuid => [Uuid, Same<string>()],
        LogicalType.Duration => [Times.Duration, Times.Length, .. Fixed((FixedSchema)schema)],
        LogicalType.Decimal => [.. Decimals.Of(schema), .. schema is FixedSchema block ? Fixed(block) : Bytes],
        _ => OfType(schema),
    };

    private static ScalarMapping[] OfType(AvroSchema schema) => schema.Type switch
    {
        AvroType.Boolean => [Same<bool>()],
        AvroType.Int => Integers,
        AvroType.Long => Longs,
        AvroType.Float => [Same<float>()],
        AvroType.Double => [Same<double>()],
        AvroType.Bytes => Bytes,
        AvroType.String => [Same<string>()],
        AvroType.Fixed => Fixed((FixedSchema)schema),
        _ => [],
    };

    private static ScalarMapping Uuid { get; } = new ScalarMapping<string, Guid>(
        text => Guid.TryParseExact(text, "D", out var value) ? value : throw new AvroDataException($"'{AvroName.Shown(text)}' is no UUID."),
        value => value.ToString("D"));

    private static ScalarMapping[] Fixed(FixedSchema schema) =>
    [
        new ScalarMapping<byte[], AvroFixed>(bytes => new AvroFixed(schema, bytes), value => value.Bytes),
        .. Bytes,
    ];

    private static ScalarMapping<T, T> Same<T>() => new(value => value, value => value);

    private static ScalarMapping<long, T> Integer<T>()
        where T : IBinaryInteger<T> => new(T.CreateChecked, long.CreateChecked);
}
