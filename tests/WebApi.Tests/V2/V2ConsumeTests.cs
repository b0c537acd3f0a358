using System.Net;
using System.Text;
using Loire.Grains.Interfaces.Consumers;
using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.Model.Groups;
using Loire.TestKit.Fakes;
using Loire.WebApi.RestProxy.Consumers;
using Microsoft.Extensions.DependencyInjection;
using static Loire.WebApi.Tests.V2.V2Client;

namespace Loire.WebApi.Tests.V2;

/// <summary>Reading, committing and seeking through consumer instances in the v2 dialect.</summary>
public sealed class V2ConsumeTests
{
    private const string Records = $"{Instance}/records";
    private const string Offsets = $"{Instance}/offsets";

    [Theory]
    [InlineData("binary", Binary, """[{"topic":"t","key":"MQ==","value":"eyJhIjogMX0=","partition":0,"offset":7,"timestamp":1007},""")]
    [InlineData("json", Json, """[{"topic":"t","key":1,"value":{"a": 1},"partition":0,"offset":7,"timestamp":1007},""")]
    [InlineData("text", Text, """[{"topic":"t","key":"1","value":"{\"a\": 1}","partition":0,"offset":7,"timestamp":1007},""")]
    public async Task Records_come_in_the_format_of_the_instance(string format, string type, string expected)
    {
        await using var host = await ApiHost.StartAsync();
        var consumer = await host.MakeAsync($"\"format\":\"{format}\"");
        consumer.Queue(Record(7, "1", "{\"a\": 1}"), Record(8, null, null, new ConsumedHeader("h", [1, 2]), new ConsumedHeader("n", null)));
        var answer = await host.GetAsync(Records, type);
        Assert.Equal(
            (HttpStatusCode.OK, type, expected
                + """{"topic":"t","key":null,"value":null,"partition":0,"offset":8,"timestamp":1008,"headers":[{"key":"h","value":"AQI="},{"key":"n","value":null}]}]"""),
            (answer.Status, answer.ContentType, answer.Text));
        Assert.Equal("no-store", answer.Header("Cache-Control"));
        Assert.Equal((HttpStatusCode.OK, "[]"), ((await host.GetAsync(Records, type)).Status, (await host.GetAsync(Records, type)).Text));
        Assert.All(consumer.Takes, take => Assert.Equal((PreviousDelivery.Finished, null), (take.PreviousDelivery, take.Receipt)));
    }

    [Theory]
    [InlineData("binary", Binary, true)]
    [InlineData("binary", Document, true)]
    [InlineData("binary", "*/*", true)]
    [InlineData("binary", null, true)]
    [InlineData("binary", Json, false)]
    [InlineData("binary", "application/json", false)]
    [InlineData("binary", "application/vnd.kafka.avro.v2+json", false)]
    [InlineData("binary", "application/vnd.kafka.json.v2+json, application/vnd.kafka.binary.v2+json;q=0.1", true)]
    [InlineData("json", Json, true)]
    [InlineData("json", "application/json", true)]
    [InlineData("json", "application/json, text/plain, */*", true)]
    [InlineData("json", null, true)]
    [InlineData("json", Binary, false)]
    [InlineData("json", Document, false)]
    [InlineData("text", Text, true)]
    [InlineData("text", Json, false)]
    public async Task What_is_accepted_must_be_the_format_of_the_instance(string format, string? accept, bool fits)
    {
        await using var host = await ApiHost.StartAsync();
        var consumer = await host.MakeAsync($"\"format\":\"{format}\"");
        var answer = await host.GetAsync(Records, accept);
        if (fits)
        {
            Assert.Equal((HttpStatusCode.OK, "[]"), (answer.Status, answer.Text));
        }
        else
        {
            AssertError(answer, 406, 40601, accept!);
            Assert.Empty(consumer.Takes);
        }
    }

    [Theory]
    [InlineData("", "", 1_000, 16_777_216)]
    [InlineData("?timeout=200&max_bytes=5000", "", 200, 5_000)]
    [InlineData("?timeout=200000&max_bytes=500000000000", "", 60_000, 16_777_216)]
    [InlineData("?timeout=10000", "", 10_000, 16_777_216)]
    [InlineData("?timeout=-1&max_bytes=-1", "", 1_000, 16_777_216)]
    [InlineData("?timeout=0&max_bytes=0&unknown=1", "", 1_000, 16_777_216)]
    [InlineData("?timeout=2000", ",\"consumer.request.timeout.ms\":30000", 2_000, 16_777_216)]
    [InlineData("", ",\"consumer.request.timeout.ms\":30000", 30_000, 16_777_216)]
    [InlineData("", ",\"consumer.request.timeout.ms\":2000000000", 60_000, 16_777_216)]
    [InlineData("", ",\"consumer.request.timeout.ms\":0", 0, 16_777_216)]
    public async Task How_long_and_how_much_is_what_the_client_says_within_bounds(string query, string settings, int wait, int bytes)
    {
        await using var host = await ApiHost.StartAsync();
        var consumer = await host.MakeAsync($"\"format\":\"json\"{settings}");
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync(Records + query, Json)).Status);
        Assert.Equal(new TakeRequest(PreviousDelivery.Finished, null, 500, bytes, TimeSpan.FromMilliseconds(wait)), Assert.Single(consumer.Takes));
    }

    [Theory]
    [InlineData(ErrorCode.UnknownMemberId, 404, 40403)]
    [InlineData(ErrorCode.InvalidRequest, 409, 40903)]
    [InlineData(ErrorCode.OffsetOutOfRange, 500, 50002)]
    [InlineData(ErrorCode.UnknownTopicOrPartition, 404, 40402)]
    [InlineData(ErrorCode.NotCoordinator, 500, 50003)]
    [InlineData(ErrorCode.GroupAuthorizationFailed, 403, 40301)]
    public async Task What_keeps_records_from_coming_has_the_dialects_code(ErrorCode error, int status, int code)
    {
        await using var host = await ApiHost.StartAsync();
        var consumer = await host.MakeAsync();
        consumer.OnTake = (_, _) => ValueTask.FromResult<TakeResult?>(new TakeResult(error, "Why.", [], "r0"));
        AssertError(await host.GetAsync(Records), status, code);
        AssertError(await host.GetAsync(Records + "?timeout=soon"), 400, 400);
        AssertError(await host.GetAsync(Records, "text/html"), 406, 406);
    }

    [Fact]
    public async Task A_request_whose_place_a_newer_one_took_has_no_records()
    {
        await using var host = await ApiHost.StartAsync();
        var consumer = await host.MakeAsync();
        consumer.OnTake = (_, _) => ValueTask.FromResult<TakeResult?>(new TakeResult(ErrorCode.RequestTimedOut, null, [], "r0"));
        Assert.Equal("[]", (await host.GetAsync(Records)).Text);
    }

    [Fact]
    public async Task An_instance_that_reads_nothing_is_told_so()
    {
        await using var host = await ApiHost.StartAsync();
        await host.PostV2Async("/consumers/g", """{"name":"i"}""");
        AssertError(await host.GetAsync(Records), 409, 40903);
    }

    [Fact]
    public async Task A_client_that_leaves_ends_its_wait()
    {
        await using var host = await ApiHost.StartAsync();
        var consumer = await host.MakeAsync();
        var waits = new TaskCompletionSource();
        var left = new TaskCompletionSource();
        consumer.OnTake = async (_, cancellation) =>
        {
            using var registration = cancellation.Register(left.SetResult);
            waits.SetResult();
            await left.Task;
            throw new OperationCanceledException(cancellation);
        };
        using (var leaving = new CancellationTokenSource())
        {
            var asked = host.Http.GetAsync(new Uri(Records, UriKind.Relative), leaving.Token);
            await waits.Task;
            await leaving.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        }

        await left.Task;
        Assert.Empty(host.Log.Lines);
    }

    [Fact]
    public async Task A_record_that_is_no_JSON_stays_before_the_instance_and_nothing_behind_it_is_lost()
    {
        await using var host = await ApiHost.StartAsync();
        var consumer = await host.MakeAsync();
        consumer.Queue(Record(0, null, "0"), Record(1, null, "{"), Record(2, null, "2"));
        Assert.Equal(1, (await host.GetAsync(Records, Json)).Json.GetArrayLength());
        for (var i = 0; i < 2; i++)
        {
            var answer = await host.GetAsync(Records, Json);
            AssertError(answer, 500, 50002, Json);
            Assert.Contains("offset 1 of t-0", answer.Text, StringComparison.Ordinal);
        }

        const string Behind = """{"offsets":[{"topic":"t","partition":0,"offset":2}]}""";
        Assert.Equal(HttpStatusCode.NoContent, (await host.PostV2Async($"{Instance}/positions", Behind)).Status);
        Assert.Equal(2, (await host.GetAsync(Records, Json)).Json[0].GetProperty("value").GetInt32());
    }

    [Fact]
    public async Task A_consumer_that_the_native_API_made_is_read_in_the_binary_format()
    {
        await using var host = await ApiHost.StartAsync();
        var consumer = host.Cluster.Consumer("g", "i");
        await consumer.Create(new ConsumerSettings(
            "c", "h", null, OffsetSpec.Latest, null, TimeSpan.Zero, TimeSpan.Zero, ["range"], 1, null));
        await consumer.Assign([Partition(0)]);
        consumer.Queue(Record(0, null, "a"));
        Assert.Equal("YQ==", (await host.GetAsync(Records, Binary)).Json[0].GetProperty("value").GetString());
    }

    [Theory]
    [InlineData(CommitMeaning.LastRead, 200, "[]", 8)]
    [InlineData(CommitMeaning.NextToRead, 204, "", 7)]
    public async Task A_commit_means_what_the_node_is_set_to(CommitMeaning meaning, int status, string body, long stored)
    {
        await using var host = await ApiHost.StartAsync(services: services => services.Configure<RestProxyOptions>(options => options.Commits = meaning));
        host.Cluster.AddTopic("t", partitions: 2);
        var consumer = await host.MakeAsync();
        foreach (var name in new[] { "offsets", "partitions" })
        {
            var commit = $$"""{"{{name}}":[{"topic":"t","partition":0,"offset":3},{"topic":"t","partition":0,"offset":7,"metadata":"note"}]}""";
            var answer = await host.PostV2Async(Offsets, commit);
            Assert.Equal((status, body), ((int)answer.Status, answer.Text));
            var offset = Assert.Single(consumer.Commits[^1]!);
            Assert.Equal(
                (Partition(0), stored, "note", LeaderEpoch.None), (offset.Partition, offset.Offset.Value, offset.Metadata, offset.LeaderEpoch));
        }

        foreach (var (type, all) in new (string?, string)[] { (Document, ""), (null, ""), (Document, "{}"), (Document, """{"offsets":null}""") })
        {
            var answer = await host.PostV2Async(Offsets, all, type);
            Assert.Equal((status, body), ((int)answer.Status, answer.Text));
            Assert.Null(consumer.Commits[^1]);
        }

        var commits = consumer.Commits.Count;
        Assert.Equal(status, (int)(await host.PostV2Async($"{Offsets}?async=true", """{"offsets":[]}""")).Status);
        Assert.Equal(commits, consumer.Commits.Count);
    }

    [Theory]
    [InlineData(ErrorCode.StaleMemberEpoch, 500, 50002)]
    [InlineData(ErrorCode.RebalanceInProgress, 500, 50002)]
    [InlineData(ErrorCode.NotCoordinator, 500, 50003)]
    [InlineData(ErrorCode.UnknownMemberId, 404, 40403)]
    public async Task A_commit_that_is_refused_has_the_dialects_code(ErrorCode error, int status, int code)
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        var consumer = await host.MakeAsync();
        consumer.OnCommit = _ => new CommitResult(error, [], null);
        AssertError(await host.PostV2Async(Offsets, ""), status, code);
        consumer.OnCommit = _ => new CommitResult(ErrorCode.None, [new PartitionError(Partition(0), error)], null);
        AssertError(await host.PostV2Async(Offsets, """{"offsets":[{"topic":"t","partition":0,"offset":1}]}"""), status, code);
    }

    [Theory]
    [InlineData("/offsets", """{"offsets":[{"topic":"t","partition":0}]}""", 422, 422, "no offset")]
    [InlineData("/offsets", """{"offsets":[{"topic":"t","partition":0,"offset":-1}]}""", 422, 422, "a negative offset")]
    [InlineData("/offsets", """{"offsets":[{"topic":"t","partition":0,"offset":9223372036854775807}]}""", 422, 422, "nothing is behind it")]
    [InlineData("/offsets", """{"offsets":[{"topic":"t","partition":0,"offset":"1"}]}""", 400, 400, "text for a number")]
    [InlineData("/offsets", """{"offsets":[{"topic":"t","offset":1}]}""", 422, 422, "no partition")]
    [InlineData("/offsets", """{"offsets":[{"partition":0,"offset":1}]}""", 422, 422, "no topic")]
    [InlineData("/offsets", """{"offsets":[null]}""", 422, 422, "null")]
    [InlineData("/offsets", """{"offsets":{}}""", 400, 400, "an object for an array")]
    [InlineData("/offsets", """{"offset":[]}""", 422, 422, "an unknown member")]
    [InlineData("/offsets", """{"offsets":[{"topic":"t","partition":9,"offset":1}]}""", 404, 40402, "no such partition")]
    [InlineData("/offsets", """{"offsets":[{"topic":"nobody","partition":0,"offset":1}]}""", 404, 40402, "no such topic")]
    [InlineData("/offsets:query", "", 404, 40402, "no body")]
    [InlineData("/offsets:query", "{}", 422, 422, "no partitions")]
    [InlineData("/offsets:query", """{"partitions":[{"topic":"t"}]}""", 422, 422, "no number")]
    [InlineData("/positions", "", 422, 422, "no body")]
    [InlineData("/positions", """{"offsets":[{"topic":"t","partition":0}]}""", 422, 422, "no offset")]
    [InlineData("/positions", """{"offsets":[{"topic":"t","partition":0,"offset":-1}]}""", 422, 422, "a negative offset")]
    [InlineData("/positions", """{"offsets":[null]}""", 422, 422, "null")]
    [InlineData("/positions", """{"timestamps":[{"topic":"t","partition":0}]}""", 422, 422, "no time")]
    [InlineData("/positions", """{"timestamps":[{"topic":"t","partition":0,"timestamp":"yesterday"}]}""", 422, 422, "no ISO 8601")]
    [InlineData("/positions", """{"timestamps":[{"topic":"t","partition":0,"timestamp":"2026-01-01T00:00:00"}]}""", 422, 422, "whose midnight?")]
    [InlineData("/positions", """{"timestamps":[{"topic":"t","partition":0,"timestamp":5}]}""", 400, 400, "a number for text")]
    [InlineData("/positions", """{"offsets":[{"topic":"t","partition":1,"offset":1}]}""", 409, 40903, "a partition that it does not have")]
    [InlineData("/positions/beginning", "", 422, 422, "no body")]
    [InlineData("/positions/beginning", """{"partitions":[{"topic":"t","partition":1}]}""", 409, 40903, "a partition that it does not have")]
    [InlineData("/positions/end", """{"partitions":[{"topic":"t","partition":-1}]}""", 422, 422, "a negative partition")]
    public async Task Offsets_and_positions_that_make_no_sense_change_nothing(string path, string body, int status, int code, string reason)
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", partitions: 2);
        var consumer = await host.MakeAsync();
        var answer = await host.PostV2Async(Instance + path, body);
        Assert.True((int)answer.Status == status, $"{reason}: {answer.Text}");
        AssertError(answer, status, code);
        Assert.Empty(consumer.Commits);
        Assert.Empty(consumer.Seeks);
        Assert.Empty(host.Log.Lines);
    }

    [Fact]
    public async Task Committed_offsets_are_shown_as_they_are_stored_to_clients_that_can_and_cannot_send_a_body_with_GET()
    {
        await using var host = await ApiHost.StartAsync();
        await host.MakeAsync();
        const string Body = """{"partitions":[{"topic":"t","partition":1},{"topic":"t","partition":5},{"topic":"t","partition":0}]}""";
        Assert.Equal("""{"offsets":[]}""", (await host.PostV2Async($"{Offsets}:query", Body)).Text);
        var group = host.Cluster.Group("g");
        await group.Commit(new CommitRequest(
            null,
            -1,
            [
                new CommittedOffset(Partition(0), new Offset(8), LeaderEpoch.None, "note", Timestamp.None),
                new CommittedOffset(Partition(1), new Offset(2), LeaderEpoch.None, "", Timestamp.None),
            ]));
        const string Expected =
            """{"offsets":[{"topic":"t","partition":1,"offset":2,"metadata":""},{"topic":"t","partition":0,"offset":8,"metadata":"note"}]}""";
        Assert.Equal(Expected, (await host.PostV2Async($"{Offsets}:query", Body)).Text);
        Assert.Equal(Expected, (await host.SendAsync(HttpMethod.Get, Offsets, Document, Encoding.UTF8.GetBytes(Body))).Text);
        AssertError(await host.GetAsync(Offsets), 404, 40402);
        group.Error = ErrorCode.NotCoordinator;
        AssertError(await host.PostV2Async($"{Offsets}:query", Body), 500, 50003);
    }

    [Fact]
    public async Task Positions_are_set_to_offsets_moments_the_beginning_and_the_end()
    {
        await using var host = await ApiHost.StartAsync();
        var consumer = await host.MakeAsync();
        consumer.Assignment = [Partition(0), Partition(1)];
        const string Body =
            """{"offsets":[{"topic":"t","partition":0,"offset":5,"metadata":"m"}],"timestamps":[{"topic":"t","partition":1,"timestamp":"1970-01-01T00:00:01.5Z"}]}""";
        Assert.Equal(HttpStatusCode.NoContent, (await host.PostV2Async($"{Instance}/positions", Body)).Status);
        const string Both = """{"partitions":[{"topic":"t","partition":0},{"topic":"t","partition":1}]}""";
        Assert.Equal(HttpStatusCode.NoContent, (await host.PostV2Async($"{Instance}/positions/beginning", Both)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await host.PostV2Async($"{Instance}/positions/end", Both)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await host.PostV2Async($"{Instance}/positions", "{}")).Status);
        Assert.Equal(
            [
                new PartitionSeek(Partition(0), OffsetSpec.At(5)),
                new PartitionSeek(Partition(1), OffsetSpec.AtTime(new Timestamp(1_500))),
                new PartitionSeek(Partition(0), OffsetSpec.Earliest),
                new PartitionSeek(Partition(1), OffsetSpec.Earliest),
                new PartitionSeek(Partition(0), OffsetSpec.Latest),
                new PartitionSeek(Partition(1), OffsetSpec.Latest),
            ],
            consumer.Seeks);
    }
}
