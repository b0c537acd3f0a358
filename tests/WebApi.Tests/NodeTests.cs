using System.Net;

namespace Loire.WebApi.Tests;

/// <summary>The API before the real grains and the real store.</summary>
public sealed class NodeTests
{
    private const string Json = "application/json";

    [Fact]
    public async Task Topics_are_created_listed_described_and_deleted()
    {
        await using var node = await NodeHost.StartAsync();
        var created = await node.PostAsync("/v1/topics", Json, """{"topic_name":"orders","partitions_count":3,"configs":[{"name":"max.message.bytes","value":"2000"}]}""");
        Assert.Equal((HttpStatusCode.Created, "/v1/topics/orders"), (created.Status, created.Header("Location")));
        Assert.Equal((3, 1), (created.Json.GetProperty("partitions_count").GetInt32(), created.Json.GetProperty("replication_factor").GetInt32()));
        var described = await node.GetAsync("/v1/topics/orders");
        Assert.StartsWith(created.Text[..^1] + ",\"log\":{\"reported_partitions\":3,\"size_bytes\":0,", described.Text, StringComparison.Ordinal);
        var partitions = (await node.GetAsync("/v1/topics/orders/partitions")).Json.EnumerateArray().ToList();
        Assert.Equal(3, partitions.Count);
        for (var partition = 0; partition < 3; partition++)
        {
            Assert.StartsWith(
                $$"""{"partition":{{partition}},"leader":0,"preferred_leader":null,"replicas":[0],"isr":[0],"log":{"log_start_offset":0,"log_end_offset":0,""",
                partitions[partition].GetRawText(), StringComparison.Ordinal);
        }

        var twice = await node.PostAsync("/v1/topics", Json, """{"topic_name":"orders"}""");
        Assert.Equal((HttpStatusCode.Conflict, "TOPIC_ALREADY_EXISTS"), (twice.Status, twice.Json.GetProperty("code").GetString()));
        var alike = await node.PostAsync("/v1/topics", Json, """{"topic_name":"or.ders_"}""");
        Assert.Equal(HttpStatusCode.Created, alike.Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await node.PostAsync("/v1/topics", Json, """{"topic_name":"or_ders."}""")).Status);

        await node.PostAsync("/v1/topics/orders/records", "text/plain", "a\nb\n");
        Assert.Equal(HttpStatusCode.NoContent, (await node.SendAsync(HttpMethod.Delete, "/v1/topics/orders", null, null)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await node.GetAsync("/v1/topics/orders")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await node.PostAsync("/v1/topics/orders/records", "text/plain", "a\n")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await node.SendAsync(HttpMethod.Delete, "/v1/topics/orders", null, null)).Status);
        Assert.Equal("""[{"topic_name":"or.ders_"}]""", (await node.GetAsync("/v1/topics")).Text);

        var again = await node.PostAsync("/v1/topics", Json, """{"topic_name":"orders"}""");
        Assert.Equal(HttpStatusCode.Created, again.Status);
        Assert.NotEqual(created.Json.GetProperty("topic_id").GetString(), again.Json.GetProperty("topic_id").GetString());
        Assert.Equal(0, (await node.GetAsync("/v1/topics/orders/partitions/0/offsets")).Json.GetProperty("log_end_offset").GetInt64());
    }

    [Fact]
    public async Task A_long_list_comes_in_pages_that_link_the_next()
    {
        await using var node = await NodeHost.StartAsync();
        var names = Enumerable.Range(0, 25).Select(i => $"t{i:00}").ToArray();
        foreach (var name in names)
        {
            await node.PostAsync("/v1/topics", Json, $"{{\"topic_name\":\"{name}\"}}");
        }

        var seen = new List<string>();
        var path = "/v1/topics?limit=10";
        for (var page = 0; path.Length > 0 && page < 10; page++)
        {
            var answer = await node.GetAsync(path);
            seen.AddRange(answer.Json.EnumerateArray().Select(topic => topic.GetProperty("topic_name").GetString()!));
            path = answer.Header("Link") is { Length: > 0 } link ? link[1..link.IndexOf('>', StringComparison.Ordinal)] : "";
        }

        Assert.Equal(names, seen);
        Assert.Equal(HttpStatusCode.BadRequest, (await node.GetAsync("/v1/topics?limit=0")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await node.GetAsync("/v1/topics?limit=10001")).Status);
    }

    [Fact]
    public async Task Settings_are_shown_set_and_reset()
    {
        await using var node = await NodeHost.StartAsync();
        await node.PostAsync("/v1/topics", Json, """{"topic_name":"t"}""");
        var path = "/v1/topics/t/configs/max.message.bytes";
        var meaning = "Bytes of the largest record batch that the topic accepts, after compression and with its header.";
        Assert.Equal($$"""{"name":"max.message.bytes","value":"1048588","is_default":true,"source":"DEFAULT_CONFIG","default":"1048588","type":"INT","documentation":"{{meaning}}","effective":true,"no_effect":null}""", (await node.GetAsync(path)).Text);
        Assert.Equal(HttpStatusCode.NoContent, (await node.SendAsync(HttpMethod.Put, path, Json, """{"value":"500"}"""u8.ToArray())).Status);
        Assert.Equal($$"""{"name":"max.message.bytes","value":"500","is_default":false,"source":"DYNAMIC_TOPIC_CONFIG","default":"1048588","type":"INT","documentation":"{{meaning}}","effective":true,"no_effect":null}""", (await node.GetAsync(path)).Text);
        var tooLarge = await node.PostAsync("/v1/topics/t/records", "text/plain", new string('x', 600));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLarge.Status);
        Assert.Equal(HttpStatusCode.NoContent, (await node.SendAsync(HttpMethod.Delete, path, null, null)).Status);
        Assert.Equal("1048588", (await node.GetAsync(path)).Json.GetProperty("value").GetString());

        var alter = "/v1/topics/t/configs:alter";
        Assert.Equal(HttpStatusCode.NoContent, (await node.PostAsync(alter, Json, """{"data":[{"name":"max.message.bytes","value":"700"},{"name":"message.timestamp.type","value":"LogAppendTime","operation":"SET"}]}""")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await node.PostAsync(alter, Json, """{"data":[{"name":"max.message.bytes","operation":"DELETE"}],"validate_only":true}""")).Status);
        Assert.Equal("700", (await node.GetAsync(path)).Json.GetProperty("value").GetString());
        var all = (await node.GetAsync("/v1/topics/t/configs")).Json.EnumerateArray().ToDictionary(c => c.GetProperty("name").GetString()!, c => c.GetProperty("value").GetString());
        Assert.Equal("LogAppendTime", all["message.timestamp.type"]);
        Assert.Equal(37, all.Count);
        foreach (var bad in new[]
        {
            """{"data":[{"name":"max.message.bytes","value":"-1"}]}""",
            """{"data":[{"name":"no.such.setting","value":"1"}]}""",
            """{"data":[{"name":"max.message.bytes","value":"900"},{"name":"max.message.bytes","value":"x"}]}""",
            """{"data":[{"name":"max.message.bytes"}]}""",
            """{"data":[{"name":"max.message.bytes","value":"1","operation":"DELETE"}]}""",
            """{"data":[{"name":"max.message.bytes","value":"1","operation":"APPEND"}]}""",
            """{"data":[null]}""",
        })
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await node.PostAsync(alter, Json, bad)).Status);
        }

        Assert.Equal("700", (await node.GetAsync(path)).Json.GetProperty("value").GetString());
        Assert.Equal(HttpStatusCode.NotFound, (await node.GetAsync("/v1/topics/t/configs/no.such.setting")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await node.GetAsync("/v1/topics/none/configs")).Status);
    }

    [Fact]
    public async Task A_setting_without_effect_is_stored_and_said_to_be_without_one()
    {
        await using var node = await NodeHost.StartAsync();
        await node.PostAsync("/v1/topics", Json, """{"topic_name":"t","configs":[{"name":"flush.messages","value":"1"}]}""");
        var flush = (await node.GetAsync("/v1/topics/t/configs/flush.messages")).Json;
        Assert.Equal(("1", "9223372036854775807"), (flush.GetProperty("value").GetString(), flush.GetProperty("default").GetString()));
        Assert.False(flush.GetProperty("effective").GetBoolean());
        Assert.EndsWith(".", flush.GetProperty("no_effect").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await node.PostAsync("/v1/topics/t/configs:alter", Json, """{"data":[{"name":"remote.storage.enable","value":"true"}]}""")).Status);
    }

    [Fact]
    public async Task Records_are_stored_in_the_topics_codec_and_a_compacted_topic_requires_keys()
    {
        await using var node = await NodeHost.StartAsync();
        await node.PostAsync("/v1/topics", Json, """{"topic_name":"t","configs":[{"name":"compression.type","value":"zstd"},{"name":"cleanup.policy","value":"compact"}]}""");
        Assert.Equal(HttpStatusCode.OK, (await node.PostAsync("/v1/topics/t/records", Json, """{"records":[{"key":"k","value":"v"}]}""")).Status);
        var refused = await node.PostAsync("/v1/topics/t/records", Json, """{"records":[{"value":"v"}]}""");
        Assert.Equal((HttpStatusCode.BadRequest, "INVALID_RECORD"), (refused.Status, refused.Json.GetProperty("code").GetString()));
        var read = (await node.GetAsync("/v1/topics/t/partitions/0/records?offset=0")).Text;
        Assert.Contains("\"key\":\"k\",\"value\":\"v\"", read, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Partitions_can_be_added_and_only_added()
    {
        await using var node = await NodeHost.StartAsync();
        await node.PostAsync("/v1/topics", Json, """{"topic_name":"t","partitions_count":2}""");
        Task<Answered> Patch(string body) => node.SendAsync(HttpMethod.Patch, "/v1/topics/t", Json, System.Text.Encoding.UTF8.GetBytes(body));
        Assert.Equal(4, (await Patch("""{"partitions_count":4}""")).Json.GetProperty("partitions_count").GetInt32());
        Assert.Equal("INVALID_PARTITIONS", (await Patch("""{"partitions_count":4}""")).Json.GetProperty("code").GetString());
        Assert.Equal("INVALID_PARTITIONS", (await Patch("""{"partitions_count":1}""")).Json.GetProperty("code").GetString());
        Assert.Equal(HttpStatusCode.OK, (await Patch("""{"partitions_count":9,"validate_only":true}""")).Status);
        Assert.Equal(4, (await node.GetAsync("/v1/topics/t/partitions")).Json.GetArrayLength());
        Assert.Equal(HttpStatusCode.OK, (await node.PostAsync("/v1/topics/t/records?partition=3", "text/plain", "a\n")).Status);
    }

    [Fact]
    public async Task Validating_a_topic_creates_none()
    {
        await using var node = await NodeHost.StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await node.PostAsync("/v1/topics", Json, """{"topic_name":"t","validate_only":true}""")).Status);
        Assert.Equal("[]", (await node.GetAsync("/v1/topics")).Text);
        foreach (var (body, code) in new[]
        {
            ("""{"topic_name":"t","partitions_count":0}""", "INVALID_PARTITIONS"),
            ("""{"topic_name":"t","partitions_count":-2}""", "INVALID_PARTITIONS"),
            ("""{"topic_name":"t","partitions_count":10001}""", "INVALID_PARTITIONS"),
            ("""{"topic_name":"t","replication_factor":3}""", "INVALID_REPLICATION_FACTOR"),
            ("""{"topic_name":"t","configs":[{"name":"x","value":"1"}]}""", "INVALID_CONFIG"),
            ("""{"topic_name":"t","configs":[{"name":"max.message.bytes","value":"many"}]}""", "INVALID_CONFIG"),
        })
        {
            Assert.Equal(code, (await node.PostAsync("/v1/topics", Json, body)).Json.GetProperty("code").GetString());
        }
    }

    [Fact]
    public async Task What_was_acknowledged_is_there_after_a_restart_byte_for_byte()
    {
        await using var node = await NodeHost.StartAsync();
        await node.PostAsync("/v1/topics", Json, """{"topic_name":"t"}""");
        var file = new byte[5_000_000];
        new Random(3).NextBytes(file);
        file[^1] = (byte)'\n';
        var produced = await node.SendAsync(HttpMethod.Post, "/v1/topics/t/records", "text/plain", file);
        Assert.Equal(file.Count(b => b == '\n'), produced.Json.GetProperty("records_accepted").GetInt64());
        await node.StopAsync();
        await using var again = await NodeHost.StartAsync(node.Data);
        Assert.Equal(file, (await again.GetAsync("/v1/topics/t/partitions/0/records?until=latest", "text/plain")).Body);
        Assert.Equal("ready", (await again.GetAsync("/readyz")).Json.GetProperty("checks").GetProperty("store").GetProperty("status").GetString());
    }

    [Fact]
    public async Task Every_form_of_reading_and_writing_meets_the_real_log()
    {
        await using var node = await NodeHost.StartAsync();
        await node.PostAsync("/v1/topics", Json, """{"topic_name":"t"}""");
        await node.PostAsync("/v1/topics/t/records", Json, """{"records":[{"key":"k","value":"json","timestamp":1000,"headers":[{"name":"h","value":"v"}]}]}""");
        await node.PostAsync("/v1/topics/t/records", "application/x-ndjson", "{\"value\":\"line\",\"timestamp\":2000}\n");
        await node.PostAsync("/v1/topics/t/records", "text/plain", "text");
        await node.SendAsync(HttpMethod.Post, "/v1/topics/t/records", null, "raw"u8.ToArray());
        await node.SendAsync(HttpMethod.Post, "/v1/topics/t/records?partition=0", "application/vnd.loire.record-batches", Batches.Of(Model.CompressionType.Gzip, 3_000, "batch", "es"));
        Assert.Equal("json\nline\ntext\nraw\nbatch\nes\n", (await node.GetAsync("/v1/topics/t/partitions/0/records", "text/plain")).Text);
        Assert.Equal("es", (await node.GetAsync("/v1/topics/t/partitions/0/records?offset=5", "application/octet-stream")).Text);
        Assert.Equal("line", (await node.GetAsync("/v1/topics/t/partitions/0/records?timestamp=1500&max_records=1")).Json[0].GetProperty("value").GetString());
        Assert.Equal(1, (await node.GetAsync("/v1/topics/t/partitions/0/offsets?timestamp=1001")).Json.GetProperty("offset").GetInt64());
        var batches = await node.GetAsync("/v1/topics/t/partitions/0/records", "application/vnd.loire.record-batches");
        await node.PostAsync("/v1/topics", Json, """{"topic_name":"copy"}""");
        var copied = await node.SendAsync(HttpMethod.Post, "/v1/topics/copy/records?partition=0", "application/vnd.loire.record-batches", batches.Body);
        Assert.Equal(6, copied.Json.GetProperty("records_accepted").GetInt64());
        Assert.Equal("json\nline\ntext\nraw\nbatch\nes\n", (await node.GetAsync("/v1/topics/copy/partitions/0/records", "text/plain")).Text);
        Assert.Equal(416, (int)(await node.GetAsync("/v1/topics/t/partitions/0/records?offset=7")).Status);
    }

    [Fact]
    public async Task Batches_that_a_client_damaged_are_refused_by_the_partition()
    {
        await using var node = await NodeHost.StartAsync();
        await node.PostAsync("/v1/topics", Json, """{"topic_name":"t"}""");
        var good = Batches.Of("a", "b");
        for (var bit = 8 * 17; bit < good.Length * 8; bit += 7)
        {
            var bad = good.ToArray();
            bad[bit / 8] ^= (byte)(1 << (bit % 8));
            var answer = await node.SendAsync(HttpMethod.Post, "/v1/topics/t/records?partition=0", "application/vnd.loire.record-batches", bad);
            Assert.InRange((int)answer.Status, 400, 499);
            Assert.Equal(0, answer.Json.GetProperty("records_accepted").GetInt64());
        }

        Assert.Equal(0, (await node.GetAsync("/v1/topics/t/partitions/0/offsets")).Json.GetProperty("log_end_offset").GetInt64());
    }
}
