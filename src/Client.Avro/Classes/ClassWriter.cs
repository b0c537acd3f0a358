using System.Collections;
using Avro;
using Avro.Generic;
using Avro.IO;

namespace Loire.Client.Avro;

/// <summary>Writes objects of the types of a <see cref="ClassMap"/>.</summary>
internal sealed class ClassWriter(ClassMap map, Schema schema) : DefaultWriter(schema)
{
    /// <summary>Writes the common types without the delegate that Apache.Avro makes for each value.</summary>
    public override void Write(Schema schema, object value, Encoder encoder)
    {
        switch (schema.Tag, value)
        {
            case (Schema.Type.Boolean, bool truth):
                encoder.WriteBoolean(truth);
                break;
            case (Schema.Type.Int, int number):
                encoder.WriteInt(number);
                break;
            case (Schema.Type.Long, long number):
                encoder.WriteLong(number);
                break;
            case (Schema.Type.Double, double number):
                encoder.WriteDouble(number);
                break;
            case (Schema.Type.String, string text):
                encoder.WriteString(text);
                break;
            default:
                base.Write(schema, value, encoder);
                break;
        }
    }

    protected override void WriteRecord(RecordSchema schema, object value, Encoder encoder)
    {
        var made = value is GenericRecord ? null : map.RecordOf(schema);
        if (made is null)
        {
            EnsureRecordObject(schema, value);
        }
        else if (!made.Type.IsInstanceOfType(value))
        {
            throw TypeMismatch(value, schema.Fullname, made.Type.Name);
        }

        foreach (var field in schema.Fields)
        {
            var part = made is null ? ((GenericRecord)value).GetValue(field.Pos) : made.Properties[field.Pos].Get(value);
            Write(field.Schema, part!, encoder);
        }
    }

    protected override void WriteEnum(EnumSchema es, object value, Encoder encoder)
    {
        if (map.EnumOf(es) is { } members && value is not GenericEnum)
        {
            encoder.WriteEnum(members.SymbolOf(value));
        }
        else
        {
            base.WriteEnum(es, value, encoder);
        }
    }

    protected override void WriteFixed(FixedSchema es, object value, Encoder encoder) =>
        base.WriteFixed(es, value is byte[] bytes ? new GenericFixed(es, bytes) : value, encoder);

    protected override void WriteArray(ArraySchema schema, object value, Encoder encoder)
    {
        if (value is not IEnumerable items)
        {
            throw TypeMismatch(value, "array", "a collection");
        }

        var counted = items as ICollection ?? items.Cast<object?>().ToList();
        encoder.WriteArrayStart();
        encoder.SetItemCount(counted.Count);
        foreach (var item in counted)
        {
            encoder.StartItem();
            Write(schema.ItemSchema, item!, encoder);
        }

        encoder.WriteArrayEnd();
    }

    protected override void WriteMap(MapSchema schema, object value, Encoder encoder)
    {
        if (value is not IDictionary entries)
        {
            throw TypeMismatch(value, "map", "a dictionary");
        }

        encoder.WriteMapStart();
        encoder.SetItemCount(entries.Count);
        foreach (DictionaryEntry entry in entries)
        {
            encoder.StartItem();
            encoder.WriteString((string)entry.Key);
            Write(schema.ValueSchema, entry.Value!, encoder);
        }

        encoder.WriteMapEnd();
    }

    protected override int ResolveUnion(UnionSchema us, object obj)
    {
        for (var i = 0; i < us.Count; i++)
        {
            if (Matches(us[i], obj))
            {
                return i;
            }
        }

        var branches = string.Join(", ", us.Schemas.Select(branch => branch.Fullname));
        throw new AvroDataException($"{obj?.GetType().Name ?? "null"} is none of {branches}.");
    }

    protected override bool Matches(Schema sc, object obj) => (sc, obj) switch
    {
        (_, null) => sc.Tag == Schema.Type.Null,
        (RecordSchema record, _) when map.RecordOf(record) is { } made && made.Type.IsInstanceOfType(obj) => true,
        (EnumSchema choice, Enum) => map.EnumOf(choice) is not null,
        (FixedSchema block, byte[]) => map.IsByteArray(block),
        (ArraySchema, IEnumerable) => obj is not (string or byte[] or IDictionary),
        (MapSchema, _) => obj is IDictionary,
        _ => base.Matches(sc, obj),
    };
}
