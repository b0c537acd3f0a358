using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Loire.WebApi.Errors;
using Microsoft.AspNetCore.Http;

namespace Loire.WebApi.Requests;

/// <summary>Reads a small JSON document as a whole, with every failure as a problem that says where.</summary>
internal static class JsonBody
{
    /// <summary>Reads the body; neither a value nor a problem if it is empty.</summary>
    public static async ValueTask<(T? Value, ApiProblem? Problem)> ReadAsync<T>(HttpContext context, long maxBytes)
        where T : class
    {
        if (MediaTypes.RefuseUnlessJson(context.Request) is { } refused)
        {
            return (null, refused);
        }

        var body = await RequestBody.ReadAllAsync(context, maxBytes);
        try
        {
            return body.IsEmpty ? (null, null)
                : JsonSerializer.Deserialize<T>(Text(body).Span, DocumentJson.Options) is { } value ? (value, null)
                : (null, ApiProblem.BadRequest("The body must be a JSON object."));
        }
        catch (JsonException exception)
        {
            return (null, ApiProblem.BadRequest(Describe(exception, DocumentJson.Options.GetTypeInfo(typeof(T)))));
        }
        finally
        {
            context.Request.BodyReader.AdvanceTo(body.End);
        }
    }

    /// <summary>A body without the byte-order mark that it may begin with, which JSON parsers may ignore (RFC 8259, section 8.1).</summary>
    public static ReadOnlyMemory<byte> Text(in ReadOnlySequence<byte> body)
    {
        var text = body.IsSingleSegment ? body.First : body.ToArray();
        return text[(text.Length - WithoutMark(text.Span).Length)..];
    }

    /// <summary>Text without the byte-order mark that it may begin with.</summary>
    public static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> text) =>
        text.StartsWith("\ufeff"u8) ? text["\ufeff"u8.Length..] : text;

    /// <summary>What is wrong with a document and where, without the names of our types.</summary>
    /// <param name="exception">The failure.</param>
    /// <param name="root">What the document is read into; null for a document that is read by hand.</param>
    public static string Describe(JsonException exception, JsonTypeInfo? root = null)
    {
        // The serializer's own text may name our types; what it says of the JSON itself is kept.
        const string Missing = "missing required properties including: ";
        var missing = exception.Message.IndexOf(Missing, StringComparison.Ordinal);
        var what = missing >= 0 ? "missing " + FirstSentence(exception.Message[(missing + Missing.Length)..])
            : exception.Message.Contains("Loire.", StringComparison.Ordinal)
                || exception.Message.Contains("System.", StringComparison.Ordinal)
                ? UnknownMember(exception.Message) ?? Mistyped(root, exception.Path)
                : FirstSentence(exception.Message);
        var where = exception.Path is { Length: > 1 and <= 256 } path ? $" at {path}" : "";
        return exception.LineNumber is { } line
            ? $"The JSON is not acceptable{where}, line {line + 1}, byte {exception.BytePositionInLine + 1}: {what}."
            : $"The JSON is not acceptable{where}: {what}.";
    }

    private static string Mistyped(JsonTypeInfo? root, string? path) =>
        root is not null && JsonPath.Expected(root, path) is { } expected ? $"The value must be {expected}" : "A value does not have the expected type";

    // "The JSON property 'x' could not be mapped to any .NET member contained in type '...'."
    private static string? UnknownMember(string message)
    {
        var start = message.IndexOf("property '", StringComparison.Ordinal);
        var end = start < 0 ? -1 : message.IndexOf("' could not be mapped", start, StringComparison.Ordinal);
        return end < 0 ? null : $"The member '{ApiProblem.Excerpt(message[(start + "property '".Length)..end])}' is unknown";
    }

    private static string FirstSentence(string text)
    {
        var end = text.IndexOf(". ", StringComparison.Ordinal);
        text = end < 0 ? text.TrimEnd('.') : text[..end];
        return text.Length <= 200 ? text : text[..200];
    }
}
