using System.Collections;
using Avro;
using Avro.Generic;
using Avro.IO;

namespace Loire.Client.Avro;

/// <summary>
/// Reads values as objects of the types of a <see cref="ClassMap"/>, and as generic values where it has none. Schemas are resolved by
/// Apache.Avro.
/// </summary>
internal sealed class ClassReader(ClassMap map, Schema writer, Schema reader) : DefaultReader(writer, reader)
{
    protected override object ReadRecord(object reuse, RecordSchema writerSchema, Schema readerSchema, Decoder dec)
    {
        var target = (RecordSchema)readerSchema;
        var made = map.RecordOf(target);
        var record = made?.Create() ?? new GenericRecord(target);
        if (ReferenceEquals(writerSchema, target))
        {
            foreach (var field in target.Fields)
            {
                Set(record, made, field, ReadValue(field.Schema, field.Schema, dec));
            }

            return record;
        }

        var plan = RecordPlan.Of(writerSchema, target);
        foreach (var (written, own) in plan.Steps)
        {
            if (own is null)
            {
                Skip(written.Schema, dec);
            }
            else
            {
                Set(record, made, own, ReadValue(written.Schema, own.Schema, dec));
            }
        }

        foreach (var (own, value) in plan.Defaults)
        {
            Set(record, made, own, Read(null!, own.Schema, own.Schema, new BinaryDecoder(new MemoryStream(value))));
        }

        return record;
    }

    protected override object ReadUnion(object reuse, UnionSchema writerSchema, Schema readerSchema, Decoder d)
    {
        // Apache.Avro would search this union for the branch, comparing records field by field.
        if (ReferenceEquals(writerSchema, readerSchema))
        {
            var branch = writerSchema[d.ReadUnionIndex()];
            return ReadValue(branch, branch, d)!;
        }

        return base.ReadUnion(null!, writerSchema, readerSchema, d);
    }

    protected override object ReadEnum(object reuse, EnumSchema writerSchema, Schema readerSchema, Decoder d)
    {
        var target = (EnumSchema)readerSchema;
        return map.EnumOf(target) is { } members
            ? members.MemberOf(target.Ordinal(writerSchema[d.ReadEnum()]))
            : base.ReadEnum(null!, writerSchema, target, d);
    }

    protected override object ReadFixed(object reuse, FixedSchema writerSchema, Schema readerSchema, Decoder d)
    {
        var made = (GenericFixed)base.ReadFixed(null!, writerSchema, readerSchema, d);
        return map.IsByteArray((FixedSchema)readerSchema) ? made.Value : made;
    }

    protected override object ReadArray(object reuse, ArraySchema writerSchema, Schema readerSchema, Decoder d)
    {
        var target = (ArraySchema)readerSchema;
        if (map.ArrayOf(target) is not { } made)
        {
            return base.ReadArray(null!, writerSchema, target, d);
        }

        var items = made.Create();
        for (var count = d.ReadArrayStart(); count != 0; count = d.ReadArrayNext())
        {
            for (; count > 0; count--)
            {
                items.Add(Read(null!, writerSchema.ItemSchema, target.ItemSchema, d));
            }
        }

        return made.Complete(items);
    }

    protected override object CreateMap(object reuse, MapSchema ms) =>
        map.MapOf(ms) is { } made ? Activator.CreateInstance(made)! : base.CreateMap(null!, ms);

    // The last of two entries with one key wins, as in Apache.Avro's generic reader.
    protected override void AddMapEntry(object map, string key, object value) => ((IDictionary)map)[key] = value;

    protected override object ReadLogical(object reuse, LogicalSchema writerSchema, Schema readerSchema, Decoder d)
    {
        LogicalTypes.Check(writerSchema, (LogicalSchema)readerSchema);
        return base.ReadLogical(reuse, writerSchema, readerSchema, d);
    }

    /// <summary>Reads the common types without the delegate that Apache.Avro makes for each value.</summary>
    private object? ReadValue(Schema written, Schema own, Decoder decoder) => written.Tag == own.Tag
        ? written.Tag switch
        {
            Schema.Type.Boolean => decoder.ReadBoolean(),
            Schema.Type.Int => decoder.ReadInt(),
            Schema.Type.Long => decoder.ReadLong(),
            Schema.Type.Double => decoder.ReadDouble(),
            Schema.Type.String => decoder.ReadString(),
            _ => Read(null!, written, own, decoder),
        }
        : Read(null!, written, own, decoder);

    private static void Set(object record, RecordClass? made, Field field, object? value)
    {
        if (made is null)
        {
            ((GenericRecord)record).Add(field.Pos, value);
        }
        else
        {
            made.Properties[field.Pos].Set(record, value);
        }
    }
}
