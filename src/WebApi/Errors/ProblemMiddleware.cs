using Loire.WebApi.Dialects.V2;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.Errors;

/// <summary>
/// The outermost step of every request: whatever went wrong leaves as a problem document, or as the dialect of its path says it, and nothing
/// of our insides with it. Once a response has begun, a failure cuts the connection instead, so that no client takes a part for the whole.
/// </summary>
internal sealed partial class ProblemMiddleware(
    RequestDelegate next, IOptions<LoireApiOptions> options, ILogger<ProblemMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }
        catch (Exception exception)
        {
            await AnswerAsync(context, exception);
            return;
        }

        if (!context.Response.HasStarted && context.Response.ContentType is null && FromEmptyAnswer(context.Response.StatusCode) is { } problem)
        {
            await WriteAsync(context, problem with { Status = context.Response.StatusCode });
        }
    }

    private async Task AnswerAsync(HttpContext context, Exception exception)
    {
        var problem = exception switch
        {
            BadHttpRequestException bad => ApiProblem.FromBadRequest(bad),
            _ => ApiProblem.FromGrainCall(exception),
        };
        if (problem is null)
        {
            LogUnexpected(logger, exception, context.Request.Method, context.GetEndpoint()?.DisplayName ?? "no endpoint");
            problem = new ApiProblem(ErrorCode.UnknownServerError);
        }

        if (exception is BadHttpRequestException)
        {
            BrokenBody.CloseAfter(context);
        }

        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        await WriteAsync(context, problem);
    }

    private Task WriteAsync(HttpContext context, ApiProblem problem) =>
        options.Value.V2Dialect && V2Dialect.Owns(context.Request.Path) ? V2Error.From(problem).WriteAsync(context) : problem.WriteAsync(context);

    private static ApiProblem? FromEmptyAnswer(int status) => status switch
    {
        StatusCodes.Status404NotFound => new(ErrorCode.ResourceNotFound, "There is nothing at this path; /openapi/v1.json lists what there is."),
        StatusCodes.Status405MethodNotAllowed => new(ErrorCode.InvalidRequest, "This path does not know the method; the header Allow names those it knows."),
        >= StatusCodes.Status400BadRequest and < StatusCodes.Status500InternalServerError => new(ErrorCode.InvalidRequest),
        >= StatusCodes.Status500InternalServerError => new(ErrorCode.UnknownServerError),
        _ => null,
    };

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Endpoint} failed unexpectedly.")]
    private static partial void LogUnexpected(ILogger logger, Exception exception, string method, string endpoint);

    /// <summary>Puts the middleware before everything else in the host's pipeline.</summary>
    internal sealed class First : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.UseMiddleware<ProblemMiddleware>();
            next(app);
        };
    }
}
