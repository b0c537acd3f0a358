using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Loire.WebApi.Operations;

/// <summary><c>/metrics</c>.</summary>
internal sealed class MetricsEndpoint(PrometheusExporter exporter)
{
    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/metrics", GetAsync).Describe("Metrics in Prometheus' text format").AnswersAny("text/plain");

    private async Task GetAsync(HttpContext context)
    {
        context.Response.ContentType = PrometheusExporter.ContentType;
        await context.Response.WriteAsync(exporter.Render(), context.RequestAborted);
    }
}
