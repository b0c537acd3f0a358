using System.Diagnostics;
using System.Text.Json.Nodes;
using Loire.Kafka.Replay.Players;
using Loire.Kafka.Replay.Recordings;

namespace Loire.Kafka.Replay.Tests;

/// <summary>What the recordings do not show of groups over the wire.</summary>
public sealed class GroupWireTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_join_that_waits_does_not_hold_back_the_stop_of_its_node()
    {
        var node = await ReplayNode.StartAsync(ReplayNode.RecordedAt);
        using var player = new WirePlayer(node.Kafka);
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
        await node.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(PendingAnswer.Closed, (await waiting.WaitAsync(Patience)).ToString());
    }

    [Fact]
    public async Task The_last_of_many_commits_sent_at_once_counts_though_the_topic_is_looked_up_first()
    {
        var node = await ReplayNode.StartAsync(ReplayNode.RecordedAt);
        using (var player = new WirePlayer(node.Kafka))
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

    [Fact]
    public async Task A_commit_and_what_ends_its_membership_may_be_sent_at_once()
    {
        await using var node = await ReplayNode.StartAsync(ReplayNode.RecordedAt);
        using var player = new WirePlayer(node.Kafka);
        foreach (var round in Enumerable.Range(0, 20))
        {
            // A topic that no request has named yet is looked up, which takes the commit longer than the others.
            var topic = $"orders-{round}";
            await AskAsync(player, "other", "CreateTopics", 7, Parse($$"""
                {"topics": [{"name": "{{topic}}", "numPartitions": 1, "replicationFactor": 1, "assignments": [], "configs": []}], "timeoutMs": 10000, "validateOnly": false}
                """));
            var joined = await AskAsync(player, "", "JoinGroup", 3, Join(""));
            var (member, generation) = (joined.Text("memberId"), joined.Int("generationId"));
            await AskAsync(player, "", "SyncGroup", 3, Parse($$"""
                {"groupId": "g", "generationId": {{generation}}, "memberId": "{{member}}", "assignments": [{"memberId": "{{member}}", "assignment": "AAA="}]}
                """));
            var commit = AskAsync(player, "", "OffsetCommit", 7, Parse($$"""
                {"groupId": "g", "generationIdOrMemberEpoch": {{generation}}, "memberId": "{{member}}", "groupInstanceId": null, "topics": [{"name": "{{topic}}", "partitions":
                 [{"partitionIndex": 0, "committedOffset": 5, "committedLeaderEpoch": -1, "committedMetadata": null}]}]}
                """));
            var fetched = AskAsync(player, "", "OffsetFetch", 5, Parse($$"""{"groupId": "g", "topics": [{"name": "{{topic}}", "partitionIndexes": [0]}]}"""));
            var left = AskAsync(player, "", "LeaveGroup", 1, Parse($$"""{"groupId": "g", "memberId": "{{member}}"}"""));
            Assert.Equal(0, (await commit)["topics"]![0]!["partitions"]![0]!.Int("errorCode"));
            Assert.Equal(5, (await fetched)["topics"]![0]!["partitions"]![0]!.Long("committedOffset"));
            Assert.Equal(0, (await left).Int("errorCode"));
        }
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

    private static Task<JsonNode> AskAsync(WirePlayer player, string connection, string api, int version, JsonObject body) =>
        player.AskAsync(connection, api, version, body);

    private static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();
}
