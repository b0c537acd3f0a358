using Loire.Edge.Calls;
using Loire.WebApi.Errors;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.Requests;

/// <summary>
/// Runs typed handlers again while a grain that they call moves to another silo or has been lost with its silo, so that clients see a delay
/// instead of an error. A handler of a method other than GET runs again only if the failed call has done nothing.
/// </summary>
internal static class MovingGrains
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(320);

    /// <summary>Applies to all handlers of a group that return a result; the others write their answers themselves.</summary>
    public static TBuilder RepeatWhileGrainsMove<TBuilder>(this TBuilder endpoints)
        where TBuilder : IEndpointConventionBuilder => endpoints.AddEndpointFilterFactory(static (handler, next) =>
        {
            var patience = handler.ApplicationServices.GetRequiredService<IOptions<LoireApiOptions>>().Value.CallPatience;
            var time = handler.ApplicationServices.GetRequiredService<TimeProvider>();
            return handler.MethodInfo.ReturnType is { IsGenericType: true } && patience > TimeSpan.Zero
                ? invocation => RunAsync(invocation, next, patience, time)
                : next;
        });

    private static async ValueTask<object?> RunAsync(
        EndpointFilterInvocationContext invocation, EndpointFilterDelegate next, TimeSpan patience, TimeProvider time)
    {
        var (begun, pause) = (time.GetTimestamp(), FirstPause);
        while (true)
        {
            try
            {
                var result = await next(invocation);
                if (ProblemOf(result) is not { } problem || !GrainCallErrors.IsMoved(problem.Error) || IsOver())
                {
                    return result;
                }
            }
            catch (Exception failure) when (IsHarmless(invocation.HttpContext, failure) && !IsOver())
            {
            }

            await Task.Delay(pause, time, invocation.HttpContext.RequestAborted);
            pause = pause < LongestPause ? pause * 2 : pause;
        }

        bool IsOver() => time.GetElapsedTime(begun) >= patience;
    }

    private static ApiProblem? ProblemOf(object? result) => result switch
    {
        ApiProblem problem => problem,
        INestedHttpResult nested => ProblemOf(nested.Result),
        _ => null,
    };

    private static bool IsHarmless(HttpContext context, Exception failure) =>
        GrainCallErrors.IsUndelivered(failure) || (HttpMethods.IsGet(context.Request.Method) && GrainCallErrors.Of(failure) is not null);
}
