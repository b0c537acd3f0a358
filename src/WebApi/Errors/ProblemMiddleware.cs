using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Loire.WebApi.Errors;

/// <summary>
/// The outermost step of every request: each failure is answered with a problem document, or in the dialect of its path, without internals.
/// Once a response has started, a failure aborts the connection instead, so that no client takes a part for the whole. ASP.NET's exception
/// handler is not used because it logs what a client did wrong as an error and does not abort.
/// </summary>
internal sealed partial class ProblemMiddleware(
    RequestDelegate next, IEnumerable<IApiDialect> dialects, ILogger<ProblemMiddleware> logger)
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

        if (!context.Response.HasStarted && context.Response.ContentType is null
            && FromEmptyAnswer(context.Response.StatusCode) is { } problem)
        {
            await WriteAsync(context, problem with { Status = context.Response.StatusCode });
        }
    }

    private async Task AnswerAsync(HttpContext context, Exception exception)
    {
        var problem = exception switch
        {
            RefusedRequestException refused => refused.Problem,
            BadHttpRequestException bad => ApiProblem.FromBadRequest(bad),
            _ => ApiProblem.FromGrainCall(exception),
        };
        if (problem is null)
        {
            LogUnexpected(logger, exception, context.Request.Method, context.GetEndpoint()?.DisplayName ?? "no endpoint");
            problem = new ApiProblem(ErrorCode.UnknownServerError);
        }

        if (exception is BadHttpRequestException and not RefusedRequestException)
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
        dialects.FirstOrDefault(dialect => dialect.Owns(context.Request.Path)) is { } dialect
            ? dialect.WriteAsync(context, problem)
            : problem.WriteAsync(context);

    private static ApiProblem? FromEmptyAnswer(int status) => status switch
    {
        StatusCodes.Status404NotFound => new(ErrorCode.ResourceNotFound, "No such resource; /openapi/v1.json lists all."),
        StatusCodes.Status405MethodNotAllowed => new(
            ErrorCode.InvalidRequest, "This path does not support the method; the header Allow lists those that it supports."),
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
