using System.Net;
using System.Text;
using Loire.Model;

namespace Loire.WebApi.Tests;

/// <summary>The last record of a key, before fake partitions and before real ones.</summary>
public sealed class LatestTests
{
    private const string Json = "application/json";

    [Fact]
    public async Task Last_record_of_a_key_comes_as_json_or_its_value_as_it_is()
    {
        await using var host = await StartAsync();
        await ProduceAsync(host, """{"key":"a","value":"1"}""", """{"key":"b","value":"2"}""", """{"key":"a","value":"{\"n\":3}","headers":[{"name":"h","value":"v"}]}""");
        var answer = await host.GetAsync("/v1/topics/t/keys/a");
        Assert.Equal((HttpStatusCode.OK, Json), (answer.Status, answer.ContentType));
        Assert.Equal(("a", "{\"n\":3}"), (answer.Json.GetProperty("key").GetString(), answer.Json.GetProperty("value").GetString()));
        Assert.Equal((PartitionOf("a"), "h"), (answer.Json.GetProperty("partition").GetInt32(), answer.Json.GetProperty("headers")[0].GetProperty("name").GetString()));
        Assert.Equal("nosniff", answer.Header("X-Content-Type-Options"));
        Assert.Equal(3, (await host.GetAsync("/v1/topics/t/keys/a?value_format=json")).Json.GetProperty("value").GetProperty("n").GetInt32());

        var raw = await host.GetAsync("/v1/topics/t/keys/a", "application/octet-stream");
        Assert.Equal(("application/octet-stream", "{\"n\":3}", "a"), (raw.ContentType, raw.Text, raw.Header("Record-Key")));
        Assert.Equal(answer.Json.GetProperty("offset").GetInt64().ToString(System.Globalization.CultureInfo.InvariantCulture), raw.Header("Record-Offset"));
    }

    [Theory]
    [InlineData("a/b", "a%2Fb")]
    [InlineData("a%2Fb", "a%252Fb")]
    [InlineData("ä ?#", "%C3%A4%20%3F%23")]
    [InlineData("..", "Li4?key_encoding=base64url")]
    [InlineData("\u0001", "AQ?key_encoding=base64url")]
    public async Task Key_may_have_any_character(string key, string path)
    {
        await using var host = await StartAsync();
        await ProduceAsync(host, $$"""{"key":{{System.Text.Json.JsonSerializer.Serialize(key)}},"value":"found"}""");
        Assert.Equal("found", (await host.GetAsync($"/v1/topics/t/keys/{path}", "application/octet-stream")).Text);
    }

    [Fact]
    public async Task Key_without_a_value_is_not_found_and_the_detail_says_why()
    {
        await using var host = await StartAsync();
        await ProduceAsync(host, """{"key":"a","value":"1"}""", """{"key":"a","value":null}""");
        var deleted = await host.GetAsync("/v1/topics/t/keys/a");
        Assert.Equal((HttpStatusCode.NotFound, "RESOURCE_NOT_FOUND"), (deleted.Status, deleted.Json.GetProperty("code").GetString()));
        Assert.Contains("deletes it", deleted.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
        var never = await host.GetAsync("/v1/topics/t/keys/never");
        Assert.Equal((HttpStatusCode.NotFound, "RESOURCE_NOT_FOUND"), (never.Status, never.Json.GetProperty("code").GetString()));
        Assert.Equal(
            $"No record of partition {PartitionOf("never")} has the key.", never.Json.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Partition_may_be_named_for_keys_of_producers_that_choose_otherwise()
    {
        await using var host = await StartAsync();
        var other = 1 - PartitionOf("a");
        await host.PostAsync($"/v1/topics/t/records?partition={other}&key=a", "text/plain", "elsewhere\n");
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync("/v1/topics/t/keys/a")).Status);
        Assert.Equal("elsewhere", (await host.GetAsync($"/v1/topics/t/keys/a?partition={other}")).Json.GetProperty("value").GetString());
    }

    [Theory]
    [InlineData("/v1/topics/none/keys/a", 404)]
    [InlineData("/v1/topics/t/keys/a?partition=2", 404)]
    [InlineData("/v1/topics/t/keys/a?partition=-1", 400)]
    [InlineData("/v1/topics/t/keys/a?key_encoding=hex", 400)]
    [InlineData("/v1/topics/t/keys/a?key_encoding=base64url", 400)]
    [InlineData("/v1/topics/t/keys/a?offset=1", 400)]
    [InlineData("/v1/topics/a..b%20/keys/a", 400)]
    public async Task Bad_request_is_refused(string path, int status)
    {
        await using var host = await StartAsync();
        var answer = await host.GetAsync(path);
        Assert.True((int)answer.Status == status && answer.Json.GetProperty("detail").GetString()!.Length > 10, answer.Text);
        Assert.Equal(HttpStatusCode.NotAcceptable, (await host.GetAsync("/v1/topics/t/keys/a", "text/html")).Status);
    }

    [Theory]
    [InlineData(ErrorCode.PolicyViolation, 403)]
    [InlineData(ErrorCode.RequestTimedOut, 503)]
    [InlineData(ErrorCode.ThrottlingQuotaExceeded, 429)]
    [InlineData(ErrorCode.CorruptMessage, 500)]
    [InlineData(ErrorCode.KafkaStorageError, 503)]
    public async Task What_a_partition_refuses_is_told_with_its_reason(ErrorCode error, int status)
    {
        await using var host = await StartAsync();
        host.Cluster.Partition("t", PartitionOf("a")).LatestError = (error, "the reason");
        var answer = await host.GetAsync("/v1/topics/t/keys/a");
        Assert.Equal((status, "the reason"), ((int)answer.Status, answer.Json.GetProperty("detail").GetString()));
    }

    [Fact]
    public async Task Node_finds_what_was_just_acknowledged_and_refuses_topics_that_are_not_compacted()
    {
        await using var node = await NodeHost.StartAsync();
        await node.PostAsync("/v1/topics", Json, """{"topic_name":"t","partitions_count":4,"configs":[{"name":"cleanup.policy","value":"compact"}]}""");
        for (var i = 0; i < 20; i++)
        {
            await node.PostAsync($"/v1/topics/t/records?key=k{i % 5}", "text/plain", $"{i}\n");
            Assert.Equal($"{i}", (await node.GetAsync($"/v1/topics/t/keys/k{i % 5}", "application/octet-stream")).Text);
        }

        await node.PostAsync("/v1/topics", Json, """{"topic_name":"plain"}""");
        var refused = await node.GetAsync("/v1/topics/plain/keys/a");
        Assert.Equal((HttpStatusCode.Forbidden, "POLICY_VIOLATION"), (refused.Status, refused.Json.GetProperty("code").GetString()));
        Assert.Contains("cleanup.policy", refused.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    private static int PartitionOf(string key) => Murmur2.Partition(Encoding.UTF8.GetBytes(key), 2);

    private static async Task ProduceAsync(ApiHost host, params string[] records)
    {
        var produced = await host.PostAsync("/v1/topics/t/records", Json, $$"""{"records":[{{string.Join(',', records)}}]}""");
        Assert.True(produced.Status == HttpStatusCode.OK, produced.Text);
    }

    private static async Task<ApiHost> StartAsync()
    {
        var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", 2);
        return host;
    }
}
