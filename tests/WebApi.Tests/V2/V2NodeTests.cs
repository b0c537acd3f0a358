using System.Net;
using System.Text;
using System.Text.Json;
using Loire.WebApi.RestProxy.Consumers;
using static Loire.WebApi.Tests.V2.V2Client;

namespace Loire.WebApi.Tests.V2;

/// <summary>
/// The requests that the quick starts of each server of the dialect have their readers send, header by header as curl sends them, to a whole
/// node: who comes from there must find that everything still works.
/// </summary>
public sealed class V2NodeTests
{
    [Fact]
    public async Task Confluents_quick_start_works_and_who_comes_next_goes_on_behind_what_was_committed()
    {
        await using var node = await NodeHost.StartAsync();
        await CreateTopicAsync(node, "jsontest", 1);
        var produced = await CurlAsync(
            node, "POST", "/topics/jsontest", """{"records":[{"value":{"foo":"bar"}},{"value":{"foo":"baz"}},{"key":"k","value":3}]}""", Json, Document);
        Assert.Equal(
            """{"offsets":[{"partition":0,"offset":0,"error_code":null,"error":null},{"partition":0,"offset":1,"error_code":null,"error":null},"""
                + """{"partition":0,"offset":2,"error_code":null,"error":null}],"key_schema_id":null,"value_schema_id":null}""",
            produced.Text);

        const string Create = """{"name": "my_consumer_instance", "format": "json", "auto.offset.reset": "earliest", "auto.commit.enable": "false"}""";
        var made = await CurlAsync(node, "POST", "/consumers/my_json_consumer", Create);
        var uri = made.Json.GetProperty("base_uri").GetString()!;
        Assert.Equal($"{node.Address}consumers/my_json_consumer/instances/my_consumer_instance", uri);
        Assert.Equal(HttpStatusCode.NoContent, (await CurlAsync(node, "POST", $"{uri}/subscription", """{"topics":["jsontest"]}""")).Status);
        var records = await ReadAsync(node, uri, 3);
        Assert.Equal("""["{"foo":"bar"}","{"foo":"baz"}","3"]""", $"[{string.Join(',', records.Select(record => $"\"{record.GetProperty("value").GetRawText()}\""))}]");
        Assert.Equal(
            ["topic", "key", "value", "partition", "offset", "timestamp"], records[2].EnumerateObject().Select(member => member.Name));
        Assert.Equal("""{"partitions":[{"topic":"jsontest","partition":0}]}""", (await CurlAsync(node, "GET", $"{uri}/assignments")).Text);

        // The last record that was read is 1, so the next one is 2.
        const string Commit = """{"offsets": [{"topic": "jsontest", "partition": 0, "offset": 1}]}""";
        var committed = await CurlAsync(node, "POST", $"{uri}/offsets", Commit);
        Assert.Equal((HttpStatusCode.OK, "[]"), (committed.Status, committed.Text));
        const string Which = """{"partitions": [{"topic": "jsontest", "partition": 0}]}""";
        Assert.Equal(
            """{"offsets":[{"topic":"jsontest","partition":0,"offset":2,"metadata":""}]}""", (await CurlAsync(node, "GET", $"{uri}/offsets", Which)).Text);
        Assert.Equal(HttpStatusCode.NoContent, (await CurlAsync(node, "POST", $"{uri}/positions/beginning", Which)).Status);
        Assert.Equal(3, (await ReadAsync(node, uri, 3)).Count);
        Assert.Equal(HttpStatusCode.NoContent, (await CurlAsync(node, "DELETE", uri, "")).Status);
        AssertError(await CurlAsync(node, "GET", $"{uri}/assignments"), 404, 40403);

        uri = (await CurlAsync(node, "POST", "/consumers/my_json_consumer", Create.Replace("my_c", "another_c", StringComparison.Ordinal)))
            .Json.GetProperty("base_uri").GetString()!;
        await CurlAsync(node, "POST", $"{uri}/subscription", """{"topics":["jsontest"]}""");
        Assert.Equal(2, Assert.Single(await ReadAsync(node, uri, 1)).GetProperty("offset").GetInt64());
    }

    [Fact]
    public async Task Strimzis_quick_start_works_where_commits_are_set_to_its_meaning()
    {
        await using var node = await NodeHost.StartAsync(configure: options => options.V2Commits = CommitMeaning.NextToRead);
        Assert.Equal(
            HttpStatusCode.Created,
            (await CurlAsync(node, "POST", "/admin/topics", """{"topic_name": "bridge-quickstart-topic", "partitions_count": 3, "replication_factor": 1}""")).Status);
        const string Create = """
            {
              "name": "bridge-quickstart-consumer",
              "auto.offset.reset": "earliest",
              "format": "json",
              "enable.auto.commit": false,
              "fetch.min.bytes": 16,
              "consumer.request.timeout.ms": 30000
            }
            """;
        const string Uri = "/consumers/bridge-quickstart-consumer-group/instances/bridge-quickstart-consumer";
        Assert.Equal(HttpStatusCode.OK, (await CurlAsync(node, "POST", "/consumers/bridge-quickstart-consumer-group", Create)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await CurlAsync(node, "POST", $"{Uri}/subscription", """{"topics": ["bridge-quickstart-topic"]}""")).Status);
        const string Produce = """{"records": [{"key": "my-key", "value": "sales-lead-0001", "partition": 1}, {"value": "sales-lead-0002", "partition": 2}, {"value": "sales-lead-0003", "partition": 0}]}""";
        Assert.Equal(3, (await CurlAsync(node, "POST", "/topics/bridge-quickstart-topic", Produce, Json)).Json.GetProperty("offsets").GetArrayLength());
        const string ToOne = """{"records": [{"key": "my-key", "value": "sales-lead-0004", "headers": [{"key": "trace", "value": "AQI="}]}]}""";
        Assert.Equal(HttpStatusCode.OK, (await CurlAsync(node, "POST", "/topics/bridge-quickstart-topic/partitions/2", ToOne, Json)).Status);
        var records = await ReadAsync(node, Uri, 4);
        Assert.Equal("AQI=", records.Single(record => record.TryGetProperty("headers", out _)).GetProperty("headers")[0].GetProperty("value").GetString());

        // curl without data sends neither a body nor a type.
        Assert.Equal(HttpStatusCode.NoContent, (await CurlAsync(node, "POST", $"{Uri}/offsets", type: null)).Status);
        Assert.Equal(4, await CommittedAsync(node, Uri, "bridge-quickstart-topic", 3));
        const string Commit = """{"offsets": [{"topic": "bridge-quickstart-topic", "partition": 2, "offset": 1}]}""";
        Assert.Equal(HttpStatusCode.NoContent, (await CurlAsync(node, "POST", $"{Uri}/offsets", Commit)).Status);
        Assert.Equal(1, await CommittedAsync(node, Uri, "bridge-quickstart-topic", 3, only: 2));
        Assert.Equal(HttpStatusCode.NoContent, (await CurlAsync(node, "POST", $"{Uri}/positions", Commit)).Status);
        Assert.Equal(1, (await ReadAsync(node, Uri, 1))[0].GetProperty("offset").GetInt64());
        const string End = """{"partitions": [{"topic": "bridge-quickstart-topic", "partition": 2}]}""";
        Assert.Equal(HttpStatusCode.NoContent, (await CurlAsync(node, "POST", $"{Uri}/positions/end", End)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await CurlAsync(node, "DELETE", Uri)).Status);
    }

    [Fact]
    public async Task Redpandas_quick_start_works_but_for_what_a_commit_means()
    {
        await using var node = await NodeHost.StartAsync();
        await CreateTopicAsync(node, "test_topic", 3);
        const string Produce = """{"records": [{"value": "cmVkcGFuZGE=", "partition": 0}, {"value": "cGFuZGFwcm94eQ==", "partition": 1}, {"value": "bGFzdA==", "partition": 2}]}""";
        Assert.Equal(3, (await CurlAsync(node, "POST", "/topics/test_topic", Produce, Binary)).Json.GetProperty("offsets").GetArrayLength());
        var read = await CurlAsync(node, "GET", "/topics/test_topic/partitions/1/records?offset=0&timeout=1000&max_bytes=100000", accept: Binary);
        Assert.Equal("cGFuZGFwcm94eQ==", read.Json[0].GetProperty("value").GetString());

        const string Create =
            """{"format": "json", "name": "test_consumer", "auto.offset.reset": "earliest", "auto.commit.enable": "false", "fetch.min.bytes": "1", "consumer.request.timeout.ms": "10000"}""";
        Assert.Equal(HttpStatusCode.OK, (await CurlAsync(node, "POST", "/consumers/test_group", Create)).Status);
        const string Uri = "/consumers/test_group/instances/test_consumer";
        Assert.Equal(HttpStatusCode.NoContent, (await CurlAsync(node, "POST", $"{Uri}/subscription", """{"topics": ["test_topic"]}""")).Status);

        // These records are no JSON: the error names the first, and the instance can be made again in another format.
        Answered refused;
        do
        {
            refused = await CurlAsync(node, "GET", $"{Uri}/records?timeout=1000&max_bytes=100000", accept: Json);
        }
        while (refused.Status == HttpStatusCode.OK);
        AssertError(refused, 500, 50002, Json);
        Assert.Equal(HttpStatusCode.NoContent, (await CurlAsync(node, "DELETE", Uri)).Status);
        await CurlAsync(node, "POST", "/consumers/test_group", Create.Replace("json", "binary", StringComparison.Ordinal));
        await CurlAsync(node, "POST", $"{Uri}/subscription", """{"topics": ["test_topic"]}""");
        Assert.Equal(3, (await ReadAsync(node, Uri, 3, Binary)).Count);
        const string Commit = """{"partitions": [{"topic": "test_topic", "partition": 0, "offset": 0}]}""";
        Assert.Equal(HttpStatusCode.OK, (await CurlAsync(node, "POST", $"{Uri}/offsets", Commit)).Status);
        Assert.Equal(1, await CommittedAsync(node, Uri, "test_topic", 3));
    }

    [Fact]
    public async Task An_instance_outlives_its_node_and_goes_on_behind_what_it_committed()
    {
        await using var node = await NodeHost.StartAsync();
        await CreateTopicAsync(node, "t", 1);
        await CurlAsync(node, "POST", "/topics/t", """{"records":[{"value":"a"},{"value":"b"}]}""", Text);
        await CurlAsync(node, "POST", "/consumers/g", """{"name":"i","format":"text","auto.offset.reset":"earliest","auto.commit.enable":false}""");
        await CurlAsync(node, "POST", $"{Instance}/subscription", """{"topics":["t"]}""");
        await ReadAsync(node, Instance, 2, Text);
        await CurlAsync(node, "POST", $"{Instance}/offsets", """{"offsets":[{"topic":"t","partition":0,"offset":0}]}""");
        await node.StopAsync();

        await using var again = await NodeHost.StartAsync(node.Data);
        Assert.Equal("b", (await ReadAsync(again, Instance, 1, Text))[0].GetProperty("value").GetString());
        AssertError(await CurlAsync(again, "POST", "/consumers/g", """{"name":"i"}"""), 409, 40902);
        Assert.Equal(HttpStatusCode.NoContent, (await CurlAsync(again, "DELETE", Instance)).Status);
    }

    private static Task<Answered> CurlAsync(
        IServed node, string method, string path, string? body = null, string? type = Document, string accept = "*/*") => node.SendAsync(
            new HttpMethod(method),
            path,
            type,
            body is null ? null : Encoding.UTF8.GetBytes(body),
            accept,
            ("User-Agent", "curl/7.88.1"));

    private static async Task CreateTopicAsync(IServed node, string name, int partitions) =>
        Assert.Equal(
            HttpStatusCode.Created,
            (await node.PostAsync("/v1/topics", "application/json", $$"""{"topic_name":"{{name}}","partitions_count":{{partitions}}}""")).Status);

    // The first answers may be empty: the group has to assign the partitions, and they are fetched one by one.
    private static async Task<List<JsonElement>> ReadAsync(IServed node, string uri, int count, string accept = Json)
    {
        var records = new List<JsonElement>();
        await Until.TrueAsync(async () =>
        {
            var answer = await CurlAsync(node, "GET", $"{uri}/records?timeout=200&max_bytes=300000", accept: accept);
            Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
            records.AddRange(answer.Json.EnumerateArray());
            return records.Count >= count;
        });
        Assert.Equal(count, records.Count);
        return records;
    }

    // The sum of the committed offsets of all partitions, or of one.
    private static async Task<long> CommittedAsync(IServed node, string uri, string topic, int partitions, int? only = null)
    {
        var which = Enumerable.Range(0, partitions).Where(partition => only is null || partition == only)
            .Select(partition => $$"""{"topic":"{{topic}}","partition":{{partition}}}""");
        var answer = await CurlAsync(node, "POST", $"{uri}/offsets:query", $$"""{"partitions":[{{string.Join(',', which)}}]}""");
        return answer.Json.GetProperty("offsets").EnumerateArray().Sum(offset => offset.GetProperty("offset").GetInt64());
    }
}
