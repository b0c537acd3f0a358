using Loire.Grains.Hosting;
using Loire.Log;
using Microsoft.Extensions.DependencyInjection;

namespace Orleans.Hosting;

/// <summary>Registers Loire's grains with a silo.</summary>
public static class LoireGrainsHostingExtensions
{
    /// <summary>
    /// Registers what the grains need. The host registers an <c>IGrainStorage</c> under <see cref="LogStorage.ProviderName"/> beside it, and may register a
    /// <see cref="TimeProvider"/>.
    /// </summary>
    public static ISiloBuilder AddLoireGrains(this ISiloBuilder builder, Action<LoireGrainsOptions>? configure = null)
    {
        var options = builder.Services.AddOptions<LoireGrainsOptions>();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        return builder;
    }
}
