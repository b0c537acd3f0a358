using System.Net;
using System.Text;
using System.Text.Json;

namespace Loire.WebApi.Tests;

public sealed class JsonFormatTests
{
    [Theory]
    [InlineData("\"plain\"", "plain", "a string is its characters")]
    [InlineData("\"tab\\t \\u00e9 \\ud83d\\ude00 \\/\"", "tab\t \u00e9 \ud83d\ude00 /", "escapes are characters")]
    [InlineData("\"\"", "", "an empty string is an empty value, not none")]
    [InlineData("12.50", "12.50", "a number is its own text")]
    [InlineData("1e400", "1e400", "also one that no double holds")]
    [InlineData("true", "true", "")]
    [InlineData("[1, 2 ,\"\\u0041\"]", "[1, 2 ,\"\\u0041\"]", "any other JSON is its text, byte for byte")]
    [InlineData("{ \"a\" : {\"a\":1,\"a\":2} }", "{ \"a\" : {\"a\":1,\"a\":2} }", "what is inside is the client's affair")]
    [InlineData("{\"type\":\"binary\",\"data\":\"AP+A\"}", "\0\u00ff\u0080", "the binary form is its bytes")]
    [InlineData("{\"type\":\"binary\",\"data\":\"\\u0041P+A\"}", "\0\u00ff\u0080", "also with an escape")]
    [InlineData("{\"data\":\"AP+A\",\"type\":\"binary\"}", "\0\u00ff\u0080", "whichever member comes first")]
    [InlineData("{\"type\":\"binary\",\"data\":\"\"}", "", "")]
    [InlineData("{\"data\":\"AA==\",\"data\":\"AA==\"}", "{\"data\":\"AA==\",\"data\":\"AA==\"}", "a member given twice is not the binary form")]
    [InlineData("{\"type\":\"binary\",\"data\":\"AA==\",\"x\":1}", "{\"type\":\"binary\",\"data\":\"AA==\",\"x\":1}", "with one member more it is not the binary form")]
    [InlineData("{\"type\":\"text\",\"data\":\"AA==\"}", "{\"type\":\"text\",\"data\":\"AA==\"}", "nor with another type")]
    public async Task Keys_and_values_are_stored_by_one_rule(string json, string expected, string reason)
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        var isBinary = expected.Any(c => c is > '\u007f' and <= '\u00ff') && json.Contains("binary", StringComparison.Ordinal);
        var bytes = isBinary ? Encoding.Latin1.GetBytes(expected) : Encoding.UTF8.GetBytes(expected);
        foreach (var (type, body) in new[]
        {
            ("application/json", $"{{\"records\":[{{\"key\":{json},\"value\":{json}}}]}}"),
            ("application/x-ndjson", $"{{\"value\":{json},\"key\":{json}}}"),
        })
        {
            Assert.Equal(HttpStatusCode.OK, (await host.PostAsync("/v1/topics/t/records", type, body)).Status);
            var read = await host.GetAsync("/v1/topics/t/partitions/0/records?max_records=1&offset=" + (type == "application/json" ? 0 : 1), "application/octet-stream");
            Assert.True(bytes.AsSpan().SequenceEqual(read.Body), $"{reason}: {read.Text}");
        }
    }

    [Fact]
    public async Task What_a_fetch_shows_produces_the_same_bytes_again()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("from");
        host.Cluster.AddTopic("to");
        var random = new Random(7);
        var values = Enumerable.Range(0, 200).Select(i =>
        {
            var bytes = new byte[random.Next(40)];
            random.NextBytes(bytes);
            return i % 2 == 0 ? bytes : Encoding.UTF8.GetBytes(Convert.ToHexString(bytes) + "\"\\\u2028\ud83d\ude00\n\r<&");
        }).ToArray();
        foreach (var value in values)
        {
            await host.SendAsync(HttpMethod.Post, "/v1/topics/from/records", "application/octet-stream", value, null, ("Record-Header-h", "v"), ("Record-Timestamp", "5"));
        }

        foreach (var accept in new[] { "application/x-ndjson", "application/json" })
        {
            var read = await host.GetAsync("/v1/topics/from/partitions/0/records?key_format=binary", accept);
            var ndjson = string.Join('\n', (accept.EndsWith("ndjson", StringComparison.Ordinal) ? read.Lines : [.. read.Json.EnumerateArray()]).Select(WithoutOffset));
            var again = await host.PostAsync("/v1/topics/to/records", "application/x-ndjson", ndjson);
            Assert.Equal("done", again.Lines[^1].GetProperty("type").GetString());
        }

        var from = await host.GetAsync("/v1/topics/from/partitions/0/records?value_format=binary");
        var to = await host.GetAsync("/v1/topics/to/partitions/0/records?value_format=binary");
        var fromRecords = from.Json.EnumerateArray().Select(WithoutOffset).ToArray();
        Assert.Equal([.. fromRecords, .. fromRecords], to.Json.EnumerateArray().Select(WithoutOffset));
    }

    private static string WithoutOffset(JsonElement record)
    {
        var members = record.EnumerateObject().Where(member => member.Name != "offset").Select(member => $"\"{member.Name}\":{member.Value.GetRawText()}");
        return "{" + string.Join(',', members) + "}";
    }

    [Fact]
    public async Task Each_record_has_its_result_in_the_order_of_the_request()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", partitions: 3);
        var body = """
            {"records":[
              {"value":"a","partition":2},
              {"value":"b","partition":0,"timestamp":123},
              {"value":"c","partition":2,"timestamp":"2026-01-31T12:00:00.250+01:00","headers":[{"name":"h","value":"1"},{"name":"h","value":null},{"name":"","value":{"type":"binary","data":"/w=="}}]},
              {"value":"d","key":"21"}
            ]}
            """;
        var answer = await host.PostAsync("/v1/topics/t/records", "application/json", body);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        var byKey = (-973932308 & int.MaxValue) % 3;
        var results = answer.Json.GetProperty("records").EnumerateArray().Select(r => (r.GetProperty("partition").GetInt32(), r.GetProperty("offset").GetInt64())).ToArray();
        Assert.Equal([(2, 0), (0, 0), (2, 1), (byKey, byKey == 2 ? 2 : byKey == 0 ? 1 : 0)], results);
        Assert.Equal(4, answer.Json.GetProperty("records_accepted").GetInt64());

        var third = (await host.GetAsync("/v1/topics/t/partitions/2/records?offset=1")).Json[0];
        Assert.Equal(
            """{"partition":2,"offset":1,"timestamp":1769857200250,"key":null,"value":"c","headers":[{"name":"h","value":"1"},{"name":"h","value":null},{"name":"","value":{"type":"binary","data":"/w=="}}]}""",
            third.GetRawText());
    }

    [Fact]
    public async Task JSON_values_can_be_shown_as_JSON_on_one_line()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        await host.SendAsync(HttpMethod.Post, "/v1/topics/t/records", "application/octet-stream", "{\r\n \"a\": 1\n}"u8.ToArray());
        await host.SendAsync(HttpMethod.Post, "/v1/topics/t/records", "application/octet-stream", "{not json"u8.ToArray());
        await host.SendAsync(HttpMethod.Post, "/v1/topics/t/records", "application/octet-stream", "plain"u8.ToArray());
        var lines = (await host.GetAsync("/v1/topics/t/partitions/0/records?value_format=json", "application/x-ndjson")).Lines;
        Assert.Equal(["{   \"a\": 1 }", "\"{not json\"", "\"plain\""], lines.Select(line => line.GetProperty("value").GetRawText()));
    }

    public static TheoryData<string, string, string> BadRecords() => new()
    {
        { "[]", "must be a JSON object", "not an object" },
        { "\"x\"", "must be a JSON object", "a string" },
        { "null", "must be a JSON object", "null" },
        { "{}", "needs the member value", "no value" },
        { "{\"key\":\"k\"}", "needs the member value", "a key alone" },
        { "{\"value\":1,\"valeu\":2}", "only the members", "a misspelt member" },
        { "{\"value\":1,\"$type\":\"System.Object\"}", "only the members", "a type name" },
        { "{\"value\":1,\"value\":2}", "value is given twice", "a member twice" },
        { "{\"value\":1,\"partition\":-1}", "partition must be", "a negative partition" },
        { "{\"value\":1,\"partition\":2147483648}", "partition must be", "a partition beyond 32 bits" },
        { "{\"value\":1,\"partition\":\"0\"}", "partition must be", "a partition as text" },
        { "{\"value\":1,\"partition\":1.5}", "partition must be", "half a partition" },
        { "{\"value\":1,\"partition\":7}", "has 1 partitions", "a partition that does not exist" },
        { "{\"value\":1,\"timestamp\":-1}", "timestamp must be", "a time before 1970" },
        { "{\"value\":1,\"timestamp\":1e400}", "timestamp must be", "a huge time" },
        { "{\"value\":1,\"timestamp\":9223372036854775808}", "timestamp must be", "a time beyond 64 bits" },
        { "{\"value\":1,\"timestamp\":\"yesterday\"}", "timestamp must be", "a word for a time" },
        { "{\"value\":1,\"timestamp\":\"2026-01-31T12:00:00\"}", "timestamp must be", "a time in no zone" },
        { "{\"value\":1,\"headers\":{}}", "headers must be", "headers as an object" },
        { "{\"value\":1,\"headers\":[1]}", "headers must be", "a header as a number" },
        { "{\"value\":1,\"headers\":[{\"name\":1,\"value\":1}]}", "headers must be", "a name that is no text" },
        { "{\"value\":1,\"headers\":[{\"name\":\"n\"}]}", "headers must be", "a header without a value" },
        { "{\"value\":1,\"headers\":[{\"name\":\"n\",\"value\":1,\"x\":1}]}", "headers must be", "a header with more" },
        { "{\"value\":{\"type\":\"binary\",\"data\":\"A\"}}", "not base64", "broken base64" },
        { "{\"value\":{\"type\":\"binary\",\"data\":\"A-_A\"}}", "not base64", "the other alphabet" },
        { "{\"value\":\"\\ud800\"}", "not valid Unicode", "half a character" },
        { "{\"value\":NaN}", "not acceptable", "NaN" },
        { "{\"value\":1,}", "not acceptable", "a comma too many" },
        { "{\"value\":1 // x\n}", "not acceptable", "a comment" },
        { "{\"value\":01}", "not acceptable", "a leading zero" },
        { "{\"value\":\"a\tb\"}", "not acceptable", "a control character" },
        { "{\"value\":1}}", "", "something behind" },
        { "{\"value\":1} {\"value\":2}", "", "two in one" },
        { "{\"value\":", "", "cut" },
        { "\ufeff{\"value\":1}", "", "a byte order mark" },
        { "{\"value\":" + new string('[', 100_000) + "}", "not acceptable", "deep nesting" },
    };

    [Theory]
    [MemberData(nameof(BadRecords))]
    public async Task A_bad_record_is_refused_with_its_place_and_nothing_of_a_document_is_appended(string record, string expected, string reason)
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        if (record.Length > 0)
        {
            var document = await host.PostAsync("/v1/topics/t/records", "application/json", $"{{\"records\":[{{\"value\":\"good\"}},{record}]}}");
            Assert.True(document.Status == HttpStatusCode.BadRequest || document.Status == HttpStatusCode.NotFound, $"{reason}: {document.Status}");
            Assert.Equal("application/problem+json", document.ContentType);
            Assert.Contains(expected, document.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
            Assert.Equal(0, host.Cluster.Partition("t", 0).Appends);
        }

        if (!record.Contains('\n', StringComparison.Ordinal) && record.Length > 0)
        {
            var lines = await host.PostAsync("/v1/topics/t/records", "application/x-ndjson", $"{{\"value\":\"good\"}}\n{record}\n{{\"value\":\"never\"}}", "application/json");
            Assert.True(lines.Status == HttpStatusCode.BadRequest || lines.Status == HttpStatusCode.NotFound, $"{reason}: {lines.Status}");
            Assert.Equal((2, 1), (lines.Json.GetProperty("line").GetInt64(), lines.Json.GetProperty("records_accepted").GetInt64()));
            Assert.Equal(1, (await host.Cluster.Partition("t", 0).Offsets()).HighWatermark.Value);
        }

        Assert.Empty(host.Log.Lines);
        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync("/v1/topics/t/records", "application/json", """{"records":[{"value":1}]}""")).Status);
    }

    [Theory]
    [InlineData("", "not acceptable")]
    [InlineData("{}", "must be {\"records\"")]
    [InlineData("[]", "must be {\"records\"")]
    [InlineData("{\"records\":{}}", "must be {\"records\"")]
    [InlineData("{\"records\":[],\"x\":1}", "nothing else")]
    [InlineData("{\"records\":[]} x", "not acceptable")]
    [InlineData("{\"records\":[]", "not acceptable")]
    public async Task A_document_that_is_not_a_list_of_records_is_refused(string body, string expected)
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        var answer = await host.PostAsync("/v1/topics/t/records", "application/json", body);
        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Contains(expected, answer.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_that_is_not_UTF8_is_refused_in_JSON()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        foreach (var value in new[] { "\"\u00ff\"", "[\"\u00c3(\"]", "{\"\u00ff\":1}" })
        {
            var body = Encoding.Latin1.GetBytes($"{{\"value\":{value}}}");
            var answer = await host.SendAsync(HttpMethod.Post, "/v1/topics/t/records", "application/x-ndjson", body, "application/json");
            Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        }

        Assert.Equal(0, host.Cluster.Partition("t", 0).Appends);
    }

    [Fact]
    public async Task A_document_is_bounded_in_bytes_and_in_records()
    {
        await using var host = await ApiHost.StartAsync(options =>
        {
            options.MaxJsonProduceBytes = 10_000;
            options.MaxJsonProduceRecords = 10;
        });
        host.Cluster.AddTopic("t");
        var tooMany = await host.PostAsync("/v1/topics/t/records", "application/json", "{\"records\":[" + string.Join(',', Enumerable.Repeat("{\"value\":1}", 11)) + "]}");
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "RECORD_LIST_TOO_LARGE"), (tooMany.Status, tooMany.Json.GetProperty("code").GetString()));
        var tooLong = await host.PostAsync("/v1/topics/t/records", "application/json", "{\"records\":[{\"value\":\"" + new string('x', 10_000) + "\"}]}");
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "MESSAGE_TOO_LARGE"), (tooLong.Status, tooLong.Json.GetProperty("code").GetString()));
        Assert.Equal(0, host.Cluster.Partition("t", 0).Appends);
    }

    [Fact]
    public async Task A_record_that_the_partition_refuses_says_so_in_its_place()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", partitions: 2);
        host.Cluster.Partition("t", 1).BeforeAppend = _ => Task.FromResult(ErrorCode.KafkaStorageError);
        var answer = await host.PostAsync(
            "/v1/topics/t/records", "application/json", """{"records":[{"value":1,"partition":0},{"value":2,"partition":1},{"value":3,"partition":0}]}""");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status);
        Assert.Equal("1", answer.Header("Retry-After"));
        Assert.Equal("KAFKA_STORAGE_ERROR", answer.Json.GetProperty("code").GetString());
        Assert.Equal(2, answer.Json.GetProperty("records_accepted").GetInt64());
        var results = answer.Json.GetProperty("records").EnumerateArray().ToArray();
        Assert.Equal([0, 1], new[] { results[0], results[2] }.Select(result => result.GetProperty("offset").GetInt64()));
        Assert.Equal(56, results[1].GetProperty("error_code").GetInt32());
    }

    [Fact]
    public async Task A_document_larger_than_a_batch_keeps_its_order()
    {
        await using var host = await ApiHost.StartAsync(options => options.BatchBytes = 2_000);
        host.Cluster.AddTopic("t");
        var values = Enumerable.Range(0, 3_000).Select(i => $"value-{i}").ToArray();
        var answer = await host.PostAsync("/v1/topics/t/records", "application/json", "{\"records\":[" + string.Join(",\n", values.Select(v => $"{{\"value\":\"{v}\"}}")) + "]}");
        Assert.Equal(Enumerable.Range(0, 3_000).Select(i => (long)i), answer.Json.GetProperty("records").EnumerateArray().Select(r => r.GetProperty("offset").GetInt64()));
        Assert.True(host.Cluster.Partition("t", 0).Appends > 10);
        Assert.Equal(1, host.Cluster.Partition("t", 0).AppendsInFlightMax);
        Assert.Equal(string.Concat(values.Select(v => v + "\n")), (await host.GetAsync("/v1/topics/t/partitions/0/records", "text/plain")).Text);
    }
}
