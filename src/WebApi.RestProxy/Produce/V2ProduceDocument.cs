using System.Text.Json;
using System.Text.Unicode;
using Loire.WebApi.Errors;
using Loire.WebApi.Requests;
using Loire.WebApi.RestProxy.Requests;

namespace Loire.WebApi.RestProxy.Produce;

/// <summary>
/// Reads <c>{"records": [...]}</c> as a whole before anything is appended. The members for schemas are known, because clients send them as
/// nulls, and without effect, because no format here has a schema.
/// </summary>
internal static class V2ProduceDocument
{
    // A value lies three levels deep, and may itself be as deep as the native API lets it.
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 64 + 3 };

    private static readonly V2Error NoRecords = V2Error.Invalid("The member records must hold at least one record.");

    /// <summary>Reads the records; what is wrong, if one of them cannot be read.</summary>
    public static V2Error? TryRead(
        ReadOnlyMemory<byte> body, EmbeddedFormat format, int? pathPartition, int maxRecords, out List<V2Record> records)
    {
        records = [];
        if (!Utf8.IsValid(body.Span))
        {
            return V2Error.Malformed("The body is not valid UTF-8.");
        }

        try
        {
            using var document = JsonDocument.Parse(body, Options);
            return TryRead(document.RootElement, format, pathPartition, maxRecords, records);
        }
        catch (JsonException exception)
        {
            return V2Error.Malformed(JsonBody.Describe(exception));
        }
    }

    private static V2Error? TryRead(JsonElement root, EmbeddedFormat format, int? pathPartition, int maxRecords, List<V2Record> records)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            return V2Error.Malformed("The body must be {\"records\": [...]}.");
        }

        JsonElement? list = null;
        foreach (var member in root.EnumerateObject())
        {
            if (member.Name is "key_schema" or "key_schema_id" or "value_schema" or "value_schema_id")
            {
                continue;
            }

            if (member.Name != "records" || list is not null)
            {
                return V2Error.Invalid($"The member '{ApiProblem.Excerpt(member.Name)}' is unknown, or it is there twice.");
            }

            list = member.Value;
        }

        return list is { } elements ? TryReadList(elements, format, pathPartition, maxRecords, records) : NoRecords;
    }

    private static V2Error? TryReadList(JsonElement list, EmbeddedFormat format, int? pathPartition, int maxRecords, List<V2Record> records)
    {
        if (list.ValueKind != JsonValueKind.Array)
        {
            return V2Error.Malformed("The member records must be an array.");
        }

        if (list.GetArrayLength() > maxRecords)
        {
            return new V2Error(413, 413, $"A body holds at most {maxRecords} records.");
        }

        foreach (var element in list.EnumerateArray())
        {
            if (V2Record.TryRead(element, format, out var record) is { } wrong)
            {
                return wrong with { Message = $"{wrong.Message} It is number {records.Count}, from 0." };
            }

            if (pathPartition is { } path && record.Partition is { } own && own != path)
            {
                return V2Error.Invalid($"The path and record {records.Count} name different partitions.");
            }

            records.Add(record);
        }

        return records.Count > 0 ? null : NoRecords;
    }
}
