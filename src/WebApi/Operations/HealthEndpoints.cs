using System.Text.Json;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Loire.WebApi.Operations;

/// <summary>
/// <c>/healthz</c> says that the process answers, and nothing else, so that no supervisor kills a node for its disk. <c>/readyz</c> says whether the
/// node takes work: 503 names the check that fails.
/// </summary>
internal sealed class HealthEndpoints(HealthCheckService checks)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/healthz", AliveAsync).Describe("Whether the process is alive").AnswersAny(MediaTypes.Json);
        routes.MapGet("/readyz", ReadyAsync).Describe("Whether the node takes work", "503 if not, with the state of each check.").AnswersAny(MediaTypes.Json);
    }

    private static async Task AliveAsync(HttpContext context)
    {
        context.Response.ContentType = MediaTypes.Json;
        await context.Response.WriteAsync("{\"status\":\"alive\"}\n", context.RequestAborted);
    }

    private async Task ReadyAsync(HttpContext context)
    {
        var report = await checks.CheckHealthAsync(context.RequestAborted);
        context.Response.StatusCode = report.Status == HealthStatus.Unhealthy ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK;
        context.Response.ContentType = MediaTypes.Json;
        context.Response.Headers.CacheControl = "no-store";
        if (report.Status == HealthStatus.Unhealthy)
        {
            context.Response.Headers.RetryAfter = "1";
        }

        using (var json = new Utf8JsonWriter(context.Response.BodyWriter))
        {
            json.WriteStartObject();
            json.WriteString("status"u8, Word(report.Status));
            json.WriteStartObject("checks"u8);
            foreach (var (name, entry) in report.Entries)
            {
                json.WriteStartObject(name);
                json.WriteString("status"u8, Word(entry.Status));
                if (entry.Description is { } text)
                {
                    json.WriteString("detail"u8, text);
                }

                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    private static string Word(HealthStatus status) => status switch
    {
        HealthStatus.Healthy => "ready",
        HealthStatus.Degraded => "degraded",
        _ => "unhealthy",
    };
}
