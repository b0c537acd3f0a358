using System.Net;
using System.Text;
using Loire.Model.Transactions;
using Loire.WebApi.Records.Produce;
using static Loire.WebApi.Tests.GroupTests;

namespace Loire.WebApi.Tests;

/// <summary>Produces that may be repeated, and those that expect an end of the log, before the real grains and the real store.</summary>
public sealed class IdempotentProduceTests(NodeFixture fixture) : IClassFixture<NodeFixture>
{
    private const string Json = "application/json";

    [Theory]
    [InlineData("application/json", """{"records":[{"value":"a"},{"value":"b"}]}""", """{"records":[{"value":"a"},{"value":"c"}]}""")]
    [InlineData("application/x-ndjson", "{\"value\":\"a\"}\n{\"value\":\"b\"}\n", "{\"value\":\"a\"}\n")]
    [InlineData("text/plain", "a\nb\n", "a\nc\n")]
    [InlineData("application/octet-stream", "a", "b")]
    public async Task The_same_key_with_the_same_body_gets_the_first_answer_and_another_body_is_refused(string type, string body, string other)
    {
        var node = await StartAsync(partitions: 3);
        var first = await ProduceAsync(node, "", type, body, "k1");
        Assert.Equal(HttpStatusCode.OK, first.Status);
        Assert.Equal(first.Text, (await ProduceAsync(node, "", type, body, "k1")).Text);
        Assert.Equal(first.Text, (await ProduceAsync(node, "", type, body, "\"k1\"")).Text);
        var count = await CountAsync(node, 3);
        await AssertProblem(ProduceAsync(node, "", type, other, "k1"), 422, "DUPLICATE_RESOURCE");
        Assert.Equal(count, await CountAsync(node, 3));

        // Another key, and no key, are other requests.
        Assert.Equal(HttpStatusCode.OK, (await ProduceAsync(node, "", type, body, "k2")).Status);
        Assert.Equal(HttpStatusCode.OK, (await ProduceAsync(node, "", type, body, null)).Status);
        Assert.Equal(3 * count, await CountAsync(node, 3));
    }

    [Fact]
    public async Task A_key_is_refused_with_another_body_also_where_that_goes_to_other_partitions()
    {
        var node = await StartAsync(partitions: 4);
        for (var key = 0; key < 8; key++)
        {
            await ProduceAsync(node, "", Json, """{"records":[{"value":"v","partition":1}]}""", $"k{key}");
            var refused = await ProduceAsync(node, "", Json, """{"records":[{"value":"v","partition":2},{"value":"v","partition":3}]}""", $"k{key}");
            Assert.Equal((HttpStatusCode.UnprocessableEntity, 0), (refused.Status, refused.Json.GetProperty("records_accepted").GetInt32()));
        }

        Assert.Equal(8, await CountAsync(node, 4));
    }

    [Fact]
    public async Task A_request_that_was_stored_in_some_partitions_is_completed_by_its_repetition()
    {
        await using var host = await FakeAsync(partitions: 3);
        var error = ErrorCode.KafkaStorageError;
        host.Cluster.Partition("t", 1).BeforeAppend = _ => Task.FromResult(error);
        const string body = """{"records":[{"value":"a","partition":0},{"value":"b","partition":1},{"value":"c","partition":2},{"value":"d","partition":1}]}""";
        var key = Enumerable.Range(0, 100).Select(i => $"k{i}").First(key => ProduceTermsHome(key, 3) != 1);
        var failed = await ProduceAsync(host, "", Json, body, key);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, 2, 1), (failed.Status, failed.Json.GetProperty("records_accepted").GetInt32(), failed.Json.GetProperty("acknowledged").GetInt32()));
        error = ErrorCode.None;
        await ProduceAsync(host, "?partition=1", "text/plain", "another", null);
        var first = await ProduceAsync(host, "", Json, body, key);
        Assert.Equal("""[{"partition":0,"offset":0},{"partition":1,"offset":1},{"partition":2,"offset":0},{"partition":1,"offset":2}]""", first.Json.GetProperty("records").GetRawText());
        Assert.Equal(first.Text, (await ProduceAsync(host, "", Json, body, key)).Text);
    }

    [Fact]
    public async Task An_answer_that_is_lost_within_the_cluster_is_asked_for_again()
    {
        await using var host = await FakeAsync(partitions: 1);
        host.Cluster.Partition("t", 0).AfterAppend = number => number < 2 ? throw new TimeoutException() : Task.CompletedTask;
        var answer = await ProduceAsync(host, "", "text/plain", "a", "k");
        Assert.Equal((HttpStatusCode.OK, 3), (answer.Status, host.Cluster.Partition("t", 0).Appends));
        Assert.Equal(0, answer.Json.GetProperty("partitions")[0].GetProperty("first_offset").GetInt32());
        Assert.Equal(1, (await ProduceAsync(host, "", "text/plain", "b", "other")).Json.GetProperty("partitions")[0].GetProperty("first_offset").GetInt32());
    }

    [Fact]
    public async Task The_outcome_of_a_conditional_append_without_an_answer_is_unknown()
    {
        await using var host = await FakeAsync(partitions: 1);
        host.Cluster.Partition("t", 0).AfterAppend = _ => throw new TimeoutException();
        await AssertProblem(ProduceAsync(host, "?partition=0&expected_offset=0", "text/plain", "a", null), 504, "REQUEST_TIMED_OUT");
        Assert.Equal(1, host.Cluster.Partition("t", 0).Appends);
    }

    [Fact]
    public async Task Keys_are_known_after_a_restart()
    {
        var data = Directory.CreateTempSubdirectory("loire-webapi-").FullName;
        try
        {
            string first;
            await using (var node = await NodeHost.StartAsync(data))
            {
                await node.PostAsync("/v1/topics", Json, """{"topic_name":"t","partitions_count":3}""");
                first = (await ProduceAsync(node, "", Json, Keyed, "k")).Text;
            }

            await using (var node = await NodeHost.StartAsync(data))
            {
                Assert.Equal(first, (await ProduceAsync(node, "", Json, Keyed, "k")).Text);
                Assert.Equal(20, await CountAsync(node, 3));
                await AssertProblem(ProduceAsync(node, "", Json, """{"records":[{"value":"v"}]}""", "k"), 422, "DUPLICATE_RESOURCE");
            }
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    [Fact]
    public async Task Of_the_same_request_many_times_at_once_one_is_stored_and_all_get_its_answer()
    {
        var node = await StartAsync(partitions: 3);
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => ProduceAsync(node, "", Json, Keyed, "k")));
        Assert.Equal(20, await CountAsync(node, 3));
        Assert.Equal(answers[0].Text, Assert.Single(answers.Select(answer => answer.Text).Distinct()));
    }

    [Fact]
    public async Task A_key_belongs_to_the_partition_that_the_request_names()
    {
        var node = await StartAsync(partitions: 2);
        var (first, other) = (await ProduceAsync(node, "?partition=0", "text/plain", "a", "k"), await ProduceAsync(node, "?partition=1", "text/plain", "b", "k"));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (first.Status, other.Status));
        Assert.Equal(first.Text, (await ProduceAsync(node, "?partition=0", "text/plain", "a", "k")).Text);
        await AssertProblem(ProduceAsync(node, "?partition=1", "text/plain", "a", "k"), 422, "DUPLICATE_RESOURCE");
    }

    [Fact]
    public async Task A_producer_repeats_and_continues_its_sequence_and_leaves_no_gap()
    {
        var node = await StartAsync(partitions: 1);
        var producer = (await node.PostAsync("/v1/producers", null, "")).Json;
        Assert.Equal(0, producer.GetProperty("producer_epoch").GetInt32());
        var id = producer.GetProperty("producer_id").GetInt64();
        Assert.NotEqual(id, (await node.PostAsync("/v1/producers", null, "")).Json.GetProperty("producer_id").GetInt64());

        var first = await ProduceAsync(node, $"?partition=0&producer_id={id}&base_sequence=0", "text/plain", "a\nb\n", null);
        Assert.Equal("""{"records_accepted":2,"acknowledged":2,"partitions":[{"partition":0,"records_accepted":2,"first_offset":0,"last_offset":1}]}""", first.Text);
        Assert.Equal(first.Text, (await ProduceAsync(node, $"?partition=0&producer_id={id}&base_sequence=0", "text/plain", "a\nb\n", null)).Text);
        await AssertProblem(ProduceAsync(node, $"?partition=0&producer_id={id}&base_sequence=3", "text/plain", "c", null), 409, "OUT_OF_ORDER_SEQUENCE_NUMBER");
        Assert.Equal(HttpStatusCode.OK, (await ProduceAsync(node, $"?partition=0&producer_id={id}&base_sequence=2", "text/plain", "c", null)).Status);
        Assert.Equal(HttpStatusCode.OK, (await ProduceAsync(node, $"?partition=0&producer_id={id}&producer_epoch=1&base_sequence=0", "text/plain", "d", null)).Status);
        await AssertProblem(ProduceAsync(node, $"?partition=0&producer_id={id}&base_sequence=3", "text/plain", "e", null), 409, "INVALID_PRODUCER_EPOCH");
        Assert.Equal(4, await CountAsync(node, 1));
    }

    [Fact]
    public async Task An_append_that_expects_another_end_gets_the_end_and_one_that_follows_it_is_stored()
    {
        var node = await StartAsync(partitions: 1);
        var first = await ExpectAsync(node, "\"0\"", "a");
        Assert.Equal((HttpStatusCode.OK, "\"1\""), (first.Status, first.Header("ETag")));
        var late = await ExpectAsync(node, "\"0\"", "b");
        Assert.Equal((HttpStatusCode.PreconditionFailed, "\"1\"", 1), (late.Status, late.Header("ETag"), late.Json.GetProperty("end_offset").GetInt32()));
        Assert.Equal("OFFSET_OUT_OF_RANGE", late.Json.GetProperty("code").GetString());
        Assert.Equal(HttpStatusCode.OK, (await ExpectAsync(node, late.Header("ETag"), "b")).Status);
        await AssertProblem(ProduceAsync(node, "?partition=0&expected_offset=7", "text/plain", "c", null), 412, "OFFSET_OUT_OF_RANGE");
        Assert.Equal(HttpStatusCode.OK, (await ProduceAsync(node, "?partition=0&expected_offset=2", "text/plain", "c", null)).Status);

        // With a key, what was stored is no conflict with itself.
        var keyed = await ProduceAsync(node, "?partition=0&expected_offset=3", "text/plain", "d", "k");
        Assert.Equal((HttpStatusCode.OK, keyed.Text), ((await ProduceAsync(node, "?partition=0&expected_offset=3", "text/plain", "d", "k")).Status, keyed.Text));
        Assert.Equal(4, await CountAsync(node, 1));
    }

    [Fact]
    public async Task Of_writers_that_expect_the_same_end_one_wins()
    {
        var node = await StartAsync(partitions: 1);
        for (var end = 0; end < 10; end++)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(writer => ExpectAsync(node, $"\"{end}\"", $"{writer}")));
            Assert.Equal(1, answers.Count(answer => answer.Status == HttpStatusCode.OK));
            Assert.All(answers, answer => Assert.Equal($"\"{end + 1}\"", answer.Header("ETag")));
        }
    }

    [Theory]
    [InlineData("?partition=0&producer_id=5", null, "text/plain")]
    [InlineData("?partition=0&base_sequence=5", null, "text/plain")]
    [InlineData("?partition=0&producer_epoch=5", null, "text/plain")]
    [InlineData("?producer_id=5&base_sequence=0", null, "text/plain")]
    [InlineData("?partition=0&producer_id=4611686018427387904&base_sequence=0", null, "text/plain")]
    [InlineData("?partition=0&producer_id=5&base_sequence=0", "k", "text/plain")]
    [InlineData("?expected_offset=0", null, "text/plain")]
    [InlineData("?partition=0&expected_offset=-1", null, "text/plain")]
    [InlineData("?acks=1", "k", "text/plain")]
    [InlineData("", "", "text/plain")]
    [InlineData("", "a\tb", "text/plain")]
    [InlineData("?partition=0", "k", "application/vnd.loire.record-batches")]
    public async Task Terms_that_contradict_each_other_are_refused(string query, string? key, string type)
    {
        await using var node = await ApiHost.StartAsync();
        node.Cluster.AddTopic("t");
        await AssertProblem(ProduceAsync(node, query, type, "a", key), 400, "INVALID_REQUEST");
        Assert.Equal(0, node.Cluster.Partition("t", 0).Appends);
    }

    [Fact]
    public async Task A_body_without_records_has_nothing_to_be_repeated()
    {
        var node = await StartAsync(partitions: 1);
        await AssertProblem(ProduceAsync(node, "", Json, """{"records":[]}""", "k"), 400, "INVALID_REQUEST");
        await AssertProblem(ProduceAsync(node, "", "application/x-ndjson", "{\"value\":1}\n{\"x\":1}\n", "k"), 400, "INVALID_REQUEST");
        Assert.Equal(0, await CountAsync(node, 1));
    }

    [Fact]
    public async Task Nothing_is_sent_to_a_cluster_whose_nodes_may_not_take_notice()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        await AssertProblem(ProduceAsync(host, "", "text/plain", "a", "k"), 400, "UNSUPPORTED_VERSION");
        await AssertProblem(ProduceAsync(host, "?partition=0&expected_offset=0", "text/plain", "a", null), 400, "UNSUPPORTED_VERSION");
        Assert.Equal(0, host.Cluster.Partition("t", 0).Appends);
    }

    private static string Keyed => $$"""{"records":[{{string.Join(',', Enumerable.Range(0, 20).Select(i => $$"""{"key":"{{i}}","value":{{i}}}"""))}}]}""";

    /// <summary>The node that all tests share, with the topic <c>t</c> created again.</summary>
    private async Task<NodeHost> StartAsync(int partitions)
    {
        await fixture.Node.SendAsync(HttpMethod.Delete, "/v1/topics/t", null, null);
        var created = await fixture.Node.PostAsync("/v1/topics", Json, $$"""{"topic_name":"t","partitions_count":{{partitions}}}""");
        Assert.Equal(HttpStatusCode.Created, created.Status);
        return fixture.Node;
    }

    private static Task<Answered> ProduceAsync(IServed host, string query, string type, string body, string? key) => host.SendAsync(
        HttpMethod.Post, $"/v1/topics/t/records{query}", type, Encoding.UTF8.GetBytes(body), "application/json",
        key is null ? [] : [("Idempotency-Key", key)]);

    private static Task<Answered> ExpectAsync(IServed host, string tag, string body) => host.SendAsync(
        HttpMethod.Post, "/v1/topics/t/records?partition=0", "text/plain", Encoding.UTF8.GetBytes(body), null, ("If-Match", tag));

    /// <summary>The partition that learns of a key first.</summary>
    private static int ProduceTermsHome(string key, int partitions) => new ProduceTerms(key, ProducerIdentity.None, -1, null).HomeOf(partitions);

    private static async Task<ApiHost> FakeAsync(int partitions)
    {
        var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", partitions);
        host.Cluster.Description = host.Cluster.Description with { FeatureLevel = 5 };
        return host;
    }

    private static async Task<int> CountAsync(IServed node, int partitions)
    {
        var count = 0;
        for (var partition = 0; partition < partitions; partition++)
        {
            count += (await node.GetAsync($"/v1/topics/t/partitions/{partition}/records?max_wait_ms=0", "application/x-ndjson")).Lines.Length;
        }

        return count;
    }
}
