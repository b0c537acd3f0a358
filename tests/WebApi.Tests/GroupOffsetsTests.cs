using System.Net;
using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.Model.Groups;
using static Loire.WebApi.Tests.GroupTests;

namespace Loire.WebApi.Tests;

/// <summary>Committed offsets with their lag, commits from outside, and deletion, before fake groups and partitions.</summary>
public sealed class GroupOffsetsTests
{
    private const string Path = "/v1/groups/g/offsets";

    [Fact]
    public async Task Committed_offsets_come_with_the_end_of_the_log_and_the_lag()
    {
        await using var host = await ApiHost.StartAsync();
        Fill(host, "t", 2, 5);
        Fill(host, "s", 1, 2);
        await CommitAsync(host, """{"topic_name":"t","partition":1,"offset":3,"leader_epoch":4,"metadata":"m\u00fc"}""");
        await CommitAsync(host, """{"topic_name":"t","partition":0,"offset":9},{"topic_name":"s","partition":0,"offset":0}""");
        string[] rows =
        [
            """{"topic_name":"s","partition":0,"offset":0,"leader_epoch":null,"metadata":"","committed_at":1000,"log_end_offset":2"""
                + ",\"lag\":2,\"error\":null}",
            """{"topic_name":"t","partition":0,"offset":9,"leader_epoch":null,"metadata":"","committed_at":1000,"log_end_offset":5"""
                + ",\"lag\":0,\"error\":null}",
            """{"topic_name":"t","partition":1,"offset":3,"leader_epoch":4,"metadata":"m\u00FC","committed_at":1000,"log_end_offset":5"""
                + ",\"lag\":2,\"error\":null}",
        ];
        Assert.Equal($"[{string.Join(',', rows)}]", (await host.GetAsync(Path)).Text);
        Assert.Equal($"[{rows[0]}]", (await host.GetAsync("/v1/groups/g/offsets?topic=s")).Text);
        Assert.Equal("[]", (await host.GetAsync("/v1/groups/g/offsets?topic=none")).Text);
        await AssertProblem(host.GetAsync("/v1/groups/g/offsets?topic=a%2Fb"), 400, "INVALID_REQUEST");
        await AssertProblem(host.GetAsync("/v1/groups/nobody/offsets"), 404, "GROUP_ID_NOT_FOUND");
    }

    [Fact]
    public async Task Who_requires_stable_offsets_gets_none_that_an_open_transaction_may_replace()
    {
        await using var host = await ApiHost.StartAsync();
        Fill(host, "t", 3, 5);
        await CommitAsync(host, Offsets(2));
        host.Cluster.Group("g").Pending.AddRange([new(TopicName.Parse("t"), 1), new(TopicName.Parse("t"), 2), new(TopicName.Parse("none"), 0)]);
        Assert.Equal(2, (await host.GetAsync(Path)).Json.GetArrayLength());
        var rows = (await host.GetAsync($"{Path}?require_stable=true&topic=t")).Json.EnumerateArray().ToArray();
        Assert.Equal([null, "UNSTABLE_OFFSET_COMMIT", "UNSTABLE_OFFSET_COMMIT"], rows.Select(row => row.GetProperty("error").GetString()));
        Assert.Equal(["1", "null", "null"], rows.Select(row => row.GetProperty("offset").GetRawText()));
        Assert.Equal(["4", "null", "null"], rows.Select(row => row.GetProperty("lag").GetRawText()));
        Assert.Equal(["5", "5", "5"], rows.Select(row => row.GetProperty("log_end_offset").GetRawText()));
        await AssertProblem(host.GetAsync($"{Path}?require_stable=maybe"), 400, "INVALID_REQUEST");
    }

    [Fact]
    public async Task A_log_that_cannot_be_asked_leaves_its_lag_open_and_the_others_known()
    {
        await using var host = await ApiHost.StartAsync();
        Fill(host, "t", 4, 5);
        Fill(host, "gone", 1, 5);
        await CommitAsync(host, Offsets(4));
        await CommitAsync(host, """{"topic_name":"gone","partition":0,"offset":1}""");
        host.Cluster.AddTopic("gone").Remove();
        host.Cluster.Partition("gone", 0).BeforeOffsets = () => Task.FromResult(ErrorCode.UnknownTopicOrPartition);
        host.Cluster.Partition("t", 1).BeforeOffsets = () => Task.FromResult(ErrorCode.NotLeaderOrFollower);
        host.Cluster.Partition("t", 2).Exception = new TimeoutException();
        var rows = (await host.GetAsync(Path)).Json.EnumerateArray().ToArray();
        Assert.Equal(
            ["UNKNOWN_TOPIC_OR_PARTITION", null, "NOT_LEADER_OR_FOLLOWER", "REQUEST_TIMED_OUT", null],
            rows.Select(row => row.GetProperty("error").GetString()));
        Assert.Equal(["null", "4", "null", "null", "4"], rows.Select(row => row.GetProperty("lag").GetRawText()));
        Assert.Equal(["null", "5", "null", "null", "5"], rows.Select(row => row.GetProperty("log_end_offset").GetRawText()));
    }

    [Fact]
    public async Task A_group_of_many_partitions_asks_a_few_at_a_time_and_no_topic_that_is_known()
    {
        await using var host = await ApiHost.StartAsync();
        const int Count = 300;
        host.Cluster.AddTopic("t", Count);
        await CommitAsync(host, Offsets(Count));
        var (asked, most) = (0, 0);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var guard = new Lock();
        for (var partition = 0; partition < Count; partition++)
        {
            host.Cluster.Partition("t", partition).BeforeOffsets = async () =>
            {
                lock (guard)
                {
                    most = Math.Max(most, ++asked);
                }

                await gate.Task;
                lock (guard)
                {
                    asked--;
                }

                return ErrorCode.None;
            };
        }

        var before = host.Cluster.AddTopic("t", Count).Descriptions;
        var answering = host.GetAsync(Path);
        await Until.TrueAsync(() => Volatile.Read(ref asked) == 32);
        gate.SetResult();
        Assert.Equal(Count, (await answering).Json.GetArrayLength());
        Assert.Equal(32, most);
        Assert.Equal(before, host.Cluster.AddTopic("t", Count).Descriptions);
    }

    [Fact]
    public async Task A_commit_from_outside_makes_the_group_and_keeps_what_it_does_not_name()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", 2);
        await CommitAsync(host, """{"topic_name":"t","partition":0,"offset":1},{"topic_name":"t","partition":1,"offset":2}""");
        await CommitAsync(host, """{"topic_name":"t","partition":1,"offset":0}""");
        Assert.Equal("""[{"group_id":"g"}]""", (await host.GetAsync("/v1/groups")).Text);
        var rows = (await host.GetAsync(Path)).Json.EnumerateArray();
        Assert.Equal([1L, 0L], rows.Select(row => row.GetProperty("offset").GetInt64()));
        Assert.All(host.Cluster.Group("g").Commits, commit => Assert.Equal((null, -1), (commit.MemberId, commit.MemberEpoch)));
    }

    [Theory]
    [InlineData("{}", "INVALID_REQUEST", "nothing to commit")]
    [InlineData("""{"offsets":[]}""", "INVALID_REQUEST", "an empty list")]
    [InlineData("""{"offsets":[null]}""", "INVALID_REQUEST", "a null entry")]
    [InlineData("""{"offsets":[{"topic_name":"t","partition":0}]}""", "INVALID_REQUEST", "no offset")]
    [InlineData("""{"offsets":[{"topic_name":"t","partition":0,"offset":-1}]}""", "INVALID_REQUEST", "a negative offset")]
    [InlineData("""{"offsets":[{"topic_name":"t","partition":-1,"offset":0}]}""", "INVALID_REQUEST", "a negative partition")]
    [InlineData("""{"offsets":[{"topic_name":"t","partition":0,"offset":1.5}]}""", "INVALID_REQUEST", "a broken offset")]
    [InlineData("""{"offsets":[{"topic_name":"t","partition":0,"offset":1,"leader_epoch":-2}]}""", "INVALID_REQUEST", "a negative epoch")]
    [InlineData("""{"offsets":[{"topic_name":"t","partition":0,"offset":1,"ofset":2}]}""", "INVALID_REQUEST", "an unknown member")]
    [InlineData("""{"offsets":[GOOD,{"topic_name":"t","partition":0,"offset":2}]}""", "INVALID_REQUEST", "twice the same")]
    [InlineData("""{"offsets":[{"topic_name":"a/b","partition":0,"offset":1}]}""", "INVALID_TOPIC_EXCEPTION", "no topic name")]
    [InlineData("""{"offsets":[GOOD,{"topic_name":"t","partition":2,"offset":1}]}""", "UNKNOWN_TOPIC_OR_PARTITION", "no such partition")]
    [InlineData("""{"offsets":[GOOD,{"topic_name":"none","partition":0,"offset":1}]}""", "UNKNOWN_TOPIC_OR_PARTITION", "no such topic")]
    public async Task A_commit_that_is_wrong_anywhere_stores_nothing(string body, string code, string reason)
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", 2);
        body = body.Replace("GOOD", """{"topic_name":"t","partition":0,"offset":1}""", StringComparison.Ordinal);
        var answer = await PutAsync(host, Path, body);
        Assert.True(answer.Json.GetProperty("code").GetString() == code, $"{reason}: {answer.Text}");
        Assert.Equal(code.StartsWith("UNKNOWN", StringComparison.Ordinal) ? 404 : 400, (int)answer.Status);
        Assert.DoesNotContain("Loire.", answer.Text, StringComparison.Ordinal);
        Assert.Empty(host.Cluster.Group("g").Commits);
    }

    [Fact]
    public async Task The_bounds_of_a_commit_are_those_of_the_group()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", 10_000);
        await CommitAsync(host, Offsets(10_000));
        await CommitAsync(host, Offsets(1, new string('m', 4096)));
        var metadata = Offsets(1, new string('m', 4097));
        await AssertProblem(PutAsync(host, Path, $"{{\"offsets\":[{metadata}]}}"), 400, "OFFSET_METADATA_TOO_LARGE");
        await AssertProblem(PutAsync(host, Path, $"{{\"offsets\":[{Offsets(10_001)}]}}"), 400, "INVALID_REQUEST");
        await AssertProblem(host.SendAsync(HttpMethod.Put, Path, "text/plain", "{}"u8.ToArray()), 415, "INVALID_REQUEST");
        await AssertProblem(PutAsync(host, Path, new string(' ', 1_100_000)), 413, "MESSAGE_TOO_LARGE");
    }

    [Fact]
    public async Task A_group_with_members_says_that_it_is_in_use()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        host.Cluster.Group("g").Members.Add(Member("m", null, [0], [0]));
        var problem = await AssertProblem(PutAsync(host, Path, $"{{\"offsets\":[{Offsets(1)}]}}"), 409, "NON_EMPTY_GROUP");
        Assert.Contains("members", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_group_refuses_is_named_partition_by_partition()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", 2);
        host.Cluster.Group("g").BeforeCommit = request => ValueTask.FromResult<CommitResult?>(
            new(ErrorCode.None, [new PartitionError(request.Offsets[1].Partition, ErrorCode.InvalidCommitOffsetSize)], null));
        var problem = await AssertProblem(PutAsync(host, Path, $"{{\"offsets\":[{Offsets(2)}]}}"), 400, "INVALID_COMMIT_OFFSET_SIZE");
        Assert.Equal(
            """[{"topic_name":"t","partition":1,"error_code":28,"code":"INVALID_COMMIT_OFFSET_SIZE"}]""",
            problem.GetProperty("refused").GetRawText());
        Assert.StartsWith("t-1: ", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Offsets_are_deleted_by_topic_by_partition_or_by_a_list()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t", 3);
        host.Cluster.AddTopic("s", 2);
        await CommitAsync(host, string.Join(',', new[] { ("t", 0), ("t", 1), ("t", 2), ("s", 0), ("s", 1) }
            .Select(p => $$"""{"topic_name":"{{p.Item1}}","partition":{{p.Item2}},"offset":1}""")));
        async Task<string> Delete(string query, string? body = null)
        {
            Assert.Equal(HttpStatusCode.NoContent, (await DeleteAsync(host, $"{Path}{query}", body)).Status);
            return string.Join(' ', (await host.GetAsync(Path)).Json.EnumerateArray()
                .Select(row => $"{row.GetProperty("topic_name").GetString()}-{row.GetProperty("partition").GetInt32()}"));
        }

        Assert.Equal("s-0 s-1 t-0 t-2", await Delete("?topic=t&partition=1"));
        Assert.Equal("s-0 s-1 t-0 t-2", await Delete("?topic=t&partition=1"));
        const string Some = """{"topics":[{"topic_name":"s","partitions":[0]},{"topic_name":"t","partitions":[0,1]}]}""";
        Assert.Equal("s-1 t-2", await Delete("", Some));
        host.Cluster.AddTopic("t").Remove();
        Assert.Equal("s-1", await Delete("?topic=t"));
        Assert.Equal("", await Delete("", """{"topics":[{"topic_name":"s"}]}"""));
    }

    [Fact]
    public async Task A_deletion_says_exactly_what_it_means()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        await CommitAsync(host, """{"topic_name":"t","partition":0,"offset":1}""");
        foreach (var (query, body) in new[]
        {
            ("", null), ("?partition=0", null), ("?topic=t&partition=-1", null), ("?topic=t&partition=x", null), ("?topic=a/b", null),
            ("?topic=t", """{"topics":[{"topic_name":"t"}]}"""), ("", """{"topics":[]}"""), ("", """{"topics":[null]}"""), ("", "[]"),
            ("", """{"topics":[{"topic_name":"t","partitions":[]}]}"""), ("", """{"topics":[{"topic_name":"t","partitions":[-1]}]}"""),
            ("", """{"topics":[{"topic_name":"t","partitions":[0,0]}]}"""), ("", """{"topics":[{"topic_name":"t"},{"topic_name":"t"}]}"""),
        })
        {
            await AssertProblem(DeleteAsync(host, $"{Path}{query}", body), 400, "INVALID_REQUEST");
        }

        Assert.Equal(1, (await host.GetAsync(Path)).Json.GetArrayLength());
        await AssertProblem(DeleteAsync(host, "/v1/groups/nobody/offsets?topic=t"), 404, "GROUP_ID_NOT_FOUND");
        host.Cluster.Group("g").Members.Add(Member("m", null, [0], [0]));
        var problem = await AssertProblem(DeleteAsync(host, $"{Path}?topic=t"), 409, "GROUP_SUBSCRIBED_TO_TOPIC");
        Assert.Equal(1, problem.GetProperty("refused").GetArrayLength());
    }

    internal static void Fill(ApiHost host, string topic, int partitions, int records)
    {
        host.Cluster.AddTopic(topic, partitions);
        for (var partition = 0; partition < partitions; partition++)
        {
            host.Cluster.Partition(topic, partition).Plant(Batches.Of([.. Enumerable.Range(0, records).Select(i => $"r{i}")]));
        }
    }

    internal static async Task CommitAsync(ApiHost host, string offsets)
    {
        var answer = await PutAsync(host, Path, $"{{\"offsets\":[{offsets}]}}");
        Assert.True(answer.Status == HttpStatusCode.NoContent, answer.Text);
    }

    private static string Offsets(int partitions, string metadata = "") => string.Join(',', Enumerable.Range(0, partitions)
        .Select(partition => $$"""{"topic_name":"t","partition":{{partition}},"offset":1,"metadata":"{{metadata}}"}"""));
}
