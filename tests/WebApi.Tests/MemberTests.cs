using System.Net;
using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.Model.Groups;
using Loire.TestKit.Fakes;
using static Loire.WebApi.Tests.GroupTests;

namespace Loire.WebApi.Tests;

/// <summary>Members that live in the cluster: made, subscribed, moved, closed, before fake grains.</summary>
public sealed class MemberTests
{
    private const string Json = "application/json";

    [Fact]
    public async Task A_member_is_made_with_the_clients_defaults_of_Kafka_and_described_as_it_is()
    {
        await using var host = await ApiHost.StartAsync();
        var made = await host.PostAsync("/v1/groups/g/members", Json, """{"topics":["t","s"]}""");
        Assert.Equal(HttpStatusCode.Created, made.Status);
        var id = made.Json.GetProperty("member_id").GetString()!;
        Assert.Matches("^[0-9a-f]{32}$", id);
        Assert.Equal(
            $$"""{"group_id":"g","member_id":"{{id}}","client_id":"http","host":"127.0.0.1","instance_id":null,"topics":["t","s"]"""
            + ",\"topic_pattern\":null,\"assignment\":[],\"auto_offset_reset\":\"latest\",\"enable_auto_commit\":true"
            + ",\"auto_commit_interval_ms\":5000,\"session_timeout_ms\":45000,\"max_poll_interval_ms\":300000"
            + ",\"partition_assignment_strategy\":[\"cooperative-sticky\"],\"fetch_min_bytes\":1}",
            made.Text);
        Assert.Equal($"/v1/groups/g/members/{id}", made.Header("Location"));
        host.Cluster.Consumer("g", id).Assignment = [new(TopicName.Parse("t"), 3)];
        var described = await host.GetAsync(made.Header("Location"));
        Assert.Equal("""[{"topic_name":"t","partition":3}]""", described.Json.GetProperty("assignment").GetRawText());
    }

    [Fact]
    public async Task Every_setting_reaches_the_consumer()
    {
        await using var host = await ApiHost.StartAsync();
        var (consumer, _) = await CreateAsync(
            host,
            """{"topic_pattern":"a.*","client_id":"app","instance_id":"i","auto_offset_reset":"earliest","enable_auto_commit":false"""
            + ",\"auto_commit_interval_ms\":7,\"session_timeout_ms\":6000,\"max_poll_interval_ms\":1000"
            + ",\"partition_assignment_strategy\":[\"range\",\"sticky\"],\"fetch_min_bytes\":100}");
        var settings = consumer.Settings!;
        Assert.Equal(
            ("app", "i", OffsetSpec.Earliest, 100),
            (settings.ClientId, settings.InstanceId, settings.OffsetReset, settings.FetchMinBytes));
        Assert.Equal(
            (null, TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(1)),
            (settings.AutoCommitInterval, settings.SessionTimeout, settings.MaxPollInterval));
        Assert.Equal(["range", "sticky"], settings.Assignors);
        Assert.Equal("a.*", consumer.Pattern);
    }

    [Fact]
    public async Task A_group_of_any_name_has_members_and_each_has_an_id_of_its_own()
    {
        await using var host = await ApiHost.StartAsync();
        var ids = new HashSet<string>();
        foreach (var group in new[] { "a/b", "a%2Fb", "100% + ü?#:;", "members" })
        {
            var made = await host.PostAsync($"/v1/groups/{Uri.EscapeDataString(group)}/members", Json, "{}");
            Assert.Equal(group, made.Json.GetProperty("group_id").GetString());
            Assert.True(ids.Add(made.Json.GetProperty("member_id").GetString()!));
            Assert.Equal(group, (await host.GetAsync(made.Header("Location"))).Json.GetProperty("group_id").GetString());
            Assert.NotNull(host.Cluster.Consumer(group, made.Json.GetProperty("member_id").GetString()!).Settings);
        }
    }

    [Fact]
    public async Task A_member_that_cannot_subscribe_is_not_left_behind()
    {
        await using var host = await ApiHost.StartAsync();
        FakeConsumer? left = null;
        host.Cluster.OnConsumer = consumer =>
        {
            left = consumer;
            consumer.SubscribeError = ErrorCode.InvalidRegularExpression;
        };
        await AssertProblem(host.PostAsync("/v1/groups/g/members", Json, """{"topic_pattern":"(("}"""), 400, "INVALID_REGULAR_EXPRESSION");
        Assert.NotNull(left);
        Assert.Null(left.Settings);
    }

    [Theory]
    [InlineData("[]", "no object")]
    [InlineData("", "no document")]
    [InlineData("""{"topic":"t"}""", "an unknown member")]
    [InlineData("""{"topics":"t"}""", "no list")]
    [InlineData("""{"topics":[]}""", "an empty list")]
    [InlineData("""{"topics":[null]}""", "a null name")]
    [InlineData("""{"topics":["a/b"]}""", "a name that is none")]
    [InlineData("""{"topics":["t","t"]}""", "twice the same")]
    [InlineData("""{"topics":["t"],"topic_pattern":"t"}""", "topics and a pattern")]
    [InlineData("""{"topic_pattern":""}""", "an empty pattern")]
    [InlineData("""{"topic_pattern":5}""", "a pattern that is no text")]
    [InlineData("""{"client_id":7}""", "a client id that is no text")]
    [InlineData("""{"client_id":"LONG"}""", "a long client id")]
    [InlineData("""{"client_id":"\ud800"}""", "half a character")]
    [InlineData("""{"instance_id":""}""", "an empty instance id")]
    [InlineData("""{"instance_id":"LONG"}""", "a long instance id")]
    [InlineData("""{"auto_offset_reset":"first"}""", "a reset that is none")]
    [InlineData("""{"auto_offset_reset":null}""", "a null reset")]
    [InlineData("""{"enable_auto_commit":"true"}""", "a flag as text")]
    [InlineData("""{"auto_commit_interval_ms":0}""", "no interval")]
    [InlineData("""{"auto_commit_interval_ms":2147483648}""", "beyond 32 bits")]
    [InlineData("""{"session_timeout_ms":-1}""", "a negative timeout")]
    [InlineData("""{"session_timeout_ms":1.5}""", "a broken timeout")]
    [InlineData("""{"max_poll_interval_ms":0}""", "no interval")]
    [InlineData("""{"partition_assignment_strategy":[]}""", "no assignor")]
    [InlineData("""{"partition_assignment_strategy":"range"}""", "assignors as text")]
    [InlineData("""{"partition_assignment_strategy":[""]}""", "an assignor without a name")]
    [InlineData("""{"partition_assignment_strategy":[null]}""", "a null assignor")]
    [InlineData("""{"partition_assignment_strategy":["range","range"]}""", "an assignor twice")]
    [InlineData("""{"fetch_min_bytes":0}""", "no byte")]
    [InlineData("""{"fetch_min_bytes":16777217}""", "more bytes than one fetch")]
    public async Task A_member_that_is_not_right_is_not_made(string body, string reason)
    {
        await using var host = await ApiHost.StartAsync();
        var made = 0;
        host.Cluster.OnConsumer = _ => made++;
        var sent = body.Replace("LONG", new string('x', 1001), StringComparison.Ordinal);
        var answer = await host.PostAsync("/v1/groups/g/members", Json, sent);
        Assert.True(answer.Status == HttpStatusCode.BadRequest, $"{reason}: {answer.Text}");
        Assert.DoesNotContain("Loire.", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", answer.Text, StringComparison.Ordinal);
        Assert.Equal(0, made);
        Assert.Empty(host.Log.Lines);
    }

    [Fact]
    public async Task A_body_of_a_hundred_megabytes_is_not_read()
    {
        await using var host = await ApiHost.StartAsync();
        var (_, path) = await CreateAsync(host, "{}");
        foreach (var (method, at) in new[] { ("POST", "/v1/groups/g/members"), ("PUT", path + "/offsets"), ("POST", path + "/positions") })
        {
            using var connection = await RawConnection.OpenAsync(host.Address);
            await connection.SendAsync(
                $"{method} {at} HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 100000000\r\n\r\n[");
            Assert.Contains("HTTP/1.1 413", await connection.ReadUntilAsync("\r\n"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_members_of_a_group_are_all_that_it_has()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.Group("g").Members.Add(Member("any id/at all", null, [0], [0]));
        Assert.Equal("any id/at all", (await host.GetAsync("/v1/groups/g/members")).Json[0].GetProperty("member_id").GetString());
        await AssertProblem(host.GetAsync("/v1/groups/none/members"), 404, "GROUP_ID_NOT_FOUND");
        await AssertProblem(host.GetAsync("/v1/groups/g/members?limit=1"), 400, "INVALID_REQUEST");
    }

    [Fact]
    public async Task Who_is_unknown_is_unknown_on_every_path()
    {
        await using var host = await ApiHost.StartAsync();
        string[] unknown = ["0123456789abcdef0123456789abcdef", "a%2Fb", "%2F", "..%2F..", "a b", "%C3%BC", "a%00b", new('x', 250)];
        foreach (var member in unknown)
        {
            var path = $"/v1/groups/g/members/{member}";
            (HttpMethod Method, string At, string? Body)[] requests =
            [
                (HttpMethod.Get, path, null),
                (HttpMethod.Delete, path, null),
                (HttpMethod.Put, path + "/subscription", """{"topics":["t"]}"""),
                (HttpMethod.Delete, path + "/subscription", null),
                (HttpMethod.Put, path + "/assignment", """{"partitions":[{"topic_name":"t","partition":0}]}"""),
                (HttpMethod.Put, path + "/offsets", null),
                (HttpMethod.Put, path + "/offsets", """{"offsets":[{"topic_name":"t","partition":0,"offset":1}]}"""),
                (HttpMethod.Post, path + "/positions", """{"positions":[{"topic_name":"t","partition":0,"to":"latest"}]}"""),
                (HttpMethod.Get, path + "/records", null),
                (HttpMethod.Get, path + "/records?after=r1", null),
            ];
            foreach (var (method, at, body) in requests)
            {
                var answer = await host.SendAsync(method, at, Json, body is null ? null : System.Text.Encoding.UTF8.GetBytes(body), "*/*");
                Assert.True(
                    (answer.Status == HttpStatusCode.NotFound && answer.Json.GetProperty("code").GetString() == "UNKNOWN_MEMBER_ID")
                        || (member.Contains("%00", StringComparison.Ordinal) && answer.Status == HttpStatusCode.BadRequest),
                    $"{method} {at}: {answer.Text}");
            }
        }
    }

    [Fact]
    public async Task A_subscription_is_changed_and_ended_and_partitions_are_assigned_by_hand()
    {
        await using var host = await ApiHost.StartAsync();
        var (consumer, path) = await CreateAsync(host, "{}");
        var toTopics = await PutAsync(host, path + "/subscription", """{"topics":["t"]}""");
        Assert.Equal("""["t"]""", toTopics.Json.GetProperty("topics").GetRawText());
        var toPattern = await PutAsync(host, path + "/subscription", """{"topic_pattern":"a|b"}""");
        Assert.Equal("a|b", toPattern.Json.GetProperty("topic_pattern").GetString());
        Assert.Empty(consumer.Topics);
        const string ByHand = """{"partitions":[{"topic_name":"t","partition":1},{"topic_name":"s","partition":0}]}""";
        await AssertProblem(PutAsync(host, path + "/assignment", ByHand), 400, "INVALID_REQUEST");
        Assert.Equal(HttpStatusCode.NoContent, (await DeleteAsync(host, path + "/subscription")).Status);
        Assert.Equal(
            """[{"topic_name":"t","partition":1},{"topic_name":"s","partition":0}]""",
            (await PutAsync(host, path + "/assignment", ByHand)).Json.GetProperty("assignment").GetRawText());
        foreach (var bad in new[] { "{}", """{"topics":null}""", """{"topics":["t"],"topic_pattern":"t"}""", """{"partitions":[]}""" })
        {
            await AssertProblem(PutAsync(host, path + "/subscription", bad), 400, "INVALID_REQUEST");
        }

        foreach (var bad in new[]
        {
            "{}", """{"partitions":[]}""", """{"partitions":[null]}""", """{"partitions":[{"topic_name":"t"}]}""",
            """{"partitions":[{"topic_name":"t","partition":-1}]}""",
            """{"partitions":[{"topic_name":"t","partition":0},{"topic_name":"t","partition":0}]}""",
        })
        {
            await AssertProblem(PutAsync(host, path + "/assignment", bad), 400, "INVALID_REQUEST");
        }
    }

    [Fact]
    public async Task A_member_commits_what_it_names_or_everything()
    {
        await using var host = await ApiHost.StartAsync();
        var (consumer, path) = await CreateAsync(host, """{"topics":["t"]}""");
        foreach (var body in new[] { null, "{}", """{"offsets":null}""" })
        {
            var bytes = body is null ? null : System.Text.Encoding.UTF8.GetBytes(body);
            var answer = await host.SendAsync(HttpMethod.Put, path + "/offsets", Json, bytes);
            Assert.Equal(HttpStatusCode.NoContent, answer.Status);
        }

        Assert.Equal([null, null, null], consumer.Commits);
        const string Some = """{"offsets":[{"topic_name":"t","partition":1,"offset":5,"metadata":"m"}]}""";
        Assert.Equal(HttpStatusCode.NoContent, (await PutAsync(host, path + "/offsets", Some)).Status);
        var offset = Assert.Single(consumer.Commits[^1]!);
        Assert.Equal(("t-1", 5, "m"), (offset.Partition.ToString(), offset.Offset.Value, offset.Metadata));

        foreach (var bad in new[]
        {
            "[]", """{"offsets":[]}""", """{"offsets":[null]}""", """{"offsets":[{"topic_name":"t","partition":0,"offset":-1}]}""",
        })
        {
            await AssertProblem(PutAsync(host, path + "/offsets", bad), 400, "INVALID_REQUEST");
        }

        var unknown = new PartitionError(new(TopicName.Parse("t"), 0), ErrorCode.UnknownTopicOrPartition);
        consumer.OnCommit = _ => new CommitResult(ErrorCode.None, [unknown], null);
        var problem = await AssertProblem(host.SendAsync(HttpMethod.Put, path + "/offsets", null, null), 404, "UNKNOWN_TOPIC_OR_PARTITION");
        Assert.Equal(1, problem.GetProperty("refused").GetArrayLength());
        consumer.OnCommit = _ => new CommitResult(ErrorCode.StaleMemberEpoch, [], "It has lost them.");
        await AssertProblem(host.SendAsync(HttpMethod.Put, path + "/offsets", null, null), 400, "STALE_MEMBER_EPOCH");
    }

    [Fact]
    public async Task Positions_move_by_the_words_of_a_reset()
    {
        await using var host = await ApiHost.StartAsync();
        var (consumer, path) = await CreateAsync(host, """{"topics":["t"]}""");
        var topic = TopicName.Parse("t");
        consumer.Assignment = [.. Enumerable.Range(0, 4).Select(partition => new TopicPartition(topic, partition))];
        Assert.Equal(HttpStatusCode.NoContent, (await host.PostAsync(path + "/positions", Json, """
            {"positions":[{"topic_name":"t","partition":0,"to":"earliest"},{"topic_name":"t","partition":1,"to":"latest"},
            {"topic_name":"t","partition":2,"to":"offset","value":7},{"topic_name":"t","partition":3,"to":"timestamp","value":"1970-01-01T00:00:01Z"}]}
            """)).Status);
        Assert.Equal(
            [OffsetSpec.Earliest, OffsetSpec.Latest, OffsetSpec.At(7), OffsetSpec.AtTime(new Timestamp(1000))],
            consumer.Seeks.Select(seek => seek.To));
        foreach (var bad in new[]
        {
            "{}", """{"positions":[]}""", Position("\"to\":\"shift\",\"value\":1"), Position("\"to\":\"end\""), Position("\"to\":\"earliest\",\"value\":1"),
            Position("\"to\":\"offset\""), Position("\"to\":\"offset\",\"value\":-1"), Position("\"to\":\"offset\",\"value\":\"1\""),
            Position("\"to\":\"timestamp\",\"value\":\"yesterday\""), Position("\"value\":1"), Position("\"to\":\"latest\"", 9),
        })
        {
            var problem = await AssertProblem(host.PostAsync(path + "/positions", Json, bad), 400, "INVALID_REQUEST");
            Assert.DoesNotContain("shift", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }

        Assert.Equal(4, consumer.Seeks.Count);
    }

    [Fact]
    public async Task A_member_that_leaves_is_gone()
    {
        await using var host = await ApiHost.StartAsync();
        var (consumer, path) = await CreateAsync(host, """{"topics":["t"]}""");
        await AssertProblem(DeleteAsync(host, path + "?now=true"), 400, "INVALID_REQUEST");
        Assert.NotNull(consumer.Settings);
        Assert.Equal(HttpStatusCode.NoContent, (await DeleteAsync(host, path)).Status);
        await AssertProblem(DeleteAsync(host, path), 404, "UNKNOWN_MEMBER_ID");
        consumer.Exception = new TimeoutException();
        await AssertProblem(host.GetAsync(path), 504, "REQUEST_TIMED_OUT");
        consumer.Exception = null;
        consumer.Error = ErrorCode.CoordinatorNotAvailable;
        await AssertProblem(host.GetAsync(path), 503, "COORDINATOR_NOT_AVAILABLE");
    }

    internal static async Task<(FakeConsumer Consumer, string Path)> CreateAsync(ApiHost host, string body)
    {
        var made = await host.PostAsync("/v1/groups/g/members", Json, body);
        Assert.True(made.Status == HttpStatusCode.Created, made.Text);
        return (host.Cluster.Consumer("g", made.Json.GetProperty("member_id").GetString()!), made.Header("Location"));
    }

    private static string Position(string rest, int partition = 0) =>
        $$"""{"positions":[{"topic_name":"t","partition":{{partition}},{{rest}}}]}""";
}
