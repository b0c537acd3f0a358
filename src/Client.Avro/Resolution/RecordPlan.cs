using System.Runtime.CompilerServices;
using Avro;
using Avro.Generic;
using Avro.IO;

namespace Loire.Client.Avro;

/// <summary>
/// The plan for reading a record of one schema as a record of another. Apache.Avro's readers find a field by an alias, but overwrite it
/// with its default afterwards, or fail if it has none; and they wrap an error once for each level of nesting, which takes more stack than
/// there is.
/// </summary>
internal sealed class RecordPlan
{
    private static readonly ConditionalWeakTable<RecordSchema, ConditionalWeakTable<RecordSchema, RecordPlan>> Plans = [];

    private RecordPlan(RecordSchema writer, RecordSchema reader)
    {
        Steps = [.. writer.Fields.Select(field => (field, Match(field, writer, reader)))];
        Defaults = [.. reader.Fields.Except(Steps.Select(step => step.Own)).Select(field => (field!, Encode(field!)))];
    }

    /// <summary>The fields in the order they were written, each with the reader's field; null if the reader has none.</summary>
    public (Field Written, Field? Own)[] Steps { get; }

    /// <summary>The reader's fields that were not written, and their default values in binary encoding.</summary>
    public (Field Own, byte[] Value)[] Defaults { get; }

    /// <summary>Gets the plan of a pair of schemas, which is cached as long as they live.</summary>
    public static RecordPlan Of(RecordSchema writer, RecordSchema reader) => Plans
        .GetValue(writer, static _ => [])
        .GetValue(reader, _ => new RecordPlan(writer, reader));

    // A field with the name takes precedence over one with the alias.
    private static Field? Match(Field field, RecordSchema writer, RecordSchema reader) =>
        reader.TryGetFieldAlias(field.Name, out var own) && (own.Name == field.Name || !writer.Contains(own.Name)) ? own : null;

    /// <summary>Apache.Avro encodes defaults only while it reads a record that lacks them, so it reads one here.</summary>
    private static byte[] Encode(Field field)
    {
        var empty = RecordSchema.Create("Holder", []);
        var holder = RecordSchema.Create("Holder", [new Field(field.Schema, field.Name, 0, defaultValue: field.DefaultValue)]);
        var record = new GenericReader<GenericRecord>(empty, holder).Read(null!, new BinaryDecoder(Stream.Null));
        using var bytes = new MemoryStream();
        new GenericWriter<GenericRecord>(holder).Write(record, new BinaryEncoder(bytes));
        return bytes.ToArray();
    }
}
