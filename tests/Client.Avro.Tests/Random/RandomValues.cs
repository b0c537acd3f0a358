using System.Numerics;

namespace Loire.Client.Avro.Tests;

/// <summary>Makes values of a schema, as <see cref="AvroRecord"/> holds them.</summary>
internal sealed class RandomValues(Random random)
{
    private const int MaxDepth = 6;

    public object? Next(AvroSchema schema, int depth = 0) => schema switch
    {
        RecordSchema record => Record(record, depth + 1),
        EnumSchema choice => new AvroEnum(choice, choice.Symbols[random.Next(choice.Symbols.Count)]),
        ArraySchema array => Enumerable.Range(0, Count(depth)).Select(_ => Next(array.Items, depth + 1)).ToList(),
        MapSchema map => Enumerable.Range(0, Count(depth)).ToDictionary(i => $"k{i}", _ => Next(map.Values, depth + 1)),
        UnionSchema union => Next(union.Branches[depth > MaxDepth ? 0 : random.Next(union.Branches.Count)], depth + 1),
        _ when schema.LogicalType != LogicalType.None => Logical(schema),
        FixedSchema block => new AvroFixed(block, Bytes(block.Size)),
        _ => Primitive(schema.Type),
    };

    private AvroRecord Record(RecordSchema schema, int depth)
    {
        var record = new AvroRecord(schema);
        foreach (var field in schema.Fields)
        {
            record[field.Name] = Next(field.Schema, depth);
        }

        return record;
    }

    private object? Primitive(AvroType type) => type switch
    {
        AvroType.Boolean => random.Next(2) == 0,
        AvroType.Int => (int)Long(32),
        AvroType.Long => Long(64),
        AvroType.Float => random.Next(8) == 0 ? float.Epsilon : (float)(random.NextDouble() * Math.Pow(10, random.Next(-10, 10))),
        AvroType.Double => random.Next(8) == 0 ? double.MaxValue : random.NextDouble() * Math.Pow(10, random.Next(-100, 100)),
        AvroType.Bytes => Bytes(random.Next(200)),
        AvroType.String => string.Concat(Enumerable.Range(0, random.Next(20)).Select(_ => random.Next(4) switch { 0 => "é", 1 => "𝄞", 2 => "\0", _ => "a" })),
        _ => null,
    };

    private object Logical(AvroSchema schema)
    {
        var ticks = random.NextInt64(DateTime.MaxValue.Ticks);
        return schema.LogicalType switch
        {
            LogicalType.Uuid => new Guid(Bytes(16)),
            LogicalType.Date => DateOnly.FromDateTime(new DateTime(ticks)),
            LogicalType.TimeMillis => new TimeOnly(Whole(ticks % TimeSpan.TicksPerDay, TimeSpan.TicksPerMillisecond)),
            LogicalType.TimeMicros => new TimeOnly(Whole(ticks % TimeSpan.TicksPerDay, TimeSpan.TicksPerMicrosecond)),
            LogicalType.TimestampMillis => new DateTime(Whole(ticks, TimeSpan.TicksPerMillisecond), DateTimeKind.Utc),
            LogicalType.TimestampMicros => new DateTime(Whole(ticks, TimeSpan.TicksPerMicrosecond), DateTimeKind.Utc),
            LogicalType.LocalTimestampMillis => new DateTime(Whole(ticks, TimeSpan.TicksPerMillisecond)),
            LogicalType.LocalTimestampMicros => new DateTime(Whole(ticks, TimeSpan.TicksPerMicrosecond)),
            LogicalType.Duration => new AvroDuration((uint)random.NextInt64(1L << 32), (uint)random.Next(), (uint)random.Next(9)),
            _ => new AvroDecimal(Digits(schema.Precision), schema.Scale),
        };
    }

    private static long Whole(long ticks, long unit) => ticks - (ticks % unit);

    private BigInteger Digits(int precision)
    {
        var bound = BigInteger.Pow(10, random.Next(1, precision + 1));
        return random.Next(3) == 0 ? bound - 1 : -(new BigInteger(Bytes(20), isUnsigned: true) % bound);
    }

    /// <summary>Numbers of every length, and the extremes.</summary>
    private long Long(int bits) => random.Next(8) switch
    {
        0 => -1L << (bits - 1),
        1 => ~(-1L << (bits - 1)),
        _ => (long)(random.NextInt64(long.MinValue, long.MaxValue) >> (64 - bits) >> random.Next(bits)),
    };

    private int Count(int depth) => depth > MaxDepth ? 0 : random.Next(4);

    private byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
