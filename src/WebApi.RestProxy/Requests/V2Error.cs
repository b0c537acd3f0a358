using System.Text.Json;
using Loire.Model;
using Loire.WebApi.Errors;
using Microsoft.AspNetCore.Http;

namespace Loire.WebApi.RestProxy.Requests;

/// <summary>
/// An error as the dialect has it: <c>{"error_code": number, "message": text}</c>. The code is the HTTP status, or the status and two
/// digits. The codes are those of Confluent's REST Proxy (its class Errors, and KafkaExceptionMapper of its library rest-utils); this is
/// the only place that knows them.
/// </summary>
internal sealed record V2Error(int Status, int Code, string Message)
{
    public static readonly V2Error TopicNotFound = new(404, 40401, "The topic does not exist.");
    public static readonly V2Error PartitionNotFound = new(404, 40402, "The partition does not exist.");
    public static readonly V2Error InstanceNotFound = new(404, 40403, "The consumer instance does not exist.");
    public static readonly V2Error NotAcceptable = new(406, 406, $"The answer is of the type {V2MediaTypes.Document} or application/json.");
    public static readonly V2Error FormatMismatch =
        new(406, 40601, "The accepted embedded format is not the one that the consumer instance was made with.");

    public static readonly V2Error InstanceExists = new(409, 40902, "The group has a consumer instance of this name already.");
    public static readonly V2Error NoFormat = new(
        415, 415, $"Records need a type that names their format: send the header Content-Type: {string.Join(" or ", V2MediaTypes.Embedded)}.");

    public static readonly V2Error NoSchemas =
        new(422, 42207, "There is no schema registry: the embedded formats are binary, json and text.");

    public static readonly V2Error Stopping = new(503, 50302, "The node is stopping.");

    /// <summary>The request itself cannot be read.</summary>
    public static V2Error Malformed(string message) => new(400, 400, message);

    /// <summary>A Kafka error that the request caused.</summary>
    public static V2Error Refused(string message) => new(400, 40002, message);

    /// <summary>The consumer is not in a state for this.</summary>
    public static V2Error IllegalState(string message) => new(409, 40903, message);

    /// <summary>A member of the document is missing, unknown, or has an invalid value.</summary>
    public static V2Error Invalid(string message) => new(422, 422, message);

    /// <summary>A setting of a consumer is invalid.</summary>
    public static V2Error InvalidConfig(string message) => new(422, 42204, message);

    /// <summary>A setting of a consumer is out of its range.</summary>
    public static V2Error OutOfRange(string message) => new(422, 40001, message);

    /// <summary>Maps Kafka's error.</summary>
    public static V2Error From(ErrorCode error, string? detail)
    {
        var description = ErrorCodes.Describe(error);
        var message = detail ?? description.Text;
        return error switch
        {
            ErrorCode.UnknownTopicOrPartition or ErrorCode.UnknownTopicId => PartitionNotFound with { Message = message },
            ErrorCode.UnknownMemberId => InstanceNotFound,
            ErrorCode.DuplicateResource => InstanceExists,
            ErrorCode.InvalidConfig or ErrorCode.InvalidGroupId => InvalidConfig(message),
            ErrorCode.InvalidRegularExpression or ErrorCode.InvalidTopicException => Invalid(message),
            ErrorCode.TopicAlreadyExists or ErrorCode.InvalidPartitions or ErrorCode.InvalidReplicationFactor or ErrorCode.PolicyViolation
                or ErrorCode.InvalidRequest => Refused(message),
            ErrorCode.BrokerNotAvailable => new V2Error(503, 50302, message),
            ErrorCode.ThrottlingQuotaExceeded => new V2Error(429, 429, message),
            ErrorCode.UnknownServerError => new V2Error(500, 500, message),
            _ => new V2Error(StatusOf(error), RecordCode(error), message),
        };
    }

    /// <summary>Maps an error of a consumer's call; its <see cref="ErrorCode.InvalidRequest"/> is about its state.</summary>
    public static V2Error FromConsumer(ErrorCode error, string? detail) =>
        error == ErrorCode.InvalidRequest ? IllegalState(detail ?? ErrorCodes.Describe(error).Text) : From(error, detail);

    /// <summary>Maps a problem of the native API.</summary>
    public static V2Error From(ApiProblem problem) =>
        problem.Status is { } status
            ? new V2Error(status, status, problem.Detail ?? ErrorCodes.Describe(problem.Error).Text)
            : From(problem.Error, problem.Detail);

    /// <summary>The code of a record that was not appended, which only says whether a retry may succeed.</summary>
    public static int RecordCode(ErrorCode error) => error switch
    {
        ErrorCode.SaslAuthenticationFailed => 40101,
        ErrorCode.TopicAuthorizationFailed or ErrorCode.GroupAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed
            or ErrorCode.TransactionalIdAuthorizationFailed => 40301,
        _ => ErrorCodes.Describe(error).Retriable ? 50003 : 50002,
    };

    /// <summary>Answers with this error; the response must not have started.</summary>
    public async Task WriteAsync(HttpContext context)
    {
        var response = context.Response;
        ApiProblem.ClearKeepingHints(response);
        response.StatusCode = Status;
        response.ContentType = V2MediaTypes.NegotiateDocument(context.Request) ?? V2MediaTypes.Document;
        if (Status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable)
        {
            response.Headers.RetryAfter = "1";
        }

        using (var json = new Utf8JsonWriter(response.BodyWriter, V2Json.WriterOptions))
        {
            json.WriteStartObject();
            json.WriteNumber("error_code"u8, Code);
            json.WriteString("message"u8, Message);
            json.WriteEndObject();
        }

        await response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    private static int StatusOf(ErrorCode error) => RecordCode(error) / 100;
}
