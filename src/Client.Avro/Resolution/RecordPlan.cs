using System.Runtime.CompilerServices;
using Avro;
using Avro.Generic;
using Avro.IO;

namespace Loire.Client.Avro;

/// <summary>
/// How a record of one schema is read as a record of another. Apache.Avro finds a field by an alias, but overwrites it with its default
/// afterwards, or fails if it has none; so its readers get the writer's schema with the names that the reader gives to the fields.
/// </summary>
internal sealed class RecordPlan
{
    private static readonly ConditionalWeakTable<RecordSchema, ConditionalWeakTable<RecordSchema, RecordPlan>> Plans = [];

    private RecordPlan(RecordSchema writer, RecordSchema reader)
    {
        var fields = writer.Fields.Select(field => new Field(field.Schema, ReaderName(field, writer, reader), field.Pos)).ToList();
        Writer = RecordSchema.Create(reader.Name, fields, reader.Namespace);
        Defaults = [.. reader.Fields.Where(field => !Writer.Contains(field.Name)).Select(field => (field, Encode(field)))];
    }

    /// <summary>The writer's schema as the reader names it. Fields that the reader lacks have names that it does not know.</summary>
    public RecordSchema Writer { get; }

    /// <summary>The fields of the reader that were not written, and their default values in binary encoding.</summary>
    public IReadOnlyList<(Field Field, byte[] Value)> Defaults { get; }

    /// <summary>The plan of a pair of schemas, made once. It lives as long as they do.</summary>
    public static RecordPlan Of(RecordSchema writer, RecordSchema reader) => Plans
        .GetValue(writer, static _ => [])
        .GetValue(reader, _ => new RecordPlan(writer, reader));

    private static string ReaderName(Field field, RecordSchema writer, RecordSchema reader)
    {
        if (!reader.TryGetFieldAlias(field.Name, out var match))
        {
            return field.Name;
        }

        // A field of the very name comes before one that has it as an alias.
        return match.Name == field.Name || !writer.Contains(match.Name) ? match.Name : $"{field.Name}_{field.Pos}_unread";
    }

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
