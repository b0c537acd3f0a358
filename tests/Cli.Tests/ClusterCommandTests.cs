using System.Text.Json.Nodes;

namespace Loire.Cli.Tests;

[Collection(nameof(WithNode))]
public sealed class ClusterCommandTests(NodeFixture node) : IDisposable
{
    private readonly Shell _shell = new(node.Url);

    private async Task<JsonNode> RebalanceAsync(params string[] options) =>
        JsonNode.Parse((await _shell.RunAsync(["cluster", "rebalance", "-o", "ndjson", .. options])).AssertOk().Lines[0])!;

    [Fact]
    public async Task A_node_of_its_own_is_a_cluster_of_one_broker()
    {
        var brokers = (await _shell.RunAsync("cluster", "brokers", "-o", "ndjson")).AssertOk().Lines;
        var broker = JsonNode.Parse(Assert.Single(brokers))!;
        Assert.Equal((0, "127.0.0.1", node.Url.Port), ((int)broker["broker_id"]!, (string?)broker["host"], (int)broker["port"]!));
        Assert.Contains("BROKER_ID", (await _shell.RunAsync("cluster", "brokers")).AssertOk().Lines[0], StringComparison.Ordinal);

        var status = JsonNode.Parse((await _shell.RunAsync("cluster", "status", "-o", "ndjson")).AssertOk().Lines[0])!;
        Assert.Equal(("loire", 1, 0), ((string?)status["cluster_id"], (int)status["brokers"]!, (int)status["dead"]!));

        Assert.Equal(broker.ToJsonString(), (await _shell.RunAsync("cluster", "describe", "0", "-o", "ndjson")).AssertOk().Lines[0]);
        (await _shell.RunAsync("cluster", "describe", "7")).AssertFailed(3, "BROKER_ID_NOT_REGISTERED");
        (await _shell.RunAsync("cluster", "remove", "7")).AssertFailed(3, "BROKER_ID_NOT_REGISTERED");
        (await _shell.RunAsync("cluster", "remove", "0")).AssertFailed(1, "POLICY_VIOLATION");
    }

    [Fact]
    public async Task A_node_of_its_own_leads_everything_and_has_nobody_to_drain_to()
    {
        var topic = $"rebalanced-{Guid.NewGuid():N}";
        (await _shell.RunAsync("topic", "create", topic, "--partitions", "3")).AssertOk();
        var dry = await RebalanceAsync("--dry-run");
        Assert.InRange((int)dry["partitions_changed"]!, 3, int.MaxValue);
        Assert.Equal(dry.ToJsonString(), (await RebalanceAsync()).ToJsonString());
        Assert.Equal((0, 0), ((int)(await RebalanceAsync())["partitions_changed"]!, (int)dry["topics_failed"]!));

        (await _shell.RunAsync("cluster", "drain", "0")).AssertFailed(1, "POLICY_VIOLATION");
        (await _shell.RunAsync("cluster", "drain", "7")).AssertFailed(3, "BROKER_ID_NOT_REGISTERED");
    }

    public void Dispose() => _shell.Dispose();
}
