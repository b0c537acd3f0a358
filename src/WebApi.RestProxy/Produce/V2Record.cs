using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Loire.Model;
using Loire.Model.Batches;
using Loire.WebApi.Errors;
using Loire.WebApi.RestProxy.Requests;

namespace Loire.WebApi.RestProxy.Produce;

/// <summary>A record as a document has it, its key and value out of the embedded format.</summary>
internal sealed class V2Record
{
    private static readonly V2Error WrongHeaders =
        V2Error.Invalid($"The headers of a record must be at most {Limits.HeadersPerRecord} of {{\"key\": text, \"value\": base64}}.");

    private static readonly string[] Known = ["partition", "timestamp", "key", "value", "headers"];

    private V2Record()
    {
    }

    /// <summary>The partition that it names; null for none.</summary>
    public int? Partition { get; private set; }

    /// <summary>Its time; none if it has none. Strimzi's.</summary>
    public Timestamp Timestamp { get; private set; } = Timestamp.None;

    /// <summary>The key; null for none.</summary>
    public byte[]? Key { get; private set; }

    /// <summary>The value; null for none.</summary>
    public byte[]? Value { get; private set; }

    /// <summary>In their order. Strimzi's, their values as base64 in every format.</summary>
    public RecordHeader[] Headers { get; private set; } = [];

    /// <summary>Reads one element of <c>records</c>; what is wrong with it, if it cannot be read.</summary>
    public static V2Error? TryRead(JsonElement element, EmbeddedFormat format, out V2Record record)
    {
        record = new V2Record();
        if (element.ValueKind != JsonValueKind.Object)
        {
            return V2Error.Malformed("A record must be a JSON object.");
        }

        // First all names, then the values by name: what a document with several mistakes is refused for does not depend on their order.
        var members = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var property in element.EnumerateObject())
        {
            if (!Known.Contains(property.Name) || !members.TryAdd(property.Name, property.Value))
            {
                return V2Error.Invalid($"The member '{ApiProblem.Excerpt(property.Name)}' of a record is unknown, or it is there twice.");
            }
        }

        foreach (var name in Known)
        {
            if (members.TryGetValue(name, out var value) && value.ValueKind != JsonValueKind.Null
                && record.TryRead(name, value, format) is { } wrong)
            {
                return wrong;
            }
        }

        return null;
    }

    private V2Error? TryRead(string member, JsonElement element, EmbeddedFormat format)
    {
        switch (member)
        {
            case "key":
                Key = ReadField(element, format);
                return Key is null ? Unfit("key", format) : null;
            case "value":
                Value = ReadField(element, format);
                return Value is null ? Unfit("value", format) : null;
            case "partition":
                Partition = element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out var partition) ? partition : -1;
                return Partition < 0 ? V2Error.Invalid("The partition of a record must be a whole number, at least 0.") : null;
            case "timestamp":
                var fits = element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out var milliseconds) && milliseconds >= 0;
                Timestamp = fits ? new Timestamp(element.GetInt64()) : Timestamp.None;
                return fits ? null : V2Error.Invalid("The timestamp of a record must be milliseconds since 1970.");
            default:
                return ReadHeaders(element);
        }
    }

    private static V2Error Unfit(string name, EmbeddedFormat format) =>
        V2Error.Malformed($"The {name} of a record must be a string{(format == EmbeddedFormat.Binary ? " in base64" : "")} or null.");

    // Null if the element does not fit the format.
    private static byte[]? ReadField(JsonElement element, EmbeddedFormat format) => format switch
    {
        EmbeddedFormat.Json => JsonMarshal.GetRawUtf8Value(element).ToArray(),
        EmbeddedFormat.Binary => ReadBase64(element),
        _ => ReadText(element) is { } text ? Encoding.UTF8.GetBytes(text) : null,
    };

    private static byte[]? ReadBase64(JsonElement element) =>
        ReadText(element) is { } text && Base64.IsValid(text) ? Convert.FromBase64String(text) : null;

    // An escape can name half of a surrogate pair, which is no character.
    private static string? ReadText(JsonElement element)
    {
        try
        {
            return element.ValueKind == JsonValueKind.String ? element.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private V2Error? ReadHeaders(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Array || element.GetArrayLength() > Limits.HeadersPerRecord)
        {
            return WrongHeaders;
        }

        var headers = new List<RecordHeader>(element.GetArrayLength());
        foreach (var header in element.EnumerateArray())
        {
            if (!TryReadHeader(header, out var read))
            {
                return WrongHeaders;
            }

            headers.Add(read);
        }

        Headers = [.. headers];
        return null;
    }

    private static bool TryReadHeader(JsonElement element, out RecordHeader header)
    {
        string? name = null;
        byte[]? value = null;
        var hasValue = false;
        header = default;
        if (element.ValueKind != JsonValueKind.Object)
        {
            return false;
        }

        foreach (var member in element.EnumerateObject())
        {
            var fits = member.Name switch
            {
                "key" => name is null && (name = ReadText(member.Value)) is not null,
                "value" => !hasValue && (member.Value.ValueKind == JsonValueKind.Null || (value = ReadBase64(member.Value)) is not null),
                _ => false,
            };
            hasValue |= member.Name == "value";
            if (!fits)
            {
                return false;
            }
        }

        header = name is null ? default : new RecordHeader(Encoding.UTF8.GetBytes(name), value ?? [], value is null);
        return name is not null;
    }
}
