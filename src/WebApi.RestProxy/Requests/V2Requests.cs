using System.Text.Json;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Http;

namespace Loire.WebApi.RestProxy.Requests;

/// <summary>Reads requests of the dialect and writes its documents.</summary>
internal static class V2Requests
{
    /// <summary>Wraps a handler that either returns an error or answers itself and returns null.</summary>
    public static RequestDelegate Handle(Func<HttpContext, Task<V2Error?>> handle) => async context =>
    {
        var error = V2MediaTypes.NegotiateDocument(context.Request) is null ? V2Error.NotAcceptable : await handle(context);
        if (error is not null)
        {
            await error.WriteAsync(context);
        }
    };

    /// <summary>Reads a document as a whole.</summary>
    /// <returns>The document, or what is wrong with it; neither if there is no body.</returns>
    public static async ValueTask<(T? Value, V2Error? Error)> ReadAsync<T>(HttpContext context, int maxBytes)
        where T : class
    {
        var body = await RequestBody.ReadAllAsync(context, maxBytes);
        try
        {
            return body.IsEmpty ? (null, null)
                : MediaTypes.RefuseUnlessJson(context.Request, V2MediaTypes.Document) is { } wrong ? (null, V2Error.From(wrong))
                : JsonSerializer.Deserialize<T>(JsonBody.Text(body).Span, V2Json.Options) is { } value ? (value, null)
                : (null, V2Error.Malformed("The body must be a JSON object."));
        }
        catch (JsonException exception)
        {
            var message = JsonBody.Describe(exception, V2Json.Options.GetTypeInfo(typeof(T)));
            var isUnknown = UnknownMembers.Exist(JsonBody.Text(body), V2Json.Options.GetTypeInfo(typeof(T)));
            return (null, isUnknown ? V2Error.Invalid(message) : V2Error.Malformed(message));
        }
        finally
        {
            context.Request.BodyReader.AdvanceTo(body.End);
        }
    }

    /// <summary>Reads a parameter of the query. Unlike in the native API, an unknown or repeated one is ignored.</summary>
    public static T Get<T>(HttpContext context, QueryParameter<T> parameter, ref V2Error? error)
    {
        if (!context.Request.Query.TryGetValue(parameter.Name, out var values) || values.Count == 0)
        {
            return parameter.Fallback;
        }

        if (parameter.TryParse(values[^1] ?? "", out var value) is { } expected)
        {
            error ??= V2Error.Malformed($"The query parameter {parameter.Name} {expected}.");
            return parameter.Fallback;
        }

        return value;
    }

    /// <summary>Answers with a document.</summary>
    public static async Task<V2Error?> AnswerAsync<T>(HttpContext context, T value, int status = StatusCodes.Status200OK)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = V2MediaTypes.NegotiateDocument(context.Request);
        await JsonSerializer.SerializeAsync(context.Response.BodyWriter, value, V2Json.Options, context.RequestAborted);
        return null;
    }

    public static V2Error? NoContent(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return null;
    }
}
