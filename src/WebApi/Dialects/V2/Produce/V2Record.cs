using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.WebApi.Dialects.V2.Produce;

/// <summary>A record as a document has it, its key and value out of the embedded format.</summary>
/// <param name="Partition">The partition that it names; null for none.</param>
/// <param name="Timestamp">Its time; none if it has none. Strimzi's.</param>
/// <param name="Key">The key; null for none.</param>
/// <param name="Value">The value; null for none.</param>
/// <param name="Headers">In their order. Strimzi's, their values as base64 in every format.</param>
internal sealed record V2Record(int? Partition, Timestamp Timestamp, byte[]? Key, byte[]? Value, RecordHeader[] Headers)
{
    /// <summary>Reads one element of <c>records</c>; what is wrong with it, if it cannot be read.</summary>
    public static V2Error? TryRead(JsonElement element, EmbeddedFormat format, out V2Record record)
    {
        record = new V2Record(null, Timestamp.None, null, null, []);
        if (element.ValueKind != JsonValueKind.Object)
        {
            return V2Error.Malformed("A record must be a JSON object.");
        }

        foreach (var member in element.EnumerateObject())
        {
            var error = member.Name switch
            {
                "key" => TryReadField(member, format, out var key) is { } wrong ? wrong : Put(ref record, record with { Key = key }),
                "value" => TryReadField(member, format, out var value) is { } wrong ? wrong : Put(ref record, record with { Value = value }),
                "partition" => TryReadPartition(member.Value, ref record),
                "timestamp" => TryReadTimestamp(member.Value, ref record),
                "headers" => TryReadHeaders(member.Value, ref record),
                _ => V2Error.Invalid($"The member '{Requests.QueryReader.Excerpt(member.Name)}' of a record is unknown."),
            };
            if (error is not null)
            {
                return error;
            }
        }

        return null;
    }

    private static V2Error? Put(ref V2Record record, V2Record changed)
    {
        record = changed;
        return null;
    }

    private static V2Error? TryReadField(JsonProperty member, EmbeddedFormat format, out byte[]? bytes)
    {
        var element = member.Value;
        bytes = null;
        if (element.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        switch (format)
        {
            case EmbeddedFormat.Json:
                bytes = JsonMarshal.GetRawUtf8Value(element).ToArray();
                return null;
            case EmbeddedFormat.Binary:
                return TryReadBase64(element, out bytes) ? null : V2Error.Malformed($"The {member.Name} of a record is not a base64 string.");
            default:
                bytes = element.ValueKind == JsonValueKind.String && TryReadText(element, out var text) ? Encoding.UTF8.GetBytes(text) : null;
                return bytes is not null ? null : V2Error.Malformed($"The {member.Name} of a record is not a string, as the text format needs it.");
        }
    }

    private static bool TryReadBase64(JsonElement element, out byte[]? bytes)
    {
        bytes = null;
        return element.ValueKind == JsonValueKind.String && TryReadText(element, out var text) && Base64.IsValid(text)
            && (bytes = Convert.FromBase64String(text)) is not null;
    }

    // An escape can name half of a surrogate pair, which is no character.
    private static bool TryReadText(JsonElement element, out string text)
    {
        try
        {
            text = element.GetString()!;
            return true;
        }
        catch (InvalidOperationException)
        {
            text = "";
            return false;
        }
    }

    private static V2Error? TryReadPartition(JsonElement element, ref V2Record record)
    {
        if (element.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out var partition) && partition >= 0
            ? Put(ref record, record with { Partition = partition })
            : V2Error.Invalid("The partition of a record must be a whole number, at least 0.");
    }

    private static V2Error? TryReadTimestamp(JsonElement element, ref V2Record record)
    {
        if (element.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out var milliseconds) && milliseconds >= 0
            ? Put(ref record, record with { Timestamp = new Timestamp(milliseconds) })
            : V2Error.Invalid("The timestamp of a record must be milliseconds since 1970.");
    }

    private static V2Error? TryReadHeaders(JsonElement element, ref V2Record record)
    {
        var wrong = V2Error.Invalid($"The headers of a record must be at most {Limits.HeadersPerRecord} of {{\"key\": text, \"value\": base64}}.");
        if (element.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (element.ValueKind != JsonValueKind.Array || element.GetArrayLength() > Limits.HeadersPerRecord)
        {
            return wrong;
        }

        var headers = new List<RecordHeader>(element.GetArrayLength());
        foreach (var header in element.EnumerateArray())
        {
            string? name = null;
            byte[]? value = null;
            var fits = header.ValueKind == JsonValueKind.Object;
            foreach (var member in fits ? header.EnumerateObject() : default)
            {
                fits &= member.Name switch
                {
                    "key" => member.Value.ValueKind == JsonValueKind.String && TryReadText(member.Value, out name),
                    "value" => member.Value.ValueKind == JsonValueKind.Null || TryReadBase64(member.Value, out value),
                    _ => false,
                };
            }

            if (!fits || name is null)
            {
                return wrong;
            }

            headers.Add(new RecordHeader(Encoding.UTF8.GetBytes(name), value ?? [], value is null));
        }

        return Put(ref record, record with { Headers = [.. headers] });
    }
}
