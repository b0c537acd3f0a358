using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Orleans.Hosting;

internal sealed class SiloBuilder : ISiloBuilder
{
    public SiloBuilder(IServiceCollection services, IConfiguration configuration)
    {
        Services = services;
        Configuration = configuration;
        services.AddSingleton(this);
    }

    public IServiceCollection Services { get; }

    public IConfiguration Configuration { get; }

    public static SiloBuilder? Find(IServiceCollection services) =>
        (SiloBuilder?)services.FirstOrDefault(service => service.ServiceType == typeof(SiloBuilder))?.ImplementationInstance;
}
