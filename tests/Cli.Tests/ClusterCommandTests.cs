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
        Assert.Equal((int)broker["feature_levels"]!["highest"]!, (int)status["feature_level"]!);

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

    [Fact]
    public async Task A_node_of_its_own_has_the_highest_feature_level_already()
    {
        var expected = (await _shell.RunAsync("cluster", "upgrade", "-o", "ndjson")).AssertOk().Lines[0];
        Assert.Equal("""{"previous_feature_level":6,"feature_level":6}""", expected);
        Assert.Equal(expected, (await _shell.RunAsync("cluster", "upgrade", "--level", "6", "--dry-run", "-o", "ndjson")).AssertOk().Lines[0]);
        (await _shell.RunAsync("cluster", "upgrade", "--level", "1")).AssertFailed(1, "INVALID_UPDATE_VERSION");
        (await _shell.RunAsync("cluster", "upgrade", "--level", "7", "--dry-run")).AssertFailed(1, "INVALID_UPDATE_VERSION");
    }

    [Theory]
    [InlineData("""{"lowest":0,"highest":2}""", true)]
    [InlineData("""{"lowest":0,"highest":1}""", false)]
    [InlineData("null", false)]
    public async Task Status_says_that_the_feature_level_can_be_raised_if_all_brokers_support_a_higher_one(string levels, bool isRaisable)
    {
        const string First = """{"cluster_id":"c","state":"running","feature_level":1,"feature_levels":{"lowest":0,"highest":3}}""";
        await using var scripted = new ScriptedNode(new()
        {
            ["/v1/brokers"] = $$"""[{{First}},{"cluster_id":"c","state":"running","feature_level":1,"feature_levels":{{levels}}}]""",
        });
        using var shell = new Shell(scripted.Url);
        var run = await shell.RunAsync("cluster", "status", "-v");
        Assert.Equal(0, run.Exit);
        Assert.Equal(isRaisable, run.Error.Contains("all brokers support feature level 2; 'loire cluster upgrade' raises it", StringComparison.Ordinal));
    }

    public void Dispose() => _shell.Dispose();
}
