using System.Net;
using System.Text;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model.Transactions;
using static Loire.WebApi.Tests.GroupTests;

namespace Loire.WebApi.Tests;

/// <summary>Transactions that a node runs for clients of HTTP, before the real grains and the real store.</summary>
public sealed class RunTransactionTests
{
    private const string Json = "application/json";

    private static string One => OneOf("b");

    [Fact]
    public async Task Records_of_several_topics_and_offsets_of_groups_count_together()
    {
        await using var node = await StartAsync();
        for (var round = 0; round < 3; round++)
        {
            var answer = await RunAsync(node, $$$"""
                {"groups":[{"group_id":"g","offsets":[{"topic_name":"a","partition":0,"offset":{{{round + 5}}}}]},{"group_id":"h","offsets":[{"topic_name":"b","partition":0,"offset":1}]}],
                 "topics":[{"records":[{"value":"1","partition":0},{"key":"x","value":{"y":[1]}},{"value":"2","partition":1}],"topic_name":"a"},{"topic_name":"b","records":[{"value":null}]}]}
                """);
            Assert.Equal((HttpStatusCode.OK, "committed"), (answer.Status, answer.Json.GetProperty("outcome").GetString()));
            var topics = answer.Json.GetProperty("topics");
            Assert.Equal(("a", 3, "b", 1), (
                topics[0].GetProperty("topic_name").GetString(), topics[0].GetProperty("records_accepted").GetInt32(),
                topics[1].GetProperty("topic_name").GetString(), topics[1].GetProperty("records").GetArrayLength()));
            foreach (var record in topics[0].GetProperty("records").EnumerateArray())
            {
                var (partition, offset) = (record.GetProperty("partition").GetInt32(), record.GetProperty("offset").GetInt64());
                await Until.TrueAsync(async () => (await CommittedAsync(node, "a", partition)).Contains(offset));
            }
        }

        await Until.TrueAsync(async () => (await node.GetAsync("/v1/groups/g/offsets")).Json[0].GetProperty("offset").GetInt64() == 7);
        Assert.Equal(1, (await node.GetAsync("/v1/groups/h/offsets")).Json[0].GetProperty("offset").GetInt64());

        // One transactional id serves one request after the other.
        Assert.Equal("__http-0-0", Assert.Single((await node.GetAsync("/v1/transactions")).Json.EnumerateArray()).GetProperty("transactional_id").GetString());
    }

    [Fact]
    public async Task Nothing_counts_if_a_part_is_refused()
    {
        await using var node = await StartAsync();
        await node.PostAsync("/v1/topics", Json, """{"topic_name":"compacted","partitions_count":1,"configs":[{"name":"cleanup.policy","value":"compact"}]}""");
        var refused = await AssertProblem(
            RunAsync(node, """{"topics":[{"topic_name":"a","records":[{"value":"1","partition":0}]},{"topic_name":"compacted","records":[{"value":"no key"}]}]}"""),
            400, "INVALID_RECORD");
        Assert.Equal(("aborted", "compacted"), (refused.GetProperty("outcome").GetString(), refused.GetProperty("topic_name").GetString()));

        // A member that the group does not have.
        refused = await AssertProblem(
            RunAsync(node, """{"topics":[{"topic_name":"a","records":[{"value":"1","partition":0}]}],"groups":[{"group_id":"g","member_id":"m","member_epoch":3,"offsets":[{"topic_name":"a","partition":0,"offset":1}]}]}"""),
            409, "ILLEGAL_GENERATION");
        Assert.Equal("aborted", refused.GetProperty("outcome").GetString());

        var good = await RunAsync(node, """{"topics":[{"topic_name":"a","records":[{"value":"2","partition":0}]}]}""");
        Assert.Equal(HttpStatusCode.OK, good.Status);
        var offset = good.Json.GetProperty("topics")[0].GetProperty("records")[0].GetProperty("offset").GetInt64();
        await Until.TrueAsync(async () => (await CommittedAsync(node, "a", 0)) is [var only] && only == offset);
        await AssertProblem(node.GetAsync("/v1/groups/g/offsets"), 404, "GROUP_ID_NOT_FOUND");
    }

    [Fact]
    public async Task Many_transactions_at_once_share_the_ids_that_a_node_may_use()
    {
        await using var node = await StartAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 32).Select(i =>
            RunAsync(node, $$"""{"topics":[{"topic_name":"a","records":[{"key":"{{i}}","value":"{{i}}"}]},{"topic_name":"b","records":[{"value":"{{i}}"}]}]}""")));
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        await Until.TrueAsync(async () => (await CommittedAsync(node, "b", 0)).Length == 32);
    }

    [Fact]
    public async Task A_node_whose_id_was_taken_over_says_that_the_transaction_is_aborted_and_goes_on()
    {
        await using var node = await StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await RunAsync(node, One)).Status);
        var other = await node.Grains.GetGrain<ITransactionGrain>("__http-0-0").Init(new InitProducerRequest(TimeSpan.FromMinutes(1), ProducerIdentity.None));
        Assert.Equal(ErrorCode.None, other.Error);
        var refused = await RunAsync(node, One);
        Assert.Equal((HttpStatusCode.Conflict, "aborted"), (refused.Status, refused.Json.GetProperty("outcome").GetString()));
        Assert.Equal(HttpStatusCode.OK, (await RunAsync(node, One)).Status);
        await Until.TrueAsync(async () => (await CommittedAsync(node, "b", 0)).Length == 2);
    }

    [Theory]
    [InlineData(ErrorCode.None, "unknown", 504)]
    [InlineData(ErrorCode.CoordinatorNotAvailable, "unknown", 503)]
    [InlineData(ErrorCode.ProducerFenced, "aborted", 409)]
    [InlineData(ErrorCode.InvalidTxnState, "aborted", 409)]
    public async Task A_commit_that_fails_says_what_is_known_and_the_next_transaction_begins_anew(ErrorCode error, string outcome, int status)
    {
        await using var host = await ApiHost.StartAsync(options => (options.CallPatience, options.NodeName) = (TimeSpan.Zero, "n"));
        Array.ForEach(["b", "c", "d"], topic => host.Cluster.AddTopic(topic));
        var coordinator = host.Cluster.Transaction("__http-n-0");
        coordinator.OnEnd = request => error == ErrorCode.None
            ? throw new TimeoutException()
            : Task.FromResult(new EndTransactionResult(error, ProducerIdentity.None, null));
        var answer = await RunAsync(host, One);
        Assert.Equal((status, outcome), ((int)answer.Status, answer.Json.GetProperty("outcome").GetString()));
        coordinator.OnEnd = null;
        Assert.Equal((1, HttpStatusCode.OK, 2), (coordinator.Inits, (await RunAsync(host, OneOf("c"))).Status, coordinator.Inits));
        Assert.Equal((HttpStatusCode.OK, 2), ((await RunAsync(host, OneOf("d"))).Status, coordinator.Inits));
    }

    [Fact]
    public async Task A_commit_whose_answer_was_lost_is_asked_for_again()
    {
        await using var host = await ApiHost.StartAsync(options => options.NodeName = "n");
        Array.ForEach(["b", "c"], topic => host.Cluster.AddTopic(topic));
        var calls = 0;
        host.Cluster.Transaction("__http-n-0").OnEnd = request => ++calls < 3
            ? throw new TimeoutException()
            : Task.FromResult(new EndTransactionResult(ErrorCode.None, request.Producer with { Epoch = 11 }, null));
        Assert.Equal(HttpStatusCode.OK, (await RunAsync(host, One)).Status);

        // Fenced after an attempt without an answer: it may have committed before.
        host.Cluster.Transaction("__http-n-0").OnEnd = request => ++calls == 4
            ? throw new TimeoutException()
            : Task.FromResult(new EndTransactionResult(ErrorCode.ProducerFenced, ProducerIdentity.None, null));
        var answer = await RunAsync(host, OneOf("c"));
        Assert.Equal((HttpStatusCode.Conflict, "unknown"), (answer.Status, answer.Json.GetProperty("outcome").GetString()));
    }

    [Fact]
    public async Task Beyond_the_transactions_that_a_node_runs_a_request_is_refused()
    {
        await using var host = await ApiHost.StartAsync(options => (options.MaxTransactions, options.MemoryWait, options.NodeName) = (1, TimeSpan.Zero, "n"));
        host.Cluster.AddTopic("b");
        var (began, ends) = (new TaskCompletionSource(), new TaskCompletionSource<EndTransactionResult>());
        host.Cluster.Transaction("__http-n-0").OnEnd = _ =>
        {
            began.SetResult();
            return ends.Task;
        };
        var first = RunAsync(host, One);
        await began.Task;
        await AssertProblem(RunAsync(host, One), 429, "THROTTLING_QUOTA_EXCEEDED");
        ends.SetResult(new EndTransactionResult(ErrorCode.None, new ProducerIdentity(100, 11), null));
        Assert.Equal(HttpStatusCode.OK, (await first).Status);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("{\"topics\":[]}")]
    [InlineData("{\"topics\":{}}")]
    [InlineData("{\"topics\":[1]}")]
    [InlineData("{\"topics\":[{\"topic_name\":\"b\"}]}")]
    [InlineData("{\"topics\":[{\"records\":[]}]}")]
    [InlineData("{\"topics\":[{\"topic_name\":1,\"records\":[]}]}")]
    [InlineData("{\"topics\":[{\"topic_name\":\"b\",\"records\":[{}]}]}")]
    [InlineData("{\"topics\":[{\"topic_name\":\"b\",\"records\":[1]}]}")]
    [InlineData("{\"topics\":[{\"topic_name\":\"b\",\"records\":[],\"x\":1}]}")]
    [InlineData("{\"topics\":[{\"topic_name\":\"b\",\"records\":[]},{\"topic_name\":\"b\",\"records\":[]}]}")]
    [InlineData("{\"topics\":[{\"topic_name\":\"b\",\"records\":[{\"value\":1}]}]} x")]
    [InlineData("{\"topics\":[{\"topic_name\":\"b\",\"records\":[{\"value\":1}]}")]
    [InlineData("{\"topics\":[],\"topics\":[]}")]
    [InlineData("{\"topics\":[{\"topic_name\":\"b\",\"records\":[]}]}")]
    [InlineData("{\"groups\":null}")]
    [InlineData("{\"groups\":[null]}")]
    [InlineData("{\"groups\":[{\"group_id\":\"g\",\"offsets\":[]}]}")]
    [InlineData("{\"groups\":[{\"group_id\":\"g\",\"offsets\":[{\"topic_name\":\"b\",\"partition\":0,\"offset\":-1}]}]}")]
    [InlineData("{\"groups\":[{\"group_id\":\"g\",\"member_id\":\"m\",\"offsets\":[{\"topic_name\":\"b\",\"partition\":0,\"offset\":1}]}]}")]
    [InlineData("{\"groups\":[{\"group_id\":\"g\",\"offsets\":[{\"topic_name\":\"b\",\"partition\":0,\"offset\":1}]},{\"group_id\":\"g\",\"offsets\":[{\"topic_name\":\"b\",\"partition\":0,\"offset\":1}]}]}")]
    public async Task A_body_that_is_wrong_anywhere_begins_nothing(string body)
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("b");
        await AssertProblem(RunAsync(host, body), 400, "INVALID_REQUEST");
        Assert.Equal(0, host.Cluster.Partition("b", 0).Appends);
    }

    [Fact]
    public async Task Bounds_and_names_are_checked_before_anything_begins()
    {
        await using var host = await ApiHost.StartAsync(options => (options.MaxJsonProduceRecords, options.MaxTransactionTopics) = (2, 2));
        host.Cluster.AddTopic("a");
        host.Cluster.AddTopic("b");
        await AssertProblem(
            RunAsync(host, """{"topics":[{"topic_name":"a","records":[{"value":1},{"value":1}]},{"topic_name":"b","records":[{"value":1}]}]}"""), 413, "RECORD_LIST_TOO_LARGE");
        await AssertProblem(
            RunAsync(host, """{"topics":[{"topic_name":"a","records":[]},{"topic_name":"b","records":[]},{"topic_name":"c","records":[]}]}"""), 400, "INVALID_REQUEST");
        await AssertProblem(RunAsync(host, """{"topics":[{"topic_name":"none","records":[{"value":1}]}]}"""), 404, "UNKNOWN_TOPIC_OR_PARTITION");
        await AssertProblem(RunAsync(host, """{"topics":[{"topic_name":"a","records":[{"value":1,"partition":1}]}]}"""), 404, "UNKNOWN_TOPIC_OR_PARTITION");
        await AssertProblem(
            RunAsync(host, """{"groups":[{"group_id":"g","offsets":[{"topic_name":"none","partition":0,"offset":1}]}]}"""), 404, "UNKNOWN_TOPIC_OR_PARTITION");
        await AssertProblem(
            host.SendAsync(HttpMethod.Post, "/v1/transactions", Json, "{}"u8.ToArray(), null, ("Idempotency-Key", "k")), 400, "INVALID_REQUEST");
        await AssertProblem(host.PostAsync("/v1/transactions", "text/plain", "{}"), 415, "INVALID_REQUEST");
        Assert.Equal((0, 0), (host.Cluster.Partition("a", 0).Appends, host.Cluster.Partition("b", 0).Appends));
    }

    private static async Task<NodeHost> StartAsync()
    {
        var node = await NodeHost.StartAsync();
        await node.PostAsync("/v1/topics", Json, """{"topic_name":"a","partitions_count":2}""");
        await node.PostAsync("/v1/topics", Json, """{"topic_name":"b","partitions_count":1}""");
        return node;
    }

    // A fake partition keeps a transaction open, so each has a topic of its own there.
    private static string OneOf(string topic) => $$"""{"topics":[{"topic_name":"{{topic}}","records":[{"value":"1"}]}]}""";

    private static Task<Answered> RunAsync(IServed host, string body) => host.SendAsync(HttpMethod.Post, "/v1/transactions", Json, Encoding.UTF8.GetBytes(body));

    private static async Task<long[]> CommittedAsync(IServed node, string topic, int partition) =>
        [.. (await node.GetAsync($"/v1/topics/{topic}/partitions/{partition}/records?max_wait_ms=0&isolation=read_committed", "application/x-ndjson"))
            .Lines.Select(line => line.GetProperty("offset").GetInt64())];
}
