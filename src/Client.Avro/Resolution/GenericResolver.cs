using Avro;
using Avro.Generic;
using Avro.IO;

namespace Loire.Client.Avro;

/// <summary>Apache.Avro's reader of generic values, with aliases of fields and a check of logical types.</summary>
internal sealed class GenericResolver(Schema writer, Schema reader) : DefaultReader(writer, reader)
{
    protected override object ReadRecord(object reuse, RecordSchema writerSchema, Schema readerSchema, Decoder dec) =>
        base.ReadRecord(reuse, RecordPlan.Of(writerSchema, (RecordSchema)readerSchema).Writer, readerSchema, dec);

    protected override object ReadLogical(object reuse, LogicalSchema writerSchema, Schema readerSchema, Decoder d)
    {
        LogicalTypes.Check(writerSchema, (LogicalSchema)readerSchema);
        return base.ReadLogical(reuse, writerSchema, readerSchema, d);
    }
}
