using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Loire.WebApi.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Loire.WebApi.Requests;

/// <summary>Reads a small JSON document as a whole, with every failure as a problem that says where.</summary>
internal static class JsonBody
{
    public static async ValueTask<(T? Value, ApiProblem? Problem)> ReadAsync<T>(HttpContext context, long maxBytes)
        where T : class
    {
        if (RefuseEncoding(context.Request) is { } refused)
        {
            return (null, refused);
        }

        if (!MediaTypes.IsJson(context.Request.ContentType))
        {
            return (null, new ApiProblem(
                ErrorCode.InvalidRequest, "This takes a body of type application/json.", StatusCodes.Status415UnsupportedMediaType));
        }

        LimitBody(context, maxBytes);
        try
        {
            var value = await JsonSerializer.DeserializeAsync<T>(context.Request.BodyReader, DocumentJson.Options, context.RequestAborted);
            return value is null ? (null, ApiProblem.BadRequest("The body must be a JSON object.")) : (value, null);
        }
        catch (JsonException exception)
        {
            return (null, ApiProblem.BadRequest(Describe(exception)));
        }
        catch (IOException exception) when (exception is not BadHttpRequestException)
        {
            throw Broken(exception);
        }
    }

    /// <summary>Whether there is a body, where it may be left out.</summary>
    public static bool IsPresent(HttpRequest request) => request.ContentLength > 0 || request.Headers.TransferEncoding.Count > 0;

    /// <summary>Reads a body to its end; <see cref="LimitBody"/> bounds it. The reader is still to be advanced.</summary>
    public static async ValueTask<ReadOnlySequence<byte>> ReadAllAsync(PipeReader reader, CancellationToken aborted)
    {
        try
        {
            while (true)
            {
                var read = await reader.ReadAsync(aborted);
                if (read.IsCompleted)
                {
                    return read.Buffer;
                }

                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
        catch (IOException exception) when (exception is not BadHttpRequestException)
        {
            throw Broken(exception);
        }
    }

    /// <summary>
    /// What a failed read of the body means: the connection broke, or its chunks made no sense, which Kestrel says in several types. Only
    /// for reads of the body; any other input or output that fails is not the client's doing.
    /// </summary>
    public static BadHttpRequestException Broken(IOException exception) =>
        exception as BadHttpRequestException
            ?? new BadHttpRequestException("The body could not be read to its end.", StatusCodes.Status400BadRequest, exception);

    /// <summary>Sets how many bytes the body may have; null for no bound. Kestrel answers 413 beyond it.</summary>
    public static void LimitBody(HttpContext context, long? maxBytes)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
        {
            feature.MaxRequestBodySize = maxBytes;
        }
    }

    /// <summary>No body is decompressed here: what a record holds is the client's affair, and a bomb has nowhere to go off.</summary>
    public static ApiProblem? RefuseEncoding(HttpRequest request) =>
        request.Headers.ContentEncoding.Count == 0
            || string.Equals(request.Headers.ContentEncoding, "identity", StringComparison.OrdinalIgnoreCase)
            ? null
            : new ApiProblem(
                ErrorCode.InvalidRequest, "A Content-Encoding is not accepted; send the body as it is.", StatusCodes.Status415UnsupportedMediaType);

    /// <summary>What is wrong with a document and where, without the names of our types.</summary>
    public static string Describe(JsonException exception)
    {
        // The serializer's own text may name our types; what it says of the JSON itself is kept.
        const string Missing = "missing required properties including: ";
        var missing = exception.Message.IndexOf(Missing, StringComparison.Ordinal);
        var what = missing >= 0 ? "missing " + FirstSentence(exception.Message[(missing + Missing.Length)..])
            : exception.Message.Contains("Loire.", StringComparison.Ordinal)
                || exception.Message.Contains("System.", StringComparison.Ordinal)
                ? UnknownMember(exception.Message) ?? "A value does not have the expected type"
                : FirstSentence(exception.Message);
        var where = exception.Path is { Length: > 1 and <= 256 } path ? $" at {path}" : "";
        return exception.LineNumber is { } line
            ? $"The JSON is not acceptable{where}, line {line + 1}, byte {exception.BytePositionInLine + 1}: {what}."
            : $"The JSON is not acceptable{where}: {what}.";
    }

    // "The JSON property 'x' could not be mapped to any .NET member contained in type '...'."
    private static string? UnknownMember(string message)
    {
        var start = message.IndexOf("property '", StringComparison.Ordinal);
        var end = start < 0 ? -1 : message.IndexOf("' could not be mapped", start, StringComparison.Ordinal);
        return end < 0 ? null : $"The member '{QueryReader.Excerpt(message[(start + "property '".Length)..end])}' is unknown";
    }

    private static string FirstSentence(string text)
    {
        var end = text.IndexOf(". ", StringComparison.Ordinal);
        text = end < 0 ? text.TrimEnd('.') : text[..end];
        return text.Length <= 200 ? text : text[..200];
    }
}
