namespace Loire.Client.Avro;

/// <summary>How a record is read: the writer's fields in their order, then the defaults of those that the writer does not have.</summary>
internal sealed class RecordPlan
{
    private readonly RecordSchema _reader;

    /// <exception cref="AvroResolutionException">A field that the writer does not have has no default.</exception>
    public RecordPlan(RecordSchema writer, RecordSchema reader, string where)
    {
        _reader = reader;
        var positions = SchemaResolution.Fields(writer, reader);
        Written = [.. writer.Fields.Select((field, i) => (field.Schema, Array.IndexOf(positions, i)))];
        Missing = [.. Enumerable.Range(0, positions.Length).Where(i => positions[i] < 0)];
        if (Missing.Select(i => reader.Fields[i]).FirstOrDefault(field => field.Default is null) is { } lost)
        {
            throw new AvroResolutionException($"{where}: {reader.Name}.{lost.Name} was not written and has no default.");
        }
    }

    /// <summary>The schema of each field of the writer's, and the position of the reader's; −1 where nobody wants it.</summary>
    public IReadOnlyList<(AvroSchema Written, int Position)> Written { get; }

    /// <summary>The positions of the reader's fields that were not written.</summary>
    public IReadOnlyList<int> Missing { get; }

    /// <summary>The name of one of the reader's fields in errors.</summary>
    public string Where(int position) => $"{_reader.Name}.{_reader.Fields[position].Name}";
}
