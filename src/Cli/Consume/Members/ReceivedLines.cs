using System.Text;
using System.Text.Json;
using Loire.Cli.Consume.Formats;
using Loire.Cli.Failures;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Cli.Consume.Members;

/// <summary>A response to a member: records as lines of JSON, with keys and values in binary form, and their receipt.</summary>
internal sealed class ReceivedLines(byte[] lines, string receipt)
{
    public string Receipt => receipt;

    public bool IsEmpty => lines.Length == 0;

    /// <summary>Passes each record to <paramref name="write"/>.</summary>
    /// <exception cref="NodeException">A line is not a record.</exception>
    public void Each(Write write)
    {
        for (var rest = lines.AsMemory(); !rest.IsEmpty;)
        {
            var end = rest.Span.IndexOf((byte)'\n');
            var line = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + 1)..];
            try
            {
                using var document = JsonDocument.Parse(line);
                Read(document.RootElement, write);
            }
            catch (Exception exception)
                when (exception is JsonException or FormatException or KeyNotFoundException or InvalidOperationException)
            {
                throw NodeException.Broken("a line of the answer is no record");
            }
        }
    }

    private static void Read(JsonElement json, Write write)
    {
        var key = Bytes(json.GetProperty("key"));
        var value = Bytes(json.GetProperty("value"));
        var headers = json.GetProperty("headers");
        write(new ShownRecord
        {
            Topic = json.GetProperty("topic_name").GetString()!,
            Partition = json.GetProperty("partition").GetInt32(),
            Offset = new Offset(json.GetProperty("offset").GetInt64()),
            Timestamp = new Timestamp(json.GetProperty("timestamp").GetInt64()),
            Key = key,
            KeyIsNull = key is null,
            Value = value,
            ValueIsNull = value is null,
            Headers = headers.GetArrayLength() == 0 ? [] : [.. headers.EnumerateArray().Select(Header)],
        });
    }

    private static RecordHeader Header(JsonElement json)
    {
        var value = Bytes(json.GetProperty("value"));
        return new RecordHeader(Bytes(json.GetProperty("name")), value, value is null);
    }

    // Headers are text where they can be.
    private static byte[]? Bytes(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => Encoding.UTF8.GetBytes(json.GetString()!),
        _ => json.GetProperty("data").GetBytesFromBase64(),
    };

    /// <summary>Receives a record, which is only valid during the call.</summary>
    public delegate void Write(in ShownRecord record);
}
