using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Cli.Produce;

/// <summary>
/// Reads a record from a line of NDJSON as the HTTP API reads and writes them: a string is its characters, null is no key or no value,
/// <c>{"type":"binary","data":base64}</c> is those bytes, and other JSON is its own text. Where the record was, its topic and offset, is ignored,
/// so that what <c>consume --output ndjson</c> writes can be produced again.
/// </summary>
internal static class JsonRecord
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    /// <summary>Reads a line.</summary>
    /// <returns>The record; null for an empty line.</returns>
    /// <exception cref="FormatException">The line is no record; the message says why in one sentence.</exception>
    public static OutgoingRecord? Read(ReadOnlyMemory<byte> line)
    {
        if (line.Span.Trim(" \t\r"u8).IsEmpty)
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(line, Strict);
            return Utf8.IsValid(line.Span) ? Read(document.RootElement) : throw new FormatException("It is not valid UTF-8.");
        }
        catch (JsonException malformed)
        {
            throw new FormatException($"It is no JSON: {malformed.Message}");
        }
        catch (InvalidOperationException)
        {
            throw new FormatException("A string in it is not valid Unicode.");
        }
    }

    private static OutgoingRecord Read(JsonElement record)
    {
        if (record.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("A record is a JSON object.");
        }

        ReadOnlyMemory<byte>? key = null, value = null;
        var hasValue = false;
        int? partition = null;
        Timestamp? timestamp = null;
        RecordHeader[] headers = [];
        foreach (var member in record.EnumerateObject())
        {
            switch (member.Name)
            {
                case "key":
                    key = Bytes(member.Value);
                    break;
                case "value":
                    (value, hasValue) = (Bytes(member.Value), true);
                    break;
                case "partition":
                    partition = Partition(member.Value);
                    break;
                case "timestamp":
                    timestamp = Time(member.Value);
                    break;
                case "headers":
                    headers = Headers(member.Value);
                    break;
                case "offset" or "topic_name":
                    break;
                default:
                    throw new FormatException(
                        $"A record has only the members key, value, partition, timestamp and headers, and not {member.Name}.");
            }
        }

        return hasValue
            ? new OutgoingRecord(key, value, headers) { Partition = partition, Timestamp = timestamp }
            : throw new FormatException("A record has the member value; null is a value (a tombstone).");
    }

    // Not one expression: a null array would become bytes, none of them, which are a value.
    private static ReadOnlyMemory<byte>? Bytes(JsonElement field) =>
        field.ValueKind == JsonValueKind.Null ? (ReadOnlyMemory<byte>?)null : Encode(field);

    private static byte[] Encode(JsonElement field) => field.ValueKind switch
    {
        JsonValueKind.String => Encoding.UTF8.GetBytes(field.GetString()!),
        JsonValueKind.Object when IsBinary(field) => field.GetProperty("data").TryGetBytesFromBase64(out var bytes)
            ? bytes
            : throw new FormatException("The data of binary is not base64."),
        _ => Encoding.UTF8.GetBytes(field.GetRawText()),
    };

    private static bool IsBinary(JsonElement field) =>
        field.GetPropertyCount() == 2
        && field.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && type.ValueEquals("binary"u8)
        && field.TryGetProperty("data", out var data) && data.ValueKind == JsonValueKind.String;

    private static int? Partition(JsonElement number) => number.ValueKind == JsonValueKind.Null ? null
        : number.ValueKind == JsonValueKind.Number && number.TryGetInt32(out var partition) && partition >= 0 ? partition
        : throw new FormatException("The partition is a whole number, at least 0.");

    // -1 is the timestamp of a record that has none.
    private static Timestamp? Time(JsonElement time) => time.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.Number when time.TryGetInt64(out var milliseconds) && milliseconds >= -1 => new Timestamp(milliseconds),
        JsonValueKind.String when Timestamp.TryParse(time.GetString(), out var moment) => moment,
        _ => throw new FormatException($"The timestamp {Timestamp.Expected}."),
    };

    private static RecordHeader[] Headers(JsonElement headers)
    {
        if (headers.ValueKind == JsonValueKind.Null)
        {
            return [];
        }

        if (headers.ValueKind != JsonValueKind.Array)
        {
            throw NotHeaders();
        }

        if (headers.GetArrayLength() > Limits.HeadersPerRecord)
        {
            throw new FormatException($"A record has at most {Limits.HeadersPerRecord} headers.");
        }

        return
        [
            .. headers.EnumerateArray().Select(header =>
                header.ValueKind == JsonValueKind.Object && header.GetPropertyCount() == 2
                    && header.TryGetProperty("name", out var name) && header.TryGetProperty("value", out var value)
                    && Bytes(name) is { } named
                    ? new RecordHeader(named, value.ValueKind == JsonValueKind.Null ? default(ReadOnlyMemory<byte>) : Encode(value), value.ValueKind == JsonValueKind.Null)
                    : throw NotHeaders()),
        ];
    }

    private static FormatException NotHeaders() => new("The headers are an array of {\"name\":text,\"value\":...}.");
}
