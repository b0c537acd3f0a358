using System.Net;
using Loire.Model;
using Loire.WebApi.Errors;
using Microsoft.Extensions.DependencyInjection.Extensions;
using static Loire.WebApi.Tests.V2.V2Client;

namespace Loire.WebApi.Tests.V2;

/// <summary>Topics and partitions in the v2 dialect, and reading without a group.</summary>
public sealed class V2TopicTests
{
    [Theory]
    [InlineData("/", "{}")]
    [InlineData("/brokers", """{"brokers":[0]}""")]
    [InlineData("/topics", """["a","t"]""")]
    [InlineData(
        "/topics/t",
        """{"name":"t","configs":{"max.message.bytes":"1048588"},"partitions":[{"partition":0,"leader":0,"replicas":[{"broker":0,"leader":true,"in_sync":true}]},"""
            + """{"partition":1,"leader":0,"replicas":[{"broker":0,"leader":true,"in_sync":true}]}]}""")]
    [InlineData("/topics/a/partitions", """[{"partition":0,"leader":0,"replicas":[{"broker":0,"leader":true,"in_sync":true}]}]""")]
    [InlineData("/topics/t/partitions/1", """{"partition":1,"leader":0,"replicas":[{"broker":0,"leader":true,"in_sync":true}]}""")]
    [InlineData("/topics/t/partitions/0/offsets", """{"beginning_offset":0,"end_offset":2}""")]
    public async Task What_there_is_is_shown_in_the_dialects_shape(string path, string expected)
    {
        await using var host = await StartAsync();
        await host.PostV2Async("/topics/t/partitions/0", """{"records":[{"value":"YQ=="},{"value":"Yg=="}]}""", Binary);
        var answer = await host.GetAsync(path);
        Assert.Equal((HttpStatusCode.OK, expected, Document), (answer.Status, answer.Text, answer.ContentType));
        Assert.Equal("application/json", (await host.GetAsync(path, "application/json")).ContentType);
        Assert.Equal(Document, (await host.GetAsync(path, "application/json;q=0.5, application/vnd.kafka.v2+json")).ContentType);
        AssertError(await host.GetAsync(path, "text/html"), 406, 406);
    }

    [Theory]
    [InlineData("/topics/nobody", 404, 40401)]
    [InlineData("/topics/a%20b", 404, 40401)]
    [InlineData("/topics/nobody/partitions", 404, 40401)]
    [InlineData("/topics/nobody/partitions/0", 404, 40401)]
    [InlineData("/topics/t/partitions/2", 404, 40402)]
    [InlineData("/topics/t/partitions/x", 404, 40402)]
    [InlineData("/topics/t/partitions/-1", 404, 40402)]
    [InlineData("/topics/t/partitions/2/offsets", 404, 40402)]
    [InlineData("/topics/nobody/partitions/0/offsets", 404, 40401)]
    [InlineData("/topics/t/nothing", 404, 404)]
    [InlineData("/consumers", 404, 404)]
    [InlineData("/consumers/g", 405, 405)]
    public async Task What_is_not_there_has_the_dialects_code(string path, int status, int code)
    {
        await using var host = await StartAsync();
        AssertError(await host.GetAsync(path), status, code);
    }

    [Theory]
    [InlineData(ErrorCode.KafkaStorageError, 500, 50003)]
    [InlineData(ErrorCode.TopicAuthorizationFailed, 403, 40301)]
    [InlineData(ErrorCode.SaslAuthenticationFailed, 401, 40101)]
    [InlineData(ErrorCode.BrokerNotAvailable, 503, 50302)]
    [InlineData(ErrorCode.ThrottlingQuotaExceeded, 429, 429)]
    [InlineData(ErrorCode.CorruptMessage, 500, 50003)]
    [InlineData(ErrorCode.InvalidRecord, 500, 50002)]
    [InlineData(ErrorCode.UnknownServerError, 500, 500)]
    public async Task Errors_of_the_cluster_have_the_dialects_code(ErrorCode error, int status, int code)
    {
        await using var host = await StartAsync();
        host.Cluster.AddTopic("t").Error = error;
        var answer = await host.GetAsync("/topics/t");
        AssertError(answer, status, code);
        Assert.Equal(status is 429 or 503 ? "1" : "", answer.Header("Retry-After"));
    }

    [Fact]
    public async Task Failures_that_nobody_expected_are_told_in_the_dialect_without_our_insides()
    {
        await using var host = await StartAsync();
        var topic = host.Cluster.AddTopic("t");
        topic.Exception = new InvalidOperationException("secret");
        var answer = await host.GetAsync("/topics/t");
        AssertError(answer, 500, 500);
        Assert.DoesNotContain("secret", answer.Text, StringComparison.Ordinal);
        topic.Exception = new TimeoutException();
        AssertError(await host.GetAsync("/topics/t"), 500, 50003);
    }

    [Fact]
    public async Task Names_of_topics_come_from_every_page_of_the_catalog()
    {
        await using var host = await ApiHost.StartAsync();
        string[] names = [.. Enumerable.Range(0, Limits.TopicsPerPage + 5).Select(i => $"t{i:00000}")];
        Array.ForEach(names, name => host.Cluster.AddTopic(name));
        Assert.Equal(names, (await host.GetAsync("/topics")).Json.EnumerateArray().Select(name => name.GetString()));
    }

    [Fact]
    public async Task A_topic_is_created_as_Strimzis_bridge_does()
    {
        await using var host = await StartAsync();
        var answer = await host.PostV2Async("/admin/topics", """{"topic_name":"t","partitions_count":2,"replication_factor":1}""");
        Assert.Equal((HttpStatusCode.Created, "{}"), (answer.Status, answer.Text));
        AssertError(await host.PostV2Async("/admin/topics", """{"partitions_count":2}"""), 422, 422);
        AssertError(await host.PostV2Async("/admin/topics", """{"topic_name":"a b"}"""), 422, 422);
        host.Cluster.AddTopic("t").Error = ErrorCode.TopicAlreadyExists;
        AssertError(await host.PostV2Async("/admin/topics", """{"topic_name":"t"}"""), 400, 40002);
    }

    [Fact]
    public async Task Records_are_read_without_a_group_as_Redpandas_proxy_does()
    {
        await using var host = await StartAsync();
        const string Records = """{"records":[{"key":"k","value":{"n":1}},{"value":[2],"timestamp":5,"headers":[{"key":"h","value":"AQI="},{"key":"n","value":null}]}]}""";
        Assert.Equal(HttpStatusCode.OK, (await host.PostV2Async("/topics/t/partitions/1", Records, Json)).Status);
        const string Path = "/topics/t/partitions/1/records?offset=1&timeout=100&max_bytes=1000";
        var answer = await host.GetAsync(Path, Json);
        Assert.Equal(
            (Json, """[{"topic":"t","key":null,"value":[2],"partition":1,"offset":1,"timestamp":5,"headers":[{"key":"h","value":"AQI="},{"key":"n","value":null}]}]"""),
            (answer.ContentType, answer.Text));
        Assert.Equal("\"WzJd\"", (await host.GetAsync(Path)).Json[0].GetProperty("value").GetRawText());
        Assert.Equal("\"[2]\"", (await host.GetAsync(Path, Text)).Json[0].GetProperty("value").GetRawText());
        Assert.Equal("[]", (await host.GetAsync(Path.Replace("offset=1", "offset=2", StringComparison.Ordinal))).Text);
    }

    [Theory]
    [InlineData("offset=0&timeout=1", 400, 400, "max_bytes is missing")]
    [InlineData("timeout=1&max_bytes=1", 400, 400, "offset is missing")]
    [InlineData("offset=0&max_bytes=1", 400, 400, "timeout is missing")]
    [InlineData("offset=-1&timeout=1&max_bytes=1", 400, 400, "a negative offset")]
    [InlineData("offset=x&timeout=1&max_bytes=1", 400, 400, "no number")]
    [InlineData("offset=7&timeout=1&max_bytes=1", 500, 50002, "beyond the end")]
    public async Task A_read_without_a_group_needs_all_its_parameters(string query, int status, int code, string reason)
    {
        await using var host = await StartAsync();
        var answer = await host.GetAsync($"/topics/t/partitions/0/records?{query}");
        Assert.True((int)answer.Status == status, reason + answer.Text);
        AssertError(answer, status, code);
        AssertError(await host.GetAsync("/topics/t/partitions/9/records?offset=0&timeout=1&max_bytes=1"), 404, 40402);
    }

    [Fact]
    public async Task A_record_that_is_no_JSON_ends_a_read_of_JSON_before_it_and_is_told_of_when_it_comes_first()
    {
        await using var host = await StartAsync();
        await host.PostV2Async("/topics/t/partitions/0", """{"records":[{"value":"1"},{"value":"{"},{"value":"3"}]}""", Text);
        Assert.Equal(1, (await host.GetAsync("/topics/t/partitions/0/records?offset=0&timeout=1&max_bytes=1000", Json)).Json.GetArrayLength());
        var answer = await host.GetAsync("/topics/t/partitions/0/records?offset=1&timeout=1&max_bytes=1000", Json);
        AssertError(answer, 500, 50002, Json);
        Assert.Contains("offset 1 of t-0", answer.Text, StringComparison.Ordinal);
        Assert.Equal(1, (await host.GetAsync("/topics/t/partitions/0/records?offset=2&timeout=1&max_bytes=1000", Json)).Json.GetArrayLength());
    }

    [Fact]
    public async Task Switched_off_the_dialect_is_not_there()
    {
        await using var host = await ApiHost.StartAsync(services: services => services.RemoveAll<IApiDialect>());
        host.Cluster.AddTopic("t");
        foreach (var path in new[] { "/", "/topics", "/brokers", "/topics/t" })
        {
            var answer = await host.GetAsync(path);
            Assert.Equal((HttpStatusCode.NotFound, "application/problem+json"), (answer.Status, answer.ContentType));
        }

        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/v1/topics/t")).Status);
        Assert.DoesNotContain("/consumers", (await host.GetAsync("/openapi/v1.json")).Text, StringComparison.Ordinal);
    }

    private static async Task<ApiHost> StartAsync()
    {
        var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", partitions: 2);
        host.Cluster.AddTopic("a");
        return host;
    }
}
