using System.Net;
using System.Text;
using Loire.Model;
using static Loire.WebApi.Tests.V2.V2Client;

namespace Loire.WebApi.Tests.V2;

/// <summary>Producing in the v2 dialect.</summary>
public sealed class V2ProduceTests
{
    public static TheoryData<string, string, string?[]> Formats() => new()
    {
        { Binary, """{"records":[{"key":"a2V5","value":"w7w="},{"value":null},{"key":null,"value":""}]}""", ["key", "ü", null, null, null, ""] },
        { Json, """{"records":[{"key":"k","value":{"a": [1, "é"]}},{"value":null},{"value":1.50}]}""", ["\"k\"", "{\"a\": [1, \"é\"]}", null, null, null, "1.50"] },
        { "application/json", """{"records":[{"value":true},{"value":{"a":1,"a":2}}]}""", [null, "true", null, """{"a":1,"a":2}"""] },
        { "Application/vnd.kafka.JSON.v2+json; charset=utf-8", """{"records":[{"value":"text"}]}""", [null, "\"text\""] },
        { Text, """{"records":[{"key":"k","value":"line\n"},{"value":"<ü>"},{}]}""", ["k", "line\n", null, "<ü>", null, null] },
    };

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task A_key_and_a_value_are_stored_as_the_format_says(string type, string body, string?[] expected)
    {
        await using var host = await StartAsync();
        var produced = await host.PostV2Async("/topics/t/partitions/1", body, type);
        Assert.Equal((HttpStatusCode.OK, Document), (produced.Status, produced.ContentType));
        var offsets = Enumerable.Range(0, expected.Length / 2).Select(i => $$"""{"partition":1,"offset":{{i}},"error_code":null,"error":null}""");
        Assert.Equal($$"""{"offsets":[{{string.Join(',', offsets)}}],"key_schema_id":null,"value_schema_id":null}""", produced.Text);

        var stored = (await host.GetAsync("/topics/t/partitions/1/records?offset=0&timeout=1&max_bytes=10000", Binary)).Json;
        Assert.Equal(expected, stored.EnumerateArray().SelectMany(record => new[] { "key", "value" }.Select(name => record.GetProperty(name).GetString())
            .Select(field => field is null ? null : Encoding.UTF8.GetString(Convert.FromBase64String(field)))));
    }

    [Fact]
    public async Task Records_go_to_their_partition_or_by_their_key_and_are_answered_in_their_order()
    {
        await using var host = await StartAsync();
        var body = """{"records":[{"value":1,"partition":2},{"key":"a","value":2},{"value":3,"partition":0},{"key":"a","value":4},{"value":5,"partition":2}]}""";
        var offsets = (await host.PostV2Async("/topics/t", body, Json)).Json.GetProperty("offsets").EnumerateArray()
            .Select(entry => (Partition: entry.GetProperty("partition").GetInt32(), Offset: entry.GetProperty("offset").GetInt64())).ToArray();
        var keyed = Murmur2.Partition("\"a\""u8, 3);
        Assert.Equal((2, 0, keyed), (offsets[0].Partition, offsets[2].Partition, offsets[1].Partition));
        foreach (var lane in offsets.GroupBy(entry => entry.Partition))
        {
            Assert.Equal(Enumerable.Range(0, lane.Count()).Select(i => (long)i), lane.Select(entry => entry.Offset));
        }
    }

    [Fact]
    public async Task A_record_that_cannot_be_appended_does_not_take_the_others_along()
    {
        await using var host = await StartAsync(maxMessageBytes: 300);
        var body = $$"""{"records":[{"value":1,"partition":0},{"value":2,"partition":7},{"value":"{{new string('x', 400)}}","partition":0},{"value":4,"partition":1}]}""";
        var answer = await host.PostV2Async("/topics/t", body, Json);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        var entries = answer.Json.GetProperty("offsets").EnumerateArray().ToArray();
        Assert.Equal("""{"partition":0,"offset":0,"error_code":null,"error":null}""", entries[0].GetRawText());
        Assert.Equal((50003, 50002), (entries[1].GetProperty("error_code").GetInt32(), entries[2].GetProperty("error_code").GetInt32()));
        Assert.Equal("null null", $"{entries[1].GetProperty("partition").GetRawText()} {entries[1].GetProperty("offset").GetRawText()}");
        Assert.Equal("""{"partition":1,"offset":0,"error_code":null,"error":null}""", entries[3].GetRawText());
    }

    [Theory]
    [InlineData(ErrorCode.NotEnoughReplicas, 50003, 200)]
    [InlineData(ErrorCode.InvalidRecord, 50002, 200)]
    [InlineData(ErrorCode.TopicAuthorizationFailed, 40301, 403)]
    [InlineData(ErrorCode.SaslAuthenticationFailed, 40101, 401)]
    public async Task A_partition_that_refuses_is_an_error_of_its_records_alone(ErrorCode error, int code, int status)
    {
        await using var host = await StartAsync();
        host.Cluster.Partition("t", 1).BeforeAppend = _ => Task.FromResult(error);
        var answer = await host.PostV2Async("/topics/t", """{"records":[{"value":1,"partition":0},{"value":2,"partition":1},{"value":3,"partition":2}]}""", Json);
        Assert.Equal(status, (int)answer.Status);
        Assert.Equal([null, code, null], answer.Json.GetProperty("offsets").EnumerateArray()
            .Select(entry => entry.GetProperty("error_code").ValueKind == System.Text.Json.JsonValueKind.Null ? (int?)null : entry.GetProperty("error_code").GetInt32()));
    }

    [Fact]
    public async Task More_records_than_a_request_may_have_under_way_are_appended_one_after_the_other()
    {
        await using var host = await ApiHost.StartAsync(options =>
        {
            options.BatchBytes = 1024;
            options.MaxPendingBytesPerRequest = 2048;
        });
        host.Cluster.AddTopic("t", partitions: 2);
        var body = $$"""{"records":[{{string.Join(',', Enumerable.Range(0, 2_000).Select(i => $"{{\"value\":\"{i} padding padding\",\"partition\":{i % 2}}}"))}}]}""";
        var entries = (await host.PostV2Async("/topics/t", body, Text)).Json.GetProperty("offsets").EnumerateArray().ToArray();
        Assert.Equal(Enumerable.Range(0, 2_000).Select(i => (long)(i / 2)), entries.Select(entry => entry.GetProperty("offset").GetInt64()));
        Assert.True(host.Cluster.Partition("t", 0).Appends > 1);
    }

    [Fact]
    public async Task Strimzis_async_is_answered_without_a_body_unless_something_failed()
    {
        await using var host = await StartAsync();
        const string Body = """{"records":[{"value":1}]}""";
        var answer = await host.PostV2Async("/topics/t/partitions/0?async=true", Body, Json);
        Assert.Equal((HttpStatusCode.NoContent, ""), (answer.Status, answer.Text));
        Assert.Equal(1, host.Cluster.Partition("t", 0).Appends);
        host.Cluster.Partition("t", 0).BeforeAppend = _ => Task.FromResult(ErrorCode.NotEnoughReplicas);
        Assert.Equal(HttpStatusCode.OK, (await host.PostV2Async("/topics/t/partitions/0?async=true", Body, Json)).Status);
    }

    [Theory]
    [InlineData(Json, """{"records":[]}""", 422, 422, "no records")]
    [InlineData(Json, "{}", 422, 422, "no member records")]
    [InlineData(Json, """{"records":null}""", 400, 400, "null for records")]
    [InlineData(Json, """{"records":{}}""", 400, 400, "an object for records")]
    [InlineData(Json, "[]", 400, 400, "an array")]
    [InlineData(Json, "", 400, 400, "nothing")]
    [InlineData(Json, "{\"records\":[{\"value\":1}]", 400, 400, "the end is missing")]
    [InlineData(Json, """{"records":[{"value":1}]} x""", 400, 400, "something behind the end")]
    [InlineData(Json, """{"records":[{"value":1,"value":2}]}""", 422, 422, "a member of a record twice")]
    [InlineData(Json, """{"records":[{"value":1}],"records":[{}]}""", 422, 422, "a member twice")]
    [InlineData(Json, """{"records":[{"value":1,"headers":[{"key":"a","key":"b"}]}]}""", 422, 422, "a member of a header twice")]
    [InlineData(Json, """{"records":[1]}""", 400, 400, "a record that is no object")]
    [InlineData(Json, """{"records":[null]}""", 400, 400, "a record that is null")]
    [InlineData(Json, """{"records":[{"valeu":1}]}""", 422, 422, "a misspelt member of a record")]
    [InlineData(Json, """{"record":[{"value":1}]}""", 422, 422, "a misspelt member")]
    [InlineData(Json, """{"records":[{"value":1,"partition":-1}]}""", 422, 422, "a negative partition")]
    [InlineData(Json, """{"records":[{"value":1,"partition":"0"}]}""", 422, 422, "a partition as text")]
    [InlineData(Json, """{"records":[{"value":1,"partition":2147483648}]}""", 422, 422, "a partition beyond 32 bits")]
    [InlineData(Json, """{"records":[{"value":1,"timestamp":"now"}]}""", 422, 422, "a time that is no number")]
    [InlineData(Json, """{"records":[{"value":1,"timestamp":-5}]}""", 422, 422, "a time before 1970")]
    [InlineData(Json, """{"records":[{"value":1,"headers":{}}]}""", 422, 422, "headers that are no array")]
    [InlineData(Json, """{"records":[{"value":1,"headers":[1]}]}""", 422, 422, "a header that is no object")]
    [InlineData(Json, """{"records":[{"value":1,"headers":[{"value":"AA=="}]}]}""", 422, 422, "a header without a key")]
    [InlineData(Json, """{"records":[{"value":1,"headers":[{"key":"a","value":"?"}]}]}""", 422, 422, "a header that is no base64")]
    [InlineData(Json, """{"records":[{"value":1,"headers":[{"key":"a","x":1}]}]}""", 422, 422, "an unknown member of a header")]
    [InlineData(Binary, """{"records":[{"value":"?"}]}""", 400, 400, "no base64")]
    [InlineData(Binary, """{"records":[{"value":"YQ"}]}""", 400, 400, "base64 without its padding")]
    [InlineData(Binary, """{"records":[{"value":5}]}""", 400, 400, "a number for base64")]
    [InlineData(Binary, """{"records":[{"value":"YQ==","key":{}}]}""", 400, 400, "an object for base64")]
    [InlineData(Text, """{"records":[{"value":5}]}""", 400, 400, "a number for text")]
    [InlineData(Text, """{"records":[{"value":"\ud800"}]}""", 400, 400, "half a surrogate pair")]
    [InlineData("text/plain", "x", 415, 415, "another type")]
    [InlineData("application/x-www-form-urlencoded", """{"records":[{"value":1}]}""", 415, 415, "what curl sends by itself")]
    [InlineData(Document, """{"records":[{"value":1}]}""", 415, 415, "a type without a format")]
    [InlineData(null, """{"records":[{"value":1}]}""", 415, 415, "no type")]
    [InlineData("application/vnd.kafka.avro.v2+json", """{"value_schema":"x","records":[{"value":1}]}""", 422, 42207, "Avro")]
    [InlineData("application/vnd.kafka.jsonschema.v2+json", """{"records":[{"value":1}]}""", 422, 42207, "JSON schema")]
    [InlineData("application/vnd.kafka.protobuf.v2+json", """{"records":[{"value":1}]}""", 422, 42207, "Protobuf")]
    public async Task A_body_that_is_not_right_is_refused_and_nothing_of_it_is_appended(string? type, string body, int status, int code, string reason)
    {
        await using var host = await StartAsync();
        var good = body.Replace("\"records\":[", "\"records\":[{\"value\":null},", StringComparison.Ordinal);
        foreach (var one in new[] { body, reason == "no records" ? body : good })
        {
            var answer = await host.PostV2Async("/topics/t/partitions/0", one, type);
            Assert.True((int)answer.Status == status, $"{reason}: {(int)answer.Status} {answer.Text}");
            AssertError(answer, status, code);
        }

        Assert.Equal(0, host.Cluster.Partition("t", 0).Appends);
        Assert.Empty(host.Log.Lines);
    }

    [Fact]
    public async Task What_cannot_be_held_or_found_is_refused()
    {
        await using var host = await ApiHost.StartAsync(options =>
        {
            options.MaxJsonProduceBytes = 2000;
            options.MaxJsonProduceRecords = 3;
        });
        host.Cluster.AddTopic("t");
        AssertError(await host.PostV2Async("/topics/t", """{"records":[{},{},{},{}]}""", Json), 413, 413);
        AssertError(await host.PostV2Async("/topics/t", $$"""{"records":[{"value":"{{new string('x', 3000)}}"}]}""", Json), 413, 413);
        AssertError(await host.PostV2Async("/topics/nobody", """{"records":[{}]}""", Json), 404, 40401);
        AssertError(await host.PostV2Async("/topics/t/partitions/1", """{"records":[{}]}""", Json), 404, 40402);
        AssertError(await host.PostV2Async("/topics/t/partitions/0", """{"records":[{"partition":1}]}""", Json), 422, 422);
        Assert.Contains(Binary, (await host.PostV2Async("/topics/t", "{}", "text/plain")).Text, StringComparison.Ordinal);
        AssertError(await host.PostV2Async("/topics/t?async=perhaps", """{"records":[{}]}""", Json), 400, 400);
        AssertError(
            await host.SendAsync(HttpMethod.Post, "/topics/t", Json, [1], null, ("Content-Encoding", "deflate")), 415, 415);
        AssertError(await host.SendAsync(HttpMethod.Post, "/topics/t", Json, [.. "{\"records\":[{\"value\":\""u8, 0xff, .. "\"}]}"u8]), 400, 400);
        Assert.Equal(0, host.Cluster.Partition("t", 0).Appends);
    }

    private static async Task<ApiHost> StartAsync(int maxMessageBytes = Limits.DefaultMaxMessageBytes)
    {
        var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", partitions: 3, maxMessageBytes);
        return host;
    }
}
