namespace Loire.Client.Avro;

/// <summary>Reads records as <see cref="AvroRecord"/>.</summary>
internal static class GenericRecords
{
    public static ValueReader<AvroRecord> Reader(ReaderCompiler compiler, RecordSchema writer, RecordSchema reader, string where)
    {
        var plan = new RecordPlan(writer, reader, where);
        var steps = plan.Written
            .Select(step => step.Position < 0 ? Skipping(step.Written) : Reading(step.Written, step.Position))
            .ToArray();
        var targets = plan.Written.Select(step => step.Position).ToArray();
        var defaults = plan.Missing
            .Select(position => (position, compiler.Default<object?>(reader.Fields[position], plan.Where(position))))
            .ToArray();

        return (ref bytes) =>
        {
            var record = new AvroRecord(reader);
            for (var i = 0; i < steps.Length; i++)
            {
                var value = steps[i](ref bytes);
                if (targets[i] >= 0)
                {
                    record[targets[i]] = value;
                }
            }

            foreach (var (position, read) in defaults)
            {
                record[position] = read(ref bytes);
            }

            return record;
        };

        ValueReader<object?> Reading(AvroSchema written, int position) => (ValueReader<object?>)compiler.Compile(
            written, reader.Fields[position].Schema, typeof(object), plan.Where(position));
    }

    private static ValueReader<object?> Skipping(AvroSchema schema) => (ref reader) =>
    {
        SchemaSkipper.Skip(ref reader, schema);
        return null;
    };
}
