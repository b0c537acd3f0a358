using System.Net;
using System.Text.Json;
using Loire.Cluster.Tests.Clusters;
using Loire.Cluster.Tests.Load;
using Loire.Storage.Tests.Azurite;
using Xunit.Abstractions;

namespace Loire.Cluster.Tests;

/// <summary>The registry of brokers, whichever node is asked.</summary>
[Collection(nameof(WithThreeNodes))]
public sealed class BrokerTests(ThreeNodes nodes, ITestOutputHelper output)
{
    private const int Partitions = 6;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [AzuriteFact]
    public async Task Broker_that_is_killed_is_listed_as_dead_and_missed_until_it_is_removed_and_comes_back_under_the_next_epoch()
    {
        var cluster = await nodes.HealedAsync();
        var victim = cluster.Nodes[1];
        await AllListAsync(cluster, cluster.Nodes, "running,running,running");
        var epoch = (await ListAsync(cluster, cluster.Nodes[0]))[victim.Id - 1].GetProperty("epoch").GetInt64();

        using var living = await cluster.Http.DeleteAsync(new Uri(cluster.Nodes[0].Url, $"/v1/brokers/{victim.Id}"));
        Assert.Equal(HttpStatusCode.Conflict, living.StatusCode);

        await victim.Process.KillAsync();
        await AllListAsync(cluster, [cluster.Nodes[0], cluster.Nodes[2]], "running,dead,running");
        await HealthIsAsync(cluster, "degraded", "1 of 3 brokers have ended without leaving the cluster: 2.");
        var metrics = await cluster.Http.GetStringAsync(new Uri(cluster.Nodes[0].Url, "/metrics"));
        Assert.Matches("(?m)^loire_cluster_brokers{.*loire_state=\"dead\".*} 1$", metrics);

        // Without it the cluster is whole, until it starts again.
        using var removed = await cluster.Http.DeleteAsync(new Uri(cluster.Nodes[0].Url, $"/v1/brokers/{victim.Id}"));
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        await AllListAsync(cluster, [cluster.Nodes[0], cluster.Nodes[2]], "running,running");
        await HealthIsAsync(cluster, "ready", null);

        await cluster.HealAsync();
        await AllListAsync(cluster, cluster.Nodes, "running,running,running");
        var again = (await ListAsync(cluster, cluster.Nodes[2]))[victim.Id - 1];
        Assert.Equal((epoch + 1, victim.Url.Port), (again.GetProperty("epoch").GetInt64(), again.GetProperty("port").GetInt32()));
    }

    [AzuriteFact]
    public async Task Broker_that_is_drained_hands_over_its_partitions_and_stops_and_they_return_when_it_starts_again()
    {
        var cluster = await nodes.HealedAsync();
        await AllListAsync(cluster, cluster.Nodes, "running,running,running");
        var topic = await cluster.CreateTopicAsync(Partitions);
        await using var load = new ClusterLoad(cluster, topic, Partitions);
        load.StartProducers([cluster.Nodes[0], cluster.Nodes[2]]);
        load.StartReaders([cluster.Nodes[0], cluster.Nodes[2]]);
        await load.WritesToAllAsync(Patience);
        await LedAsPreferredAsync(cluster, topic);

        var drained = cluster.Nodes[1];
        using (var answer = await cluster.Http.PostAsync(new Uri(cluster.Nodes[0].Url, $"/v1/brokers/{drained.Id}:drain"), null))
        {
            Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        }

        Assert.Equal(0, await drained.Process.WaitForExitAsync());
        await AllListAsync(cluster, [cluster.Nodes[0], cluster.Nodes[2]], "running,stopped,running");
        await load.WritesToAllAsync(Patience);
        Assert.DoesNotContain(drained.Id, (await LeadersAsync(cluster, topic)).Select(partition => partition.Leader));

        await cluster.HealAsync();
        await LedAsPreferredAsync(cluster, topic);
        await load.EndAsync();
        output.WriteLine(load.Summary());
    }

    private static Task LedAsPreferredAsync(ClusterOfProcesses cluster, string topic) => Until.TrueAsync(
        "every partition is led by its preferred leader",
        async () => (await LeadersAsync(cluster, topic)) is var partitions
            && partitions.All(partition => partition.Leader == partition.Preferred)
            && partitions.CountBy(partition => partition.Leader).All(pair => pair.Value == Partitions / cluster.Nodes.Count));

    private static async Task<List<(int Leader, int Preferred)>> LeadersAsync(ClusterOfProcesses cluster, string topic)
    {
        var partitions = new List<(int, int)>();
        for (var partition = 0; partition < Partitions; partition++)
        {
            using var response = await cluster.Http.GetAsync(new Uri(cluster.Nodes[0].Url, $"/v1/topics/{topic}/partitions/{partition}"));
            var json = await Silo.Tests.JsonContent.ReadAsync(response);
            partitions.Add((json.GetProperty("leader").GetInt32(), json.GetProperty("preferred_leader").GetInt32()));
        }

        return partitions;
    }

    private static Task HealthIsAsync(ClusterOfProcesses cluster, string status, string? detail) => Until.TrueAsync($"the cluster is {status}", async () =>
    {
        using var response = await cluster.Http.GetAsync(new Uri(cluster.Nodes[0].Url, "/readyz"));
        var check = (await Silo.Tests.JsonContent.ReadAsync(response)).GetProperty("checks").GetProperty("cluster");
        return check.GetProperty("status").GetString() == status && (check.TryGetProperty("detail", out var told) ? told.GetString() : null) == detail;
    });

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
