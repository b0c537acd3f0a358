using System.Collections;
using Avro;
using Avro.Generic;
using Avro.IO;

namespace Loire.Client.Avro;

/// <summary>
/// Reads values into objects of the types of a <see cref="ClassMap"/>. Resolution of schemas is Apache.Avro's; only what becomes an object
/// of such a type is read here.
/// </summary>
internal sealed class ClassReader(ClassMap map, Schema writer, Schema reader) : DefaultReader(writer, reader)
{
    protected override object ReadRecord(object reuse, RecordSchema writerSchema, Schema readerSchema, Decoder dec)
    {
        var target = (RecordSchema)readerSchema;
        var plan = ReferenceEquals(writerSchema, target) ? null : RecordPlan.Of(writerSchema, target);
        var written = plan?.Writer ?? writerSchema;
        if (map.RecordOf(target) is not { } made)
        {
            return base.ReadRecord(null!, written, target, dec);
        }

        var record = made.Create();
        foreach (var field in written.Fields)
        {
            if (plan is null)
            {
                made.Properties[field.Pos].Set(record, Read(null!, field.Schema, field.Schema, dec));
            }
            else if (target.TryGetField(field.Name, out var own))
            {
                made.Properties[own.Pos].Set(record, Read(null!, field.Schema, own.Schema, dec));
            }
            else
            {
                Skip(field.Schema, dec);
            }
        }

        foreach (var (field, value) in plan?.Defaults ?? [])
        {
            made.Properties[field.Pos].Set(record, Read(null!, field.Schema, field.Schema, new BinaryDecoder(new MemoryStream(value))));
        }

        return record;
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

    // Of two entries with one key the last counts, as in Apache.Avro's generic reader.
    protected override void AddMapEntry(object map, string key, object value) => ((IDictionary)map)[key] = value;

    protected override object ReadLogical(object reuse, LogicalSchema writerSchema, Schema readerSchema, Decoder d)
    {
        LogicalTypes.Check(writerSchema, (LogicalSchema)readerSchema);
        return base.ReadLogical(reuse, writerSchema, readerSchema, d);
    }
}
