using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Orleans.Hosting;

/// <summary>Configures a silo.</summary>
public interface ISiloBuilder
{
    /// <summary>The services of the silo's host.</summary>
    IServiceCollection Services { get; }

    /// <summary>The configuration of the silo's host.</summary>
    IConfiguration Configuration { get; }
}

/// <summary>Configures a client.</summary>
public interface IClientBuilder
{
    /// <summary>The services of the client's host.</summary>
    IServiceCollection Services { get; }

    /// <summary>The configuration of the client's host.</summary>
    IConfiguration Configuration { get; }
}
