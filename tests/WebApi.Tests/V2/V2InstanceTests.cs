using System.Net;
using System.Text.Json;
using Loire.Grains.Interfaces.Consumers;
using Loire.Model;
using static Loire.WebApi.Tests.V2.V2Client;

namespace Loire.WebApi.Tests.V2;

/// <summary>Making, subscribing and ending consumer instances in the v2 dialect.</summary>
public sealed class V2InstanceTests
{
    [Fact]
    public async Task An_instance_has_Confluents_defaults_and_lives_where_the_request_went()
    {
        await using var host = await ApiHost.StartAsync();
        var answer = await host.SendAsync(
            HttpMethod.Post, "/consumers/a%2Fb%20%C3%A9", Document, "{\"name\":\"my.instance-1\"}"u8.ToArray(), Document, ("Host", "balancer.example:8082"));
        Assert.Equal(
            (HttpStatusCode.OK, Document, """{"instance_id":"my.instance-1","base_uri":"http://balancer.example:8082/consumers/a%2Fb%20%C3%A9/instances/my.instance-1"}"""),
            (answer.Status, answer.ContentType, answer.Text));
        var settings = host.Cluster.Consumer("a/b é", "my.instance-1").Settings!;
        Assert.Equal(
            new ConsumerSettings(
                "my.instance-1",
                "127.0.0.1",
                null,
                OffsetSpec.Latest,
                TimeSpan.FromSeconds(5),
                TimeSpan.FromSeconds(45),
                TimeSpan.FromSeconds(300),
                settings.Assignors,
                1,
                """{"format":"binary","timeout_ms":1000}"""),
            settings);
        Assert.Equal(["cooperative-sticky"], settings.Assignors);
    }

    [Fact]
    public async Task Without_a_name_or_without_a_body_an_instance_has_a_name_that_nobody_guesses()
    {
        await using var host = await ApiHost.StartAsync();
        var names = new HashSet<string>();
        foreach (var (type, body) in new (string?, string)[] { (Document, "{}"), (Document, """{"format":"binary"}"""), (null, "") })
        {
            var answer = await host.PostV2Async("/consumers/g", body, type);
            Assert.Equal(HttpStatusCode.OK, answer.Status);
            var name = answer.Json.GetProperty("instance_id").GetString()!;
            Assert.Matches("^rest-consumer-[0-9a-f]{32}$", name);
            Assert.True(names.Add(name));
            Assert.Equal($"{host.Address}consumers/g/instances/{name}", answer.Json.GetProperty("base_uri").GetString());
        }
    }

    [Theory]
    [InlineData("""{"id":"x","name":"i"}""", "x", "latest 00:00:05 1 binary 1000", "the older word for the name goes first")]
    [InlineData("""{"name":"i","format":"JSON"}""", "i", "latest 00:00:05 1 json 1000", "capitals")]
    [InlineData("""{"name":"i","format":"text"}""", "i", "latest 00:00:05 1 text 1000", "Strimzi's format")]
    [InlineData("""{"name":"i","auto.offset.reset":"earliest"}""", "i", "earliest 00:00:05 1 binary 1000", "")]
    [InlineData("""{"name":"i","auto.offset.reset":"none"}""", "i", "none 00:00:05 1 binary 1000", "")]
    [InlineData("""{"name":"i","auto.commit.enable":"false"}""", "i", "latest  1 binary 1000", "Confluent's spelling")]
    [InlineData("""{"name":"i","auto.commit.enable":false}""", "i", "latest  1 binary 1000", "as a truth value")]
    [InlineData("""{"name":"i","enable.auto.commit":false}""", "i", "latest  1 binary 1000", "Strimzi's spelling")]
    [InlineData("""{"name":"i","enable.auto.commit":"true"}""", "i", "latest 00:00:05 1 binary 1000", "as text")]
    [InlineData("""{"name":"i","fetch.min.bytes":"1024"}""", "i", "latest 00:00:05 1024 binary 1000", "a number as text")]
    [InlineData("""{"name":"i","fetch.min.bytes":10000000}""", "i", "latest 00:00:05 10000000 binary 1000", "the greatest")]
    [InlineData("""{"name":"i","fetch.min.bytes":-1}""", "i", "latest 00:00:05 1 binary 1000", "any")]
    [InlineData("""{"name":"i","responseMinBytes":7}""", "i", "latest 00:00:05 7 binary 1000", "an older word")]
    [InlineData("""{"name":"i","consumer.request.timeout.ms":30000}""", "i", "latest 00:00:05 1 binary 30000", "")]
    [InlineData("""{"name":"i","requestWaitMs":"5"}""", "i", "latest 00:00:05 1 binary 5", "an older word")]
    [InlineData("""{"name":"i","isolation.level":"read_committed"}""", "i", "latest 00:00:05 1 binary 1000", "Strimzi's")]
    [InlineData("""{"name":"i","format":null,"auto.offset.reset":null,"auto.commit.enable":null,"fetch.min.bytes":null}""", "i", "latest 00:00:05 1 binary 1000", "nulls")]
    public async Task Settings_are_understood_in_every_spelling(string body, string name, string expected, string reason)
    {
        await using var host = await ApiHost.StartAsync();
        var answer = await host.PostV2Async("/consumers/g", body);
        Assert.True(answer.Status == HttpStatusCode.OK, reason + answer.Text);
        var settings = host.Cluster.Consumer("g", name).Settings!;
        var dialect = JsonDocument.Parse(settings.Dialect!).RootElement;
        Assert.Equal(
            expected,
            $"{settings.OffsetReset} {settings.AutoCommitInterval} {settings.FetchMinBytes} {dialect.GetProperty("format")} {dialect.GetProperty("timeout_ms")}");
    }

    [Theory]
    [InlineData("""{"format":"avro"}""", 422, 42204, "a format with schemas")]
    [InlineData("""{"format":"xml"}""", 422, 422, "no format")]
    [InlineData("""{"format":5}""", 400, 400, "a number for a text")]
    [InlineData("""{"auto.offset.reset":"smallest"}""", 422, 42204, "no way to reset")]
    [InlineData("""{"auto.commit.enable":"yes"}""", 422, 42204, "no truth value")]
    [InlineData("""{"auto.commit.enable":[]}""", 422, 42204, "an array")]
    [InlineData("""{"fetch.min.bytes":-2}""", 422, 40001, "below the least")]
    [InlineData("""{"fetch.min.bytes":10000001}""", 422, 40001, "beyond the greatest")]
    [InlineData("""{"fetch.min.bytes":"many"}""", 422, 42204, "no number")]
    [InlineData("""{"fetch.min.bytes":1.5}""", 422, 42204, "half a byte")]
    [InlineData("""{"consumer.request.timeout.ms":-1}""", 422, 40001, "a negative time")]
    [InlineData("""{"consumer.request.timeout.ms":99999999999}""", 422, 40001, "beyond 32 bits")]
    [InlineData("""{"isolation.level":"serializable"}""", 422, 42204, "no level")]
    [InlineData("""{"name":"a b"}""", 422, 42204, "a name with a space")]
    [InlineData("""{"name":""}""", 422, 42204, "an empty name")]
    [InlineData("""{"name":"a/b"}""", 422, 42204, "a name with a slash")]
    [InlineData("""{"nam":"a"}""", 422, 422, "an unknown member")]
    [InlineData("""{"name":"a","name":"b"}""", 400, 400, "a member twice")]
    [InlineData("[]", 400, 400, "an array")]
    [InlineData("null", 400, 400, "null")]
    [InlineData("{", 400, 400, "half a document")]
    [InlineData("{\"name\":\"\ufffd", 400, 400, "broken text")]
    public async Task Settings_that_make_no_sense_are_refused(string body, int status, int code, string reason)
    {
        await using var host = await ApiHost.StartAsync();
        var answer = await host.PostV2Async("/consumers/g", body);
        Assert.True((int)answer.Status == status, $"{reason}: {answer.Text}");
        AssertError(answer, status, code);
        Assert.Empty(host.Log.Lines);
    }

    [Fact]
    public async Task A_name_is_taken_once_in_a_group_and_free_again_when_its_instance_ends()
    {
        await using var host = await ApiHost.StartAsync();
        const string Body = """{"name":"i"}""";
        Assert.Equal(HttpStatusCode.OK, (await host.PostV2Async("/consumers/g", Body)).Status);
        AssertError(await host.PostV2Async("/consumers/g", Body), 409, 40902);
        Assert.Equal(HttpStatusCode.OK, (await host.PostV2Async("/consumers/other", Body)).Status);
        var ended = await host.SendAsync(HttpMethod.Delete, Instance, Document, []);
        Assert.Equal((HttpStatusCode.NoContent, ""), (ended.Status, ended.Text));
        AssertError(await host.SendAsync(HttpMethod.Delete, Instance, null, null), 404, 40403);
        Assert.Equal(HttpStatusCode.OK, (await host.PostV2Async("/consumers/g", Body)).Status);
        AssertError(await host.PostV2Async($"/consumers/{new string('g', 250)}", Body), 422, 42204);
        AssertError(await host.PostV2Async("/consumers/g", Body, "text/plain"), 415, 415);
        AssertError(await host.PostV2Async("/consumers/g", Body, null), 415, 415);
    }

    [Theory]
    [InlineData("DELETE", "", null)]
    [InlineData("POST", "/subscription", """{"topics":["t"]}""")]
    [InlineData("GET", "/subscription", null)]
    [InlineData("DELETE", "/subscription", null)]
    [InlineData("POST", "/assignments", """{"partitions":[{"topic":"t","partition":0}]}""")]
    [InlineData("GET", "/assignments", null)]
    [InlineData("GET", "/records", null)]
    [InlineData("POST", "/offsets", null)]
    [InlineData("POST", "/offsets", """{"offsets":[]}""")]
    [InlineData("POST", "/offsets", """{"offsets":[{"topic":"t","partition":0,"offset":1}]}""")]
    [InlineData("GET", "/offsets", """{"partitions":[{"topic":"t","partition":0}]}""")]
    [InlineData("POST", "/offsets:query", """{"partitions":[{"topic":"t","partition":0}]}""")]
    [InlineData("POST", "/positions", """{"offsets":[{"topic":"t","partition":0,"offset":1}]}""")]
    [InlineData("POST", "/positions/beginning", """{"partitions":[{"topic":"t","partition":0}]}""")]
    [InlineData("POST", "/positions/end", """{"partitions":[{"topic":"t","partition":0}]}""")]
    public async Task An_instance_that_is_not_there_is_40403_everywhere(string method, string path, string? body)
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        foreach (var instance in new[] { Instance, "/consumers/g/instances/a%20b", $"/consumers/g/instances/{new string('i', 250)}" })
        {
            var bytes = body is null ? null : System.Text.Encoding.UTF8.GetBytes(body);
            AssertError(await host.SendAsync(new HttpMethod(method), instance + path, Document, bytes), 404, 40403);
        }
    }

    [Fact]
    public async Task An_instance_subscribes_to_topics_or_to_a_pattern()
    {
        await using var host = await ApiHost.StartAsync();
        await host.PostV2Async("/consumers/g", """{"name":"i"}""");
        const string Path = $"{Instance}/subscription";
        var consumer = host.Cluster.Consumer("g", "i");
        Assert.Equal("""{"topics":[]}""", (await host.GetAsync(Path)).Text);
        Assert.Equal(HttpStatusCode.NoContent, (await host.PostV2Async(Path, """{"topics":["t","u","t"]}""")).Status);
        Assert.Equal("""{"topics":["t","u"]}""", (await host.GetAsync(Path)).Text);
        Assert.Equal(HttpStatusCode.NoContent, (await host.PostV2Async(Path, """{"topics":["v"]}""")).Status);
        Assert.Equal("""{"topics":["v"]}""", (await host.GetAsync(Path)).Text);

        AssertError(await host.PostV2Async(Path, """{"topic_pattern":"t.*"}"""), 409, 40903);
        AssertError(await host.PostV2Async($"{Instance}/assignments", """{"partitions":[{"topic":"t","partition":0}]}"""), 409, 40903);
        Assert.Equal(HttpStatusCode.NoContent, (await host.SendAsync(HttpMethod.Delete, Path, null, null)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await host.PostV2Async(Path, """{"topic_pattern":"t.*"}""")).Status);
        AssertError(await host.PostV2Async(Path, """{"topics":["v"]}"""), 409, 40903);
        Assert.Equal("t.*", consumer.Pattern);
        consumer.Assignment = [Partition(0), Partition(1)];
        Assert.Equal("""{"topics":["t"]}""", (await host.GetAsync(Path)).Text);
        Assert.Equal(
            """{"partitions":[{"topic":"t","partition":0},{"topic":"t","partition":1}]}""", (await host.GetAsync($"{Instance}/assignments")).Text);
    }

    [Fact]
    public async Task Partitions_are_assigned_by_hand()
    {
        await using var host = await ApiHost.StartAsync();
        await host.PostV2Async("/consumers/g", """{"name":"i"}""");
        const string Path = $"{Instance}/assignments";
        Assert.Equal("""{"partitions":[]}""", (await host.GetAsync(Path)).Text);
        const string Body = """{"partitions":[{"topic":"t","partition":1},{"topic":"t","partition":1},{"topic":"u","partition":0}]}""";
        Assert.Equal(HttpStatusCode.NoContent, (await host.PostV2Async(Path, Body)).Status);
        Assert.Equal("""{"partitions":[{"topic":"t","partition":1},{"topic":"u","partition":0}]}""", (await host.GetAsync(Path)).Text);
        AssertError(await host.PostV2Async($"{Instance}/subscription", """{"topics":["t"]}"""), 409, 40903);
        Assert.Equal(HttpStatusCode.NoContent, (await host.PostV2Async(Path, """{"partitions":[]}""")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await host.PostV2Async($"{Instance}/subscription", """{"topics":["t"]}""")).Status);
        host.Cluster.Consumer("g", "i").Error = ErrorCode.UnknownTopicOrPartition;
        AssertError(await host.PostV2Async(Path, Body), 404, 40402);
    }

    [Theory]
    [InlineData("/subscription", "{}", 422, 422, "neither topics nor a pattern")]
    [InlineData("/subscription", "", 422, 422, "no body")]
    [InlineData("/subscription", """{"topics":["t"],"topic_pattern":"t"}""", 422, 422, "both")]
    [InlineData("/subscription", """{"topics":[null]}""", 422, 422, "null for a topic")]
    [InlineData("/subscription", """{"topics":["a b"]}""", 422, 422, "a name that no topic can have")]
    [InlineData("/subscription", """{"topics":"t"}""", 400, 400, "text for an array")]
    [InlineData("/subscription", """{"topics":[1]}""", 400, 400, "a number for a name")]
    [InlineData("/subscription", """{"topic_pattern":""}""", 422, 422, "an empty pattern")]
    [InlineData("/subscription", """{"topic":["t"]}""", 422, 422, "an unknown member")]
    [InlineData("/assignments", "{}", 422, 422, "no partitions")]
    [InlineData("/assignments", "", 422, 422, "no body")]
    [InlineData("/assignments", """{"partitions":[null]}""", 422, 422, "null for a partition")]
    [InlineData("/assignments", """{"partitions":[{"topic":"t"}]}""", 422, 422, "no number")]
    [InlineData("/assignments", """{"partitions":[{"partition":0}]}""", 422, 422, "no topic")]
    [InlineData("/assignments", """{"partitions":[{"topic":"t","partition":-1}]}""", 422, 422, "a negative number")]
    [InlineData("/assignments", """{"partitions":[{"topic":"t","partition":"0"}]}""", 400, 400, "text for a number")]
    [InlineData("/assignments", """{"partitions":[{"topic":"t","partition":1e99}]}""", 400, 400, "a number beyond all bits")]
    [InlineData("/assignments", """{"partitions":[{"topic":"/","partition":0}]}""", 422, 422, "a name that no topic can have")]
    public async Task Subscriptions_that_make_no_sense_are_refused(string path, string body, int status, int code, string reason)
    {
        await using var host = await ApiHost.StartAsync();
        await host.PostV2Async("/consumers/g", """{"name":"i"}""");
        var answer = await host.PostV2Async(Instance + path, body);
        Assert.True((int)answer.Status == status, $"{reason}: {answer.Text}");
        AssertError(answer, status, code);
        Assert.Empty(host.Log.Lines);
    }

    [Fact]
    public async Task A_pattern_that_is_none_and_a_list_that_is_too_long_are_refused()
    {
        await using var host = await ApiHost.StartAsync();
        await host.PostV2Async("/consumers/g", """{"name":"i"}""");
        var topics = string.Join(',', Enumerable.Range(0, 1_001).Select(i => $"\"t{i}\""));
        AssertError(await host.PostV2Async($"{Instance}/subscription", $$"""{"topics":[{{topics}}]}"""), 422, 422);
        AssertError(await host.PostV2Async($"{Instance}/subscription", $$"""{"topic_pattern":"{{new string('a', 1_001)}}"}"""), 422, 422);
        var partitions = string.Join(',', Enumerable.Range(0, 10_001).Select(i => $$"""{"topic":"t","partition":{{i}}}"""));
        AssertError(await host.PostV2Async($"{Instance}/assignments", $$"""{"partitions":[{{partitions}}]}"""), 422, 422);
        host.Cluster.Consumer("g", "i").Error = ErrorCode.InvalidRegularExpression;
        AssertError(await host.PostV2Async($"{Instance}/subscription", """{"topic_pattern":"("}"""), 422, 422);
    }
}
