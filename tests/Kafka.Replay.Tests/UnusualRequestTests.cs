using System.Text;
using System.Text.Json.Nodes;
using Loire.Kafka.Replay.Players;
using Loire.Kafka.Replay.Recordings;
using Loire.Model;
using Loire.Model.Batches;
using Loire.Model.Transactions;

namespace Loire.Kafka.Replay.Tests;

/// <summary>Requests beside those that were recorded: other versions, duplicates, numbers that are not there. The answers are those of Kafka's brokers by their source.</summary>
public sealed class UnusualRequestTests(NodeFixture node) : IClassFixture<NodeFixture>, IDisposable
{
    private readonly WirePlayer _player = new(node.Kafka);

    public void Dispose() => _player.Dispose();

    [Fact]
    public async Task A_partition_that_a_topic_lacks_is_told_from_a_topic_that_does_not_exist_also_by_id()
    {
        var id = await CreateAsync("produced-by-id");
        Assert.Equal(3, await ProduceAsync(id, 7));
        Assert.Equal(100, await ProduceAsync("AAAAAAAAAAAAAAAAAAAAAQ", 0));
        Assert.Equal(0, await ProduceAsync(id, 0));
    }

    [Fact]
    public async Task An_epoch_of_a_leader_below_all_is_fenced_and_minus_1_is_none()
    {
        await CreateAsync("epochs");
        foreach (var (epoch, error) in new[] { (-2, 74), (-1, 0), (9, 75) })
        {
            var answer = await AskAsync("ListOffsets", 7, $$"""
                {"replicaId": -1, "isolationLevel": 0, "topics": [{"name": "epochs", "partitions": [{"partitionIndex": 0, "currentLeaderEpoch": {{epoch}}, "timestamp": -1}]}]}
                """);
            Assert.Equal(error, answer["topics"]![0]!["partitions"]![0]!.Int("errorCode"));
        }
    }

    [Theory]
    [InlineData(8, "1", 0, "the loggers of this node")]
    [InlineData(8, "2", 42, "the loggers of another node")]
    [InlineData(8, "", 42, "loggers of no node")]
    [InlineData(16, "a", 0, "a subscription to metrics")]
    [InlineData(16, "", 42, "no subscription")]
    [InlineData(32, "a", 0, "a group, which need not exist")]
    [InlineData(32, "", 42, "no group")]
    [InlineData(3, "a", 42, "a type that does not exist")]
    public async Task Resources_without_settings_are_described_by_none(int type, string name, int error, string reason)
    {
        var answer = await AskAsync("DescribeConfigs", 4, $$"""
            {"resources": [{"resourceType": {{type}}, "resourceName": "{{name}}", "configurationKeys": null}], "includeSynonyms": false, "includeDocumentation": false}
            """);
        Assert.True(answer["results"]![0]!.Int("errorCode") == error, reason);
        Assert.Empty(answer["results"]![0]!.Items("configs"));
    }

    [Fact]
    public async Task Of_a_setting_that_a_new_topic_is_given_twice_the_last_counts()
    {
        var answer = await AskAsync("CreateTopics", 7, """
            {"topics": [{"name": "set-twice", "numPartitions": 1, "replicationFactor": 1, "assignments": [], "configs":
              [{"name": "retention.ms", "value": "100"}, {"name": "retention.ms", "value": "200"}]}], "timeoutMs": 1000, "validateOnly": false}
            """);
        Assert.Equal(0, answer["topics"]![0]!.Int("errorCode"));
        Assert.Equal("200", answer["topics"]![0]!.Items("configs").Single(config => config.Text("name") == "retention.ms").Text("value"));
    }

    [Fact]
    public async Task Of_a_protocol_that_a_member_lists_twice_the_first_counts()
    {
        var answer = await AskAsync("JoinGroup", 3, """
            {"groupId": "listed-twice", "sessionTimeoutMs": 10000, "rebalanceTimeoutMs": 10000, "memberId": "", "protocolType": "consumer", "protocols":
              [{"name": "p", "metadata": "AQ=="}, {"name": "p", "metadata": "Ag=="}]}
            """);
        Assert.Equal((0, "AQ=="), (answer.Int("errorCode"), answer["members"]![0]!.Text("metadata")));
    }

    [Theory]
    [InlineData("", -1, 9, 0, "from outside")]
    [InlineData("m", -1, 9, 0, "without a generation nobody is asked while there are no members")]
    [InlineData("m", 3, 9, 69, "a generation of a group that is not there")]
    [InlineData("", 3, 9, 69, "a generation without a member")]
    [InlineData("", 0, 8, 22, "a generation without a member, in a version that does not know of groups that are not there")]
    public async Task A_group_is_made_by_a_commit_from_outside_only(string member, int generation, int version, int error, string reason)
    {
        await CreateAsync("commits");
        Assert.True(error == await CommitAsync($"made {member} {generation} {version}", member, generation, version), reason);
    }

    [Theory]
    [InlineData("m", -1, 0, "without a generation nobody is asked while there are no members")]
    [InlineData("", -2, 0, "any negative generation is none")]
    [InlineData("", 3, 25, "a generation needs a member")]
    [InlineData("m", 3, 25, "there is no such member")]
    public async Task A_group_without_members_takes_commits_without_a_generation_only(string member, int generation, int error, string reason)
    {
        await CreateAsync("commits");
        Assert.Equal(0, await CommitAsync("offsets-only", "", -1, 8));
        Assert.True(error == await CommitAsync("offsets-only", member, generation, 8), reason);
    }

    [Theory]
    [InlineData("null", -1, 0, "nobody in particular")]
    [InlineData("\"AAAAAAAAAAAAAAAAAAAAMQ\"", -1, 113, "a member without an epoch")]
    [InlineData("\"\"", -1, 25, "a member without an id")]
    public async Task A_group_that_assigns_itself_checks_who_reads_offsets_and_says_who_it_is(string member, int epoch, int error, string reason)
    {
        await CreateAsync("read");
        await AskAsync("ConsumerGroupHeartbeat", 0, """
            {"groupId": "readers", "memberId": "AAAAAAAAAAAAAAAAAAAAMQ", "memberEpoch": 0, "instanceId": null, "rackId": null, "rebalanceTimeoutMs": 10000,
             "subscribedTopicNames": ["read"], "serverAssignor": null, "topicPartitions": []}
            """);
        var answer = await AskAsync("OffsetFetch", 9, $$"""
            {"groups": [{"groupId": "readers", "memberId": {{member}}, "memberEpoch": {{epoch}}, "topics": null}], "requireStable": false}
            """);
        Assert.True(error == answer["groups"]![0]!.Int("errorCode"), reason);
    }

    [Theory]
    [InlineData(0, "[\"read\"]", 0, "a member that allows no time")]
    [InlineData(-7, "[\"read\"]", 0, "any number but -1 is a time")]
    [InlineData(-1, "[\"read\"]", 42, "no time is given")]
    [InlineData(10000, "[\"not a name!\"]", 0, "a topic that cannot exist is one that does not")]
    public async Task A_member_of_a_group_that_assigns_itself_may_say_odd_things_when_it_joins(int rebalanceTimeout, string topics, int error, string reason)
    {
        var answer = await AskAsync("ConsumerGroupHeartbeat", 0, $$"""
            {"groupId": "odd-{{rebalanceTimeout}}", "memberId": "", "memberEpoch": 0, "instanceId": null, "rackId": null, "rebalanceTimeoutMs": {{rebalanceTimeout}},
             "subscribedTopicNames": {{topics}}, "serverAssignor": null, "topicPartitions": []}
            """);
        Assert.True(error == answer.Int("errorCode"), reason);
    }

    [Theory]
    [InlineData(0, 84, 0)]
    [InlineData(1, 84, 0)]
    [InlineData(2, 42, 42)]
    public async Task Leaders_are_elected_in_two_ways(int type, int error, int whole)
    {
        await CreateAsync("elected");
        var answer = await AskAsync("ElectLeaders", 2, $$"""
            {"electionType": {{type}}, "topicPartitions": [{"topic": "elected", "partitions": [0]}], "timeoutMs": 1000}
            """);
        Assert.Equal((error, whole), (answer["replicaElectionResults"]![0]!["partitionResult"]![0]!.Int("errorCode"), answer.Int("errorCode")));
    }

    [Theory]
    [InlineData("", false, 0, "nobody looks at the name of a transaction that no batch belongs to")]
    [InlineData("t", false, 0, "nor whether there is one")]
    [InlineData("", true, 42, "no transaction has an empty name")]
    [InlineData(null, true, 53, "a batch of no transaction")]
    public async Task The_transactional_id_of_a_request_counts_for_transactional_batches_only(string? id, bool isTransactional, int error, string reason)
    {
        await CreateAsync("named");
        var request = ScenarioPlayer.Produce("named", (0, Batch("a", isTransactional)));
        request["transactionalId"] = id;
        var answer = await _player.AskAsync("", "Produce", 9, request);
        Assert.True(error == answer["responses"]![0]!["partitionResponses"]![0]!.Int("errorCode"), reason);
    }

    private static byte[] Batch(string text, bool isTransactional)
    {
        using var builder = new RecordBatchBuilder { IsTransactional = isTransactional };
        builder.Append(Timestamp.None, [], true, Encoding.UTF8.GetBytes(text), false, []);
        var batch = builder.Build(CompressionType.None).ToArray();
        if (isTransactional)
        {
            RecordBatch.SetProducer(batch, new ProducerIdentity(4_000_000_001, 0), 0);
        }

        return batch;
    }

    private async Task<string> CreateAsync(string topic)
    {
        await AskAsync("CreateTopics", 7, $$"""
            {"topics": [{"name": "{{topic}}", "numPartitions": 1, "replicationFactor": 1, "assignments": [], "configs": []}], "timeoutMs": 1000, "validateOnly": false}
            """);
        var answer = await AskAsync("Metadata", 12, $$"""
            {"topics": [{"topicId": "AAAAAAAAAAAAAAAAAAAAAA", "name": "{{topic}}"}], "allowAutoTopicCreation": false, "includeTopicAuthorizedOperations": false}
            """);
        return answer["topics"]![0]!.Text("topicId")!;
    }

    private async Task<int> ProduceAsync(string topicId, int partition)
    {
        var request = ScenarioPlayer.Produce("", (partition, Batch("a", isTransactional: false)));
        request["topicData"]![0]!["topicId"] = topicId;
        var answer = await _player.AskAsync("", "Produce", 13, request);
        return answer["responses"]![0]!["partitionResponses"]![0]!.Int("errorCode");
    }

    private async Task<int> CommitAsync(string group, string member, int generation, int version)
    {
        var answer = await AskAsync("OffsetCommit", version, $$"""
            {"groupId": "{{group}}", "generationIdOrMemberEpoch": {{generation}}, "memberId": "{{member}}", "groupInstanceId": null, "topics": [{"name": "commits",
              "partitions": [{"partitionIndex": 0, "committedOffset": 1, "committedLeaderEpoch": -1, "committedMetadata": ""}]}]}
            """);
        return answer["topics"]![0]!["partitions"]![0]!.Int("errorCode");
    }

    private Task<JsonNode> AskAsync(string api, int version, string body) => _player.AskAsync("", api, version, JsonNode.Parse(body)!.AsObject());
}
