using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Loire.WebApi.Operations;

/// <summary>
/// <c>/healthz</c> says that the process answers, and nothing else, so that no supervisor kills a node for its disk. <c>/readyz</c> says
/// whether the node accepts work: 503 names the check that fails.
/// </summary>
internal sealed class HealthEndpoints(HealthCheckService checks)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/healthz", Alive).Describe("getHealth", "Whether the process is alive").Answers<HealthJson>();
        routes.MapGet("/readyz", ReadyAsync)
            .Describe("getReadiness", "Whether the node accepts work", "503 if not, with the state of each check.").Answers<ReadinessJson>();
    }

    private static Ok<HealthJson> Alive() => TypedResults.Ok(new HealthJson("alive"));

    private async Task<JsonHttpResult<ReadinessJson>> ReadyAsync(HttpResponse response, CancellationToken aborted)
    {
        var report = await checks.CheckHealthAsync(aborted);
        var isReady = report.Status != HealthStatus.Unhealthy;
        response.Headers.CacheControl = "no-store";
        if (!isReady)
        {
            response.Headers.RetryAfter = "1";
        }

        var states = report.Entries.ToDictionary(
            entry => entry.Key, entry => new CheckJson(Word(entry.Value.Status), entry.Value.Description));
        return TypedResults.Json(
            new ReadinessJson(Word(report.Status), states),
            statusCode: isReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private static string Word(HealthStatus status) => status switch
    {
        HealthStatus.Healthy => "ready",
        HealthStatus.Degraded => "degraded",
        _ => "unhealthy",
    };
}

/// <summary>Whether the process is alive.</summary>
internal sealed record HealthJson(string Status);

/// <summary>Whether the node accepts work, with the state of each check by its name.</summary>
internal sealed record ReadinessJson(string Status, Dictionary<string, CheckJson> Checks);

/// <summary>The state of one check.</summary>
internal sealed record CheckJson(string Status, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Detail);
