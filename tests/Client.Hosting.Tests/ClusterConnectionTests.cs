using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace Loire.Client.Hosting.Tests;

public sealed class ClusterConnectionTests
{
    [Fact]
    public async Task Start_without_any_gateway_ends_and_says_what_is_needed()
    {
        using var nobody = new TcpListener(IPAddress.Loopback, 0);
        nobody.Start();
        var port = ((IPEndPoint)nobody.LocalEndpoint).Port;
        nobody.Stop();
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.UseOrleansClient(client => client.UseLocalhostClustering(port).UseLoireCluster("shop", TimeSpan.FromMilliseconds(200)));
        using var host = builder.Build();
        var failure = await Assert.ThrowsAsync<TimeoutException>(() => host.StartAsync());
        Assert.StartsWith("No gateway of the cluster 'shop' could be reached within 0.2 s: ", failure.Message, StringComparison.Ordinal);
        Assert.Contains("--gateway-port", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, null, null, "loire", "loire", "the default of nodes")]
    [InlineData("a", null, null, "a", "a", "named by the program")]
    [InlineData(null, "b", null, "b", "b", "named by the configuration")]
    [InlineData(null, "b", "c", "b", "c", "both ids, as Aspire sets them")]
    [InlineData("a", "b", null, "a", "a", "the program overrides the configuration")]
    public void Cluster_and_service_id_come_from_one_place(
        string? argument, string? clusterId, string? serviceId, string expectedCluster, string expectedService, string reason)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(
            new Dictionary<string, string?> { ["Orleans:ClusterId"] = clusterId, ["Orleans:ServiceId"] = serviceId });
        builder.UseOrleansClient(client => client.UseLocalhostClustering().UseLoireCluster(argument));
        using var host = builder.Build();
        var options = host.Services.GetRequiredService<IOptions<ClusterOptions>>().Value;
        Assert.True((options.ClusterId, options.ServiceId) == (expectedCluster, expectedService), reason);
    }
}
