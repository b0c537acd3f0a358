using System.Text.Json.Nodes;
using Loire.Kafka.Replay.Players;
using Loire.Kafka.Replay.Recordings;

namespace Loire.Kafka.Replay.Tests;

/// <summary>What the recordings do not show of topics, their settings and the brokers.</summary>
public sealed class TopicRequestTests(NodeFixture node) : IClassFixture<NodeFixture>
{
    [Fact]
    public async Task Topics_are_described_by_their_ids_which_drops_those_that_are_named()
    {
        using var player = new WirePlayer(node.Kafka);
        var (a, b) = (await CreateAsync(player, "by-id-a"), await CreateAsync(player, "by-id-b"));
        const string Nobody = "AAAAAAAAAAAAAAAAAAAAAQ";
        var answer = await AskAsync(player, "Metadata", 12, $$"""
            {"topics": [{"topicId": "{{a}}", "name": null}, {"topicId": "{{Nobody}}", "name": null}, {"topicId": "{{a}}", "name": null},
              {"topicId": "AAAAAAAAAAAAAAAAAAAAAA", "name": "by-id-b"}],
              "allowAutoTopicCreation": false, "includeTopicAuthorizedOperations": false}
            """);
        Assert.Equal(
            [("by-id-a", a, 0), (null, Nobody, 100)],
            answer.Items("topics").Select(topic => (topic.Text("name"), topic.Text("topicId"), topic.Int("errorCode"))));
        Assert.NotEqual(a, b);
    }

    [Fact]
    public async Task An_id_of_a_topic_that_was_made_again_is_unknown()
    {
        using var player = new WirePlayer(node.Kafka);
        var first = await CreateAsync(player, "made-again");
        await AskAsync(player, "DeleteTopics", 1, """{"topicNames": ["made-again"], "timeoutMs": 1000}""");
        var second = await CreateAsync(player, "made-again");
        var answer = await AskAsync(player, "Metadata", 13, $$"""
            {"topics": [{"topicId": "{{first}}", "name": null}, {"topicId": "{{second}}", "name": null}],
              "allowAutoTopicCreation": false, "includeTopicAuthorizedOperations": false}
            """);
        Assert.Equal([100, 0], answer.Items("topics").Select(topic => topic.Int("errorCode")));
        answer = await AskAsync(player, "DeleteTopics", 6, $$"""
            {"topics": [{"name": null, "topicId": "{{first}}"}, {"name": null, "topicId": "{{second}}"}], "timeoutMs": 1000}
            """);
        Assert.Equal([100, 0], answer.Items("responses").Select(topic => topic.Int("errorCode")));
    }

    [Fact]
    public async Task Metadata_names_this_node_at_the_listener_that_was_asked_and_as_leader_and_controller()
    {
        using var player = new WirePlayer(node.Kafka);
        await CreateAsync(player, "leaders", 3);
        var answer = await AskAsync(player, "Metadata", 9, """
            {"topics": [{"name": "leaders"}], "allowAutoTopicCreation": false, "includeClusterAuthorizedOperations": false,
              "includeTopicAuthorizedOperations": false}
            """);
        var broker = Assert.Single(answer.Items("brokers"));
        Assert.Equal((1, "127.0.0.1", node.Kafka.Port), (broker.Int("nodeId"), broker.Text("host"), broker.Int("port")));
        Assert.Equal(1, answer.Int("controllerId"));
        Assert.False(string.IsNullOrEmpty(answer.Text("clusterId")));
        Assert.All(answer.Items("topics").Single().Items("partitions"), partition => Assert.Equal((1, -1), (partition.Int("leaderId"), partition.Int("leaderEpoch"))));
    }

    [Fact]
    public async Task A_topic_that_is_created_for_a_request_for_metadata_is_in_its_answer_unless_the_client_forbids_it()
    {
        using var player = new WirePlayer(node.Kafka);
        Assert.Equal([3], (await AskMetadataAsync("false")).Items("topics").Select(topic => topic.Int("errorCode")));
        var created = (await AskMetadataAsync("true")).Items("topics").Single();
        Assert.Equal((0, 1), (created.Int("errorCode"), created.Items("partitions").Count()));

        Task<JsonNode> AskMetadataAsync(string allow) => AskAsync(
            player, "Metadata", 4, $$"""{"topics": [{"name": "by-itself"}], "allowAutoTopicCreation": {{allow}}}""");
    }

    [Fact]
    public async Task Partitions_of_all_topics_are_described_page_by_page()
    {
        using var player = new WirePlayer(node.Kafka);
        await CreateAsync(player, "pages-a", 3);
        await CreateAsync(player, "pages-b", 2);
        List<(string?, int)> seen = [];
        for (var cursor = "null"; cursor != "done";)
        {
            var answer = await AskAsync(player, "DescribeTopicPartitions", 0, $$"""{"topics": [], "responsePartitionLimit": 2, "cursor": {{cursor}}}""");
            var page = answer.Items("topics").SelectMany(topic => topic.Items("partitions").Select(one => (topic.Text("name"), one.Int("partitionIndex")))).ToList();
            Assert.InRange(page.Count, 0, 2);
            seen.AddRange(page);
            cursor = answer["nextCursor"]?.ToJsonString() ?? "done";
        }

        Assert.Equal(
            [("pages-a", 0), ("pages-a", 1), ("pages-a", 2), ("pages-b", 0), ("pages-b", 1)],
            seen.Where(one => one.Item1!.StartsWith("pages-", StringComparison.Ordinal)));
        Assert.Equal(seen.Distinct(), seen);
    }

    [Fact]
    public async Task Changes_of_the_same_list_at_the_same_time_are_all_kept()
    {
        using var player = new WirePlayer(node.Kafka);
        await CreateAsync(player, "list");
        const string Setting = "leader.replication.throttled.replicas";
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => AskAsync(player, "IncrementalAlterConfigs", 1, $$"""
            {"resources": [{"resourceType": 2, "resourceName": "list", "configs": [{"name": "{{Setting}}", "configOperation": 2, "value": "{{i}}:1"}]}],
              "validateOnly": false}
            """)));
        Assert.All(answers, answer => Assert.Equal(0, answer.Items("responses").Single().Int("errorCode")));
        var described = await AskAsync(player, "DescribeConfigs", 1, $$"""
            {"resources": [{"resourceType": 2, "resourceName": "list", "configurationKeys": ["{{Setting}}"]}], "includeSynonyms": false}
            """);
        var value = described.Items("results").Single().Items("configs").Single().Text("value")!;
        Assert.Equal(["0:1", "1:1", "2:1", "3:1", "4:1", "5:1"], value.Split(',').Order());
    }

    [Fact]
    public async Task The_directory_of_logs_has_the_partitions_that_the_broker_leads()
    {
        using var player = new WirePlayer(node.Kafka);
        await CreateAsync(player, "sizes", 2);
        foreach (var topics in (string[])["""[{"topic": "sizes", "partitions": [1]}, {"topic": "sizes", "partitions": [0, 9]}, {"topic": "none", "partitions": [0]}]""", "null"])
        {
            var answer = await AskAsync(player, "DescribeLogDirs", 4, $$"""{"topics": {{topics}}}""");
            var directory = Assert.Single(answer.Items("results"));
            var partitions = directory.Items("topics").Single(topic => topic.Text("name") == "sizes").Items("partitions");
            Assert.Equal([(0, 0L), (1, 0L)], partitions.Select(one => (one.Int("partitionIndex"), one.Long("partitionSize"))).Order());
            Assert.DoesNotContain(directory.Items("topics"), topic => topic.Text("name") == "none");
        }
    }

    [Fact]
    public async Task Partitions_have_the_leader_that_they_should_have_and_stay_where_they_are()
    {
        using var player = new WirePlayer(node.Kafka);
        await CreateAsync(player, "placed");
        var elected = await AskAsync(player, "ElectLeaders", 2, """
            {"electionType": 0, "topicPartitions": [{"topic": "placed", "partitions": [0, 1]}, {"topic": "not-placed", "partitions": [0]}], "timeoutMs": 1000}
            """);
        Assert.Equal(
            [84, 3, 3], elected.Items("replicaElectionResults").SelectMany(topic => topic.Items("partitionResult")).Select(one => one.Int("errorCode")));
        var moved = await AskAsync(player, "AlterPartitionReassignments", 0, """
            {"timeoutMs": 1000, "topics": [{"name": "placed", "partitions": [{"partitionIndex": 0, "replicas": [1]}, {"partitionIndex": 0, "replicas": [9]},
              {"partitionIndex": 0, "replicas": [1, 1]}, {"partitionIndex": 0, "replicas": null}, {"partitionIndex": 1, "replicas": [1]}]}]}
            """);
        Assert.Equal([0, 39, 39, 85, 3], moved.Items("responses").SelectMany(topic => topic.Items("partitions")).Select(one => one.Int("errorCode")));
        var listed = await AskAsync(player, "ListPartitionReassignments", 0, """{"timeoutMs": 1000, "topics": null}""");
        Assert.Empty(listed.Items("topics"));
    }

    [Fact]
    public async Task Topics_and_brokers_have_settings_and_types_that_do_not_exist_are_refused()
    {
        using var player = new WirePlayer(node.Kafka);
        await CreateAsync(player, "set");
        var all = await AskAsync(player, "ListConfigResources", 1, """{"resourceTypes": []}""");
        Assert.Contains(all.Items("configResources"), one => (one.Text("resourceName"), one.Int("resourceType")) == ("set", 2));
        Assert.Contains(all.Items("configResources"), one => (one.Text("resourceName"), one.Int("resourceType")) == ("1", 4));
        var brokers = await AskAsync(player, "ListConfigResources", 1, """{"resourceTypes": [4]}""");
        Assert.Equal("1", brokers.Items("configResources").Single().Text("resourceName"));
        Assert.Equal(35, (await AskAsync(player, "ListConfigResources", 1, """{"resourceTypes": [77]}""")).Int("errorCode"));
    }

    private static async Task<string> CreateAsync(WirePlayer player, string name, int partitions = 1)
    {
        var answer = await AskAsync(player, "CreateTopics", 7, $$"""
            {"topics": [{"name": "{{name}}", "numPartitions": {{partitions}}, "replicationFactor": -1, "assignments": [], "configs": []}],
              "timeoutMs": 1000, "validateOnly": false}
            """);
        var topic = answer.Items("topics").Single();
        Assert.Equal(0, topic.Int("errorCode"));
        return topic.Text("topicId")!;
    }

    private static Task<JsonNode> AskAsync(WirePlayer player, string api, int version, string body) =>
        player.AskAsync("", api, version, JsonNode.Parse(body)!.AsObject());
}
