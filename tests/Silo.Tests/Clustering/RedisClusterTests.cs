using Loire.Storage.Tests.Azurite;
using Microsoft.Extensions.Hosting;
using StackExchange.Redis;

namespace Loire.Silo.Tests.Clustering;

/// <summary>The executable with Redis as its membership store, and a client that finds the nodes there.</summary>
public sealed class RedisClusterTests
{
    [ClusterFact]
    public async Task Two_nodes_form_a_cluster_for_a_client_and_one_goes_on_when_the_other_is_killed()
    {
        await using var redis = await RedisServer.StartAsync();
        using var data = new TemporaryDirectory();
        var nodes = await Task.WhenAll(StartAsync(0, redis, data.Path), StartAsync(1, redis, data.Path));
        await using var first = nodes[0];
        await using var second = nodes[1];
        await KillTests.CreateTopicAsync(first.Client, "orders", PostgresClusterTests.Partitions);
        await PostgresClusterTests.ProduceAsync(second.Client, "a");
        await PostgresClusterTests.JudgeAsync(first.Client, "a");
        Assert.Equal("orders", await ServiceBeside.ListTopicsAsync(
            client => client.UseRedisClustering(options => options.ConfigurationOptions = ConfigurationOptions.Parse(redis.ConnectionString))));

        await first.KillAsync();

        // A record that is sent to the dead node before that has an unknown outcome.
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!second.Output.Contains("It is declared dead.", StringComparison.Ordinal))
        {
            _ = await second.Client.GetStringAsync("/v1/brokers", patience.Token);
        }

        await PostgresClusterTests.ProduceAsync(second.Client, "b");
        await PostgresClusterTests.JudgeAsync(second.Client, "a", "b");
    }

    private static async Task<NodeProcess> StartAsync(int id, RedisServer redis, string data) => await NodeProcess.StartAsync(
        data, "env", "LOIRE_CLUSTERING=redis", $"LOIRE_CLUSTERING_CONNECTION={redis.ConnectionString}", $"LOIRE_NODE_ID={id}", "LOIRE_STORAGE=azure",
        $"LOIRE_GATEWAY_PORT={ServiceBeside.FreePort()}", $"LOIRE_AZURE_CONNECTION={(await AzuriteServer.SharedAsync()).ConnectionString}",
        "LOIRE_AZURE_CONTAINER=loire-redis-cluster");

    private sealed class ClusterFactAttribute : FactAttribute
    {
        public ClusterFactAttribute() =>
            Skip = RedisServer.Missing ?? (AzuriteServer.Command is null ? AzuriteFactAttribute.NotInstalled : null!);
    }
}
