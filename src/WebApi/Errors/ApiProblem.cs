using System.Text.Encodings.Web;
using System.Text.Json;
using Loire.Edge.Calls;
using Loire.Model;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Loire.WebApi.Errors;

/// <summary>
/// An error as a client sees it: RFC 9457 members, and Kafka's number (<c>error_code</c>), name (<c>code</c>) and whether the same request
/// may succeed later (<c>retriable</c>).
/// </summary>
/// <param name="Error">Kafka's error.</param>
/// <param name="Detail">One sentence about this case; by default the table's.</param>
/// <param name="Status">The HTTP status where HTTP knows better than <see cref="ErrorStatus"/>, such as 415.</param>
internal sealed record ApiProblem(ErrorCode Error, string? Detail = null, int? Status = null) : IResult
{
    public const string ContentType = "application/problem+json";

    /// <summary>
    /// How problems are written: for people to read, so without escapes of quotes and the like. Their type keeps browsers from taking them
    /// for a page.
    /// </summary>
    public static JsonWriterOptions WriterOptions { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes further members, such as how much of the request was accepted.</summary>
    public Action<Utf8JsonWriter>? Members { get; init; }

    public int HttpStatus => Status ?? ErrorStatus.Of(Error);

    /// <summary>Maps an error of a grain to a problem; null for none.</summary>
    public static ApiProblem? Of(ErrorCode error, string? detail = null) => error == ErrorCode.None ? null : new ApiProblem(error, detail);

    /// <summary>Maps an error of a topic's grain to a problem; null for none.</summary>
    public static ApiProblem? OfTopic(TopicName topic, ErrorCode error, string? detail) =>
        Of(error, detail ?? (error == ErrorCode.UnknownTopicOrPartition ? $"Topic {topic} does not exist." : null));

    public static ApiProblem BadRequest(string detail) => new(ErrorCode.InvalidRequest, detail);

    /// <summary>What a client sent, cut to 64 characters: enough to recognize a typing error.</summary>
    public static string Excerpt(string text) => text.Length <= 64 ? text : text[..64] + "...";

    /// <summary>
    /// The problem of a failed grain call; null for an exception that is a bug. An append that fails so may have happened, unless the call is
    /// one of <see cref="GrainCallErrors.IsUndelivered"/>.
    /// </summary>
    public static ApiProblem? FromGrainCall(Exception exception) => GrainCallErrors.Of(exception) switch
    {
        null => null,
        ErrorCode.LeaderNotAvailable => new(ErrorCode.LeaderNotAvailable, "The grain that serves this could not be reached."),
        var error => new(error.Value),
    };

    /// <summary>What Kestrel found wrong with the request itself, in its own words, which are made for clients.</summary>
    public static ApiProblem FromBadRequest(BadHttpRequestException bad) => new(
        bad.StatusCode switch
        {
            StatusCodes.Status413PayloadTooLarge => ErrorCode.MessageTooLarge,
            StatusCodes.Status408RequestTimeout => ErrorCode.RequestTimedOut,
            _ => ErrorCode.InvalidRequest,
        },
        bad.Message,
        bad.StatusCode);

    Task IResult.ExecuteAsync(HttpContext httpContext) => WriteAsync(httpContext);

    /// <summary>Answers with this problem; the response must not have started.</summary>
    public async Task WriteAsync(HttpContext context)
    {
        var response = context.Response;
        ClearKeepingHints(response);
        response.StatusCode = HttpStatus;
        response.ContentType = ContentType;
        response.Headers.XContentTypeOptions = "nosniff";
        if (HttpStatus is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable)
        {
            response.Headers.RetryAfter = "1";
        }

        using (var json = new Utf8JsonWriter(response.BodyWriter, WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "about:blank"u8);
            json.WriteString("title"u8, ReasonPhrases.GetReasonPhrase(HttpStatus));
            json.WriteNumber("status"u8, HttpStatus);
            WriteMembers(json);
            json.WriteEndObject();
        }

        await response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    /// <summary>Discards what was set for an answer, except the headers that say what the client may send instead.</summary>
    public static void ClearKeepingHints(HttpResponse response)
    {
        var (allow, acceptEncoding, tag) = (response.Headers.Allow, response.Headers.AcceptEncoding, response.Headers.ETag);
        response.Clear();
        (response.Headers.Allow, response.Headers.AcceptEncoding, response.Headers.ETag) = (allow, acceptEncoding, tag);
    }

    /// <summary>Writes Kafka's members and <see cref="Members"/> into an object, as the last line of a stream has them too.</summary>
    public void WriteMembers(Utf8JsonWriter json)
    {
        var description = ErrorCodes.Describe(Error);
        json.WriteNumber("error_code"u8, (short)Error);
        json.WriteString("code"u8, description.Name);
        json.WriteBoolean("retriable"u8, description.Retriable);
        json.WriteString("detail"u8, Detail ?? description.Text);
        Members?.Invoke(json);
    }
}
