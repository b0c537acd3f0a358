using System.Numerics;
using Avro;
using Avro.Generic;

namespace Loire.Client.Avro.Tests;

/// <summary>Makes values of a schema, as Apache.Avro's generic types hold them.</summary>
internal sealed class RandomValues(Random random)
{
    private const int MaxDepth = 6;

    public object? Next(Schema schema, int depth = 0) => schema switch
    {
        RecordSchema record => Record(record, depth + 1),
        EnumSchema choice => new GenericEnum(choice, choice.Symbols[random.Next(choice.Symbols.Count)]),
        ArraySchema array => Enumerable.Range(0, Count(depth)).Select(_ => Next(array.ItemSchema, depth + 1)).ToArray(),
        MapSchema map => Enumerable.Range(0, Count(depth)).ToDictionary(i => $"k{i}", _ => Next(map.ValueSchema, depth + 1)),
        UnionSchema union => Next(union[depth > MaxDepth ? 0 : random.Next(union.Count)], depth + 1),
        LogicalSchema logical => Logical(logical),
        FixedSchema block => new GenericFixed(block, Bytes(block.Size)),
        _ => Primitive(schema.Tag),
    };

    private GenericRecord Record(RecordSchema schema, int depth)
    {
        var record = new GenericRecord(schema);
        foreach (var field in schema.Fields)
        {
            record.Add(field.Pos, Next(field.Schema, depth));
        }

        return record;
    }

    private object? Primitive(Schema.Type type) => type switch
    {
        Schema.Type.Boolean => random.Next(2) == 0,
        Schema.Type.Int => (int)Long(32),
        Schema.Type.Long => Long(64),
        Schema.Type.Float => random.Next(8) == 0 ? float.Epsilon : (float)(random.NextDouble() * Math.Pow(10, random.Next(-10, 10))),
        Schema.Type.Double => random.Next(8) == 0 ? double.MaxValue : random.NextDouble() * Math.Pow(10, random.Next(-100, 100)),
        Schema.Type.Bytes => Bytes(random.Next(200)),
        Schema.Type.String => string.Concat(Enumerable.Range(0, random.Next(20)).Select(_ => random.Next(4) switch { 0 => "é", 1 => "𝄞", 2 => "\0", _ => "a" })),
        _ => null,
    };

    private object? Logical(LogicalSchema schema)
    {
        // Further from 1970 than 456 years Apache.Avro loses milliseconds: it computes them as floating-point numbers.
        var ticks = random.NextInt64(new DateTime(1600, 1, 1).Ticks, new DateTime(2400, 1, 1).Ticks);
        return schema.LogicalTypeName switch
        {
            "uuid" => new Guid(Bytes(16)),
            "date" => new DateTime(Whole(ticks, TimeSpan.TicksPerDay), DateTimeKind.Utc),
            "time-millis" => new TimeSpan(Whole(ticks % TimeSpan.TicksPerDay, TimeSpan.TicksPerMillisecond)),
            "time-micros" => new TimeSpan(Whole(ticks % TimeSpan.TicksPerDay, TimeSpan.TicksPerMicrosecond)),
            "timestamp-millis" => new DateTime(Whole(ticks, TimeSpan.TicksPerMillisecond), DateTimeKind.Utc),
            "timestamp-micros" => new DateTime(Whole(ticks, TimeSpan.TicksPerMicrosecond), DateTimeKind.Utc),
            "local-timestamp-millis" => new DateTime(Whole(ticks, TimeSpan.TicksPerMillisecond), DateTimeKind.Utc),
            "local-timestamp-micros" => new DateTime(Whole(ticks, TimeSpan.TicksPerMicrosecond), DateTimeKind.Utc),
            "decimal" => new AvroDecimal(
                Digits(int.Parse(schema.GetProperty("precision"), null)), int.Parse(schema.GetProperty("scale"), null)),
            _ => Next(schema.BaseSchema),
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
