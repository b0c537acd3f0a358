using System.Diagnostics;
using System.Text.Json.Nodes;
using Loire.Kafka.Replay.Tests.Players;
using Loire.Kafka.Replay.Tests.Recordings;

namespace Loire.Kafka.Replay.Tests;

/// <summary>What the recordings do not show of groups over the wire.</summary>
public sealed class GroupWireTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_join_that_waits_does_not_hold_back_the_stop_of_its_node()
    {
        var node = new ReplayNode();
        await node.InitializeAsync();
        await using var player = new WirePlayer(node.Kafka);
        var first = await AskAsync(player, "first", "JoinGroup", 3, Join(""));
        Assert.Equal(0, first.Int("errorCode"));

        // It waits for the first one, which does not come again.
        var waiting = player.AskAsync("second", "JoinGroup", 3, Join(""));
        var begun = Stopwatch.GetTimestamp();
        while ((await DescribeAsync(player))["groups"]![0]!.Text("groupState") != "PreparingRebalance")
        {
            Assert.False(waiting.IsCompleted);
            Assert.True(Stopwatch.GetElapsedTime(begun) < Patience, "The group does not rebalance.");
        }

        // Kestrel would wait for open connections for 25 seconds.
        await node.DisposeAsync().WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(WirePlayer.Closed, (await waiting.WaitAsync(Patience))!.GetValue<string>());
    }

    [Fact]
    public async Task The_last_of_many_commits_sent_at_once_counts_though_the_topic_is_looked_up_first()
    {
        var node = new ReplayNode();
        await node.InitializeAsync();
        await using (var player = new WirePlayer(node.Kafka))
        {
            await AskAsync(player, "", "CreateTopics", 7, Parse("""
                {"topics": [{"name": "orders", "numPartitions": 1, "replicationFactor": 1, "assignments": [], "configs": []}], "timeoutMs": 10000, "validateOnly": false}
                """));
            var commits = Enumerable.Range(1, 30).Select(offset => AskAsync(player, "", "OffsetCommit", 7, Commit(offset))).ToArray();
            foreach (var answer in await Task.WhenAll(commits))
            {
                Assert.Equal(0, answer["topics"]![0]!["partitions"]![0]!.Int("errorCode"));
            }

            var fetched = await AskAsync(player, "", "OffsetFetch", 5, Parse("""{"groupId": "g", "topics": [{"name": "orders", "partitionIndexes": [0]}]}"""));
            Assert.Equal(30, fetched["topics"]![0]!["partitions"]![0]!.Long("committedOffset"));
        }

        await node.DisposeAsync();
    }

    private static JsonObject Join(string member) => Parse($$"""
        {"groupId": "g", "sessionTimeoutMs": 60000, "rebalanceTimeoutMs": 60000, "memberId": "{{member}}", "protocolType": "consumer",
         "protocols": [{"name": "range", "metadata": "AAE="}]}
        """);

    private static JsonObject Commit(int offset) => Parse($$"""
        {"groupId": "g", "generationIdOrMemberEpoch": -1, "memberId": "", "groupInstanceId": null, "topics": [{"name": "orders", "partitions":
         [{"partitionIndex": 0, "committedOffset": {{offset}}, "committedLeaderEpoch": -1, "committedMetadata": null}]}]}
        """);

    private static Task<JsonNode> DescribeAsync(WirePlayer player) =>
        AskAsync(player, "other", "DescribeGroups", 5, Parse("""{"groups": ["g"], "includeAuthorizedOperations": false}"""));

    private static async Task<JsonNode> AskAsync(WirePlayer player, string connection, string api, int version, JsonObject body) =>
        JsonNode.Parse((await player.AskAsync(connection, api, version, body))!.ToJsonString())!;

    private static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();
}
