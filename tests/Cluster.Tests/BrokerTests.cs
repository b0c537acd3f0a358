using System.Text.Json;
using Loire.Cluster.Tests.Clusters;
using Loire.Storage.Tests.Azurite;

namespace Loire.Cluster.Tests;

/// <summary>The registry of brokers, whichever node is asked.</summary>
[Collection(nameof(WithThreeNodes))]
public sealed class BrokerTests(ThreeNodes nodes)
{
    [AzuriteFact]
    public async Task Broker_that_is_killed_is_listed_as_dead_and_comes_back_under_the_next_epoch()
    {
        var cluster = await nodes.HealedAsync();
        var victim = cluster.Nodes[1];
        await AllListAsync(cluster, cluster.Nodes, "running,running,running");
        var epoch = (await ListAsync(cluster, cluster.Nodes[0]))[victim.Id - 1].GetProperty("epoch").GetInt64();

        await victim.Process.KillAsync();
        await AllListAsync(cluster, [cluster.Nodes[0], cluster.Nodes[2]], "running,dead,running");

        await cluster.HealAsync();
        await AllListAsync(cluster, cluster.Nodes, "running,running,running");
        var again = (await ListAsync(cluster, cluster.Nodes[2]))[victim.Id - 1];
        Assert.Equal((epoch + 1, victim.Url.Port), (again.GetProperty("epoch").GetInt64(), again.GetProperty("port").GetInt32()));
    }

    private static Task AllListAsync(ClusterOfProcesses cluster, IEnumerable<ClusterNode> asked, string states) =>
        Task.WhenAll(asked.Select(node => Until.TrueAsync(
            $"node {node.Id} lists {states}",
            async () => string.Join(',', (await ListAsync(cluster, node)).Select(broker => broker.GetProperty("state").GetString())) == states)));

    private static async Task<List<JsonElement>> ListAsync(ClusterOfProcesses cluster, ClusterNode node)
    {
        using var response = await cluster.Http.GetAsync(new Uri(node.Url, "/v1/brokers"));
        return [.. (await Silo.Tests.JsonContent.ReadAsync(response)).EnumerateArray()];
    }
}
