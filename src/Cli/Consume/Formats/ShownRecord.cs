using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Cli.Consume.Formats;

/// <summary>A record to format, received in a record batch or as JSON.</summary>
internal readonly ref struct ShownRecord
{
    public required string Topic { get; init; }

    public required int Partition { get; init; }

    public required Offset Offset { get; init; }

    public required Timestamp Timestamp { get; init; }

    public TimestampType TimestampType { get; init; }

    public ReadOnlySpan<byte> Key { get; init; }

    public bool KeyIsNull { get; init; }

    public ReadOnlySpan<byte> Value { get; init; }

    public bool ValueIsNull { get; init; }

    public ReadOnlySpan<RecordHeader> Headers { get; init; }

    public static ShownRecord Of(string topic, int partition, in Record record, TimestampType type) => new()
    {
        Topic = topic,
        Partition = partition,
        Offset = record.Offset,
        Timestamp = record.Timestamp,
        TimestampType = type,
        Key = record.Key,
        KeyIsNull = record.KeyIsNull,
        Value = record.Value,
        ValueIsNull = record.ValueIsNull,
        Headers = Copy(record.Headers),
    };

    private static RecordHeader[] Copy(RecordHeaders headers)
    {
        if (headers.Count == 0)
        {
            return [];
        }

        var copies = new RecordHeader[headers.Count];
        var count = 0;
        foreach (var header in headers)
        {
            copies[count++] = new RecordHeader(header.Key.ToArray(), header.Value.ToArray(), header.ValueIsNull);
        }

        return copies;
    }
}
