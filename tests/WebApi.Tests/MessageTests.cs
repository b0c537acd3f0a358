using System.Globalization;
using System.Net;
using Loire.Model;
using static Loire.WebApi.Tests.V2.V2Client;

namespace Loire.WebApi.Tests;

/// <summary>What a message must tell so that the next request can be right.</summary>
public sealed class MessageTests
{
    [Theory]
    [InlineData("GET", "/v1/topics/none", "")]
    [InlineData("DELETE", "/v1/topics/none", "")]
    [InlineData("PATCH", "/v1/topics/none", """{"partitions_count":2}""")]
    [InlineData("GET", "/v1/topics/none/partitions", "")]
    [InlineData("GET", "/v1/topics/none/partitions/0", "")]
    [InlineData("GET", "/v1/topics/none/partitions/0/offsets", "")]
    [InlineData("GET", "/v1/topics/none/partitions/0/records", "")]
    [InlineData("GET", "/v1/topics/none/records", "")]
    [InlineData("GET", "/v1/topics/none/configs", "")]
    [InlineData("PUT", "/v1/topics/none/configs/retention.ms", """{"value":"1"}""")]
    [InlineData("POST", "/v1/topics/none/records", """{"records":[{"value":1}]}""")]
    [InlineData("GET", "/topics/none", "")]
    [InlineData("GET", "/topics/none/partitions/0", "")]
    [InlineData("POST", "/topics/none", """{"records":[{"value":"dg=="}]}""")]
    public async Task A_topic_that_does_not_exist_is_named(string method, string path, string body)
    {
        await using var host = await ApiHost.StartAsync();
        var accept = path.EndsWith("none/records", StringComparison.Ordinal) && method == "GET" ? "text/event-stream" : null;
        var answer = await host.SendAsync(
            new HttpMethod(method), path, "application/json", System.Text.Encoding.UTF8.GetBytes(body), accept);
        Assert.Equal(HttpStatusCode.NotFound, answer.Status);
        Assert.Contains("Topic none does not exist.", answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/topics/t/partitions/7")]
    [InlineData("/v1/topics/t/partitions/7/records")]
    [InlineData("/topics/t/partitions/7")]
    public async Task A_partition_that_does_not_exist_is_named(string path)
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", partitions: 3);
        Assert.Contains("Topic t has no partition 7, only 0 to 2.", (await host.GetAsync(path)).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"topic_name":5}""", "$.topic_name", "text")]
    [InlineData("""{"topic_name":null}""", "$.topic_name", "text")]
    [InlineData("""{"topic_name":"a","partitions_count":"3"}""", "$.partitions_count", "a whole number up to 2147483647")]
    [InlineData("""{"topic_name":"a","partitions_count":2147483648}""", "$.partitions_count", "a whole number up to 2147483647")]
    [InlineData("""{"topic_name":"a","validate_only":"yes"}""", "$.validate_only", "true or false")]
    [InlineData("""{"topic_name":"a","configs":{}}""", "$.configs", "an array")]
    [InlineData("""{"topic_name":"a","configs":[5]}""", "$.configs[0]", "an object")]
    [InlineData("""{"topic_name":"a","configs":[{"name":"n","value":7}]}""", "$.configs[0].value", "text")]
    public async Task A_value_of_the_wrong_type_is_refused_with_the_right_one(string body, string place, string expected)
    {
        await using var host = await ApiHost.StartAsync();
        var detail = (await host.PostAsync("/v1/topics", "application/json", body)).Json.GetProperty("detail").GetString()!;
        Assert.Contains($" at {place}, ", detail, StringComparison.Ordinal);
        Assert.EndsWith($": The value must be {expected}.", detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Messages_are_written_without_escapes()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        Assert.Contains("'it's'", (await host.GetAsync("/v1/topics?it's=1")).Text, StringComparison.Ordinal);
        var answer = await host.PostAsync("/v1/topics/t/records", "application/x-ndjson", "{\"value\":1}\n{'\n");
        Assert.Contains("'", answer.Text.Split('\n')[1], StringComparison.Ordinal);
        Assert.DoesNotContain("\\u0027", answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/topics/t/partitions/0/records")]
    [InlineData("/v1/topics/t/partitions/0/offsets")]
    public async Task A_plus_sign_that_was_not_escaped_is_pointed_out(string path)
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        var answer = await host.GetAsync(path + "?timestamp=1970-01-01T01:00:02+01:00");
        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Contains("%2B", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("%2B", (await host.GetAsync(path + "?timestamp=x")).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1970-01-01T00:00:01Z", 0)]
    [InlineData("1970-01-01T00:00:01.000000Z", 0)]
    [InlineData("1970-01-01T00:00:01.0000001Z", 1)]
    [InlineData("1970-01-01T01:00:00.9999999%2B01:00", 0)]
    [InlineData("1970-01-01T00:00:00.9999Z", 0)]
    [InlineData("1970-01-01T00:00:01.001Z", 1)]
    public async Task A_search_from_a_fraction_of_a_millisecond_passes_over_records_before_it(string time, int expected)
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        host.Cluster.Partition("t", 0).Plant(Batches.Of(CompressionType.None, 1_000, ["a", "b"]));
        var offset = (await host.GetAsync("/v1/topics/t/partitions/0/offsets?timestamp=" + time)).Json.GetProperty("offset");
        Assert.Equal(expected.ToString(CultureInfo.InvariantCulture), offset.ToString());
        var records = (await host.GetAsync("/v1/topics/t/partitions/0/records?timestamp=" + time)).Json;
        Assert.Equal(expected, records[0].GetProperty("offset").GetInt64());
    }

    [Fact]
    public async Task An_offset_out_of_range_is_refused_with_the_range()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        await host.MakeAsync();
        var committed = await host.PostV2Async($"{Instance}/offsets", """{"offsets":[{"topic":"t","partition":0,"offset":9223372036854775807}]}""");
        Assert.Contains("from 0 to 9223372036854775806", committed.Text, StringComparison.Ordinal);
        var beyond = await host.GetAsync("/v1/topics/t/partitions/0/records?offset=9223372036854775808");
        Assert.Contains("from 0 to 9223372036854775807", beyond.Text, StringComparison.Ordinal);
        var last = await host.GetAsync("/v1/topics/t/partitions/0/records?offset=9223372036854775807");
        Assert.Equal((HttpStatusCode.RequestedRangeNotSatisfiable, "OFFSET_OUT_OF_RANGE"), (last.Status, last.Json.GetProperty("code").GetString()));
    }
}
