using Avro;
using Avro.IO;
using Avro.Specific;

namespace Loire.Client.Avro;

/// <summary>Reads generated classes from data of another schema.</summary>
internal sealed class SpecificResolver(Schema writer, Schema reader) : SpecificDefaultReader(writer, reader)
{
    protected override object ReadRecord(object reuse, RecordSchema writerSchema, Schema readerSchema, Decoder dec)
    {
        var plan = RecordPlan.Of(writerSchema, (RecordSchema)readerSchema);
        var record = (ISpecificRecord)ObjectCreator.Instance.New(readerSchema.Fullname, Schema.Type.Record);
        foreach (var (written, own) in plan.Steps)
        {
            if (own is null)
            {
                Skip(written.Schema, dec);
            }
            else
            {
                record.Put(own.Pos, Read(null!, written.Schema, own.Schema, dec));
            }
        }

        foreach (var (own, value) in plan.Defaults)
        {
            record.Put(own.Pos, Read(null!, own.Schema, own.Schema, new BinaryDecoder(new MemoryStream(value))));
        }

        return record;
    }

    protected override object ReadLogical(object reuse, LogicalSchema writerSchema, Schema readerSchema, Decoder d)
    {
        LogicalTypes.Check(writerSchema, (LogicalSchema)readerSchema);
        return base.ReadLogical(reuse, writerSchema, readerSchema, d);
    }
}
