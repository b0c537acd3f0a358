using System.Net;
using System.Net.Sockets;
using Loire.Client;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Loire.Silo.Tests.Clustering;

/// <summary>A service that is a client of a cluster, in a process other than its nodes'.</summary>
internal static class ServiceBeside
{
    /// <summary>Joins, lists the topics, and leaves.</summary>
    /// <param name="clustering">Chooses the membership table; null if the configuration does.</param>
    /// <param name="configuration">The service's configuration; null for an empty one.</param>
    /// <returns>The topics' names, separated by commas.</returns>
    public static async Task<string> ListTopicsAsync(Action<IClientBuilder>? clustering, IReadOnlyDictionary<string, string?>? configuration = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(configuration ?? new Dictionary<string, string?>());
        builder.UseOrleansClient(client =>
        {
            clustering?.Invoke(client);
            client.UseLoireCluster();
        });
        builder.Services.AddLoire();
        using var host = builder.Build();
        await host.StartAsync();
        var names = new List<string>();
        await foreach (var topic in host.Services.GetRequiredService<IAdminClient>().ListTopicsAsync())
        {
            names.Add(topic.Value);
        }

        await host.StopAsync();
        return string.Join(',', names);
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
