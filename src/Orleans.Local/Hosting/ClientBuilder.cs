using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Cluster;
using Orleans.Runtime;

namespace Orleans.Hosting;

/// <summary>Registers the services of a client when it is made; there is one for each host.</summary>
internal sealed class ClientBuilder : IClientBuilder
{
    private ClientBuilder(IServiceCollection services, IConfiguration configuration)
    {
        Services = services;
        Configuration = configuration;
        services.AddSingleton(this);
        services.AddOptions();
        services.AddSingleton<Client>();
        services.AddSingleton<IClusterClient>(provider => new GrainFactory(provider.GetRequiredService<Client>(), provider));
        services.AddSingleton<IGrainFactory>(provider => provider.GetRequiredService<IClusterClient>());
        services.AddHostedService(provider => provider.GetRequiredService<Client>());
    }

    public IServiceCollection Services { get; }

    public IConfiguration Configuration { get; }

    public static ClientBuilder For(IServiceCollection services, IConfiguration configuration)
    {
        if (services.Any(service => service.ServiceType == typeof(SiloBuilder)))
        {
            throw new OrleansConfigurationException("A host has either a silo or a client; a silo is also a client.");
        }

        var existing = services.FirstOrDefault(service => service.ServiceType == typeof(ClientBuilder));
        return (ClientBuilder?)existing?.ImplementationInstance ?? new ClientBuilder(services, configuration);
    }
}
