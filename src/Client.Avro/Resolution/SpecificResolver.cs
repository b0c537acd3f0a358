using Avro;
using Avro.IO;
using Avro.Specific;

namespace Loire.Client.Avro;

/// <summary>Apache.Avro's reader of generated classes, with aliases of fields and a check of logical types.</summary>
internal sealed class SpecificResolver(Schema writer, Schema reader) : SpecificDefaultReader(writer, reader)
{
    protected override object ReadRecord(object reuse, RecordSchema writerSchema, Schema readerSchema, Decoder dec) =>
        base.ReadRecord(reuse, RecordPlan.Of(writerSchema, (RecordSchema)readerSchema).Writer, readerSchema, dec);

    protected override object ReadLogical(object reuse, LogicalSchema writerSchema, Schema readerSchema, Decoder d)
    {
        LogicalTypes.Check(writerSchema, (LogicalSchema)readerSchema);
        return base.ReadLogical(reuse, writerSchema, readerSchema, d);
    }
}
