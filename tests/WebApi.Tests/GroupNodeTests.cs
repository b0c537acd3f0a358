using System.Net;
using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.Model.Groups;
using static Loire.WebApi.Tests.GroupTests;

namespace Loire.WebApi.Tests;

/// <summary>Groups before the real grains and the real store.</summary>
public sealed class GroupNodeTests
{
    private const string Json = "application/json";
    private const string Path = "/v1/groups/a%2Fb%20c";

    [Fact]
    public async Task Offsets_are_committed_reset_and_deleted_and_outlive_the_node()
    {
        await using var node = await NodeHost.StartAsync();
        await FillAsync(node);
        Assert.Equal("[]", (await node.GetAsync("/v1/groups")).Text);
        await AssertProblem(node.GetAsync(Path), 404, "GROUP_ID_NOT_FOUND");
        const string Body =
            """{"offsets":[{"topic_name":"t","partition":0,"offset":2,"metadata":"note"},{"topic_name":"t","partition":1,"offset":1}]}""";
        Assert.Equal(HttpStatusCode.NoContent, (await PutAsync(node, $"{Path}/offsets", Body)).Status);
        Assert.Equal("""[{"group_id":"a/b c"}]""", (await node.GetAsync("/v1/groups")).Text);
        Assert.Equal("EMPTY", (await node.GetAsync(Path)).Json.GetProperty("phase").GetString());
        Assert.Equal("1 2", await LagsAsync(node));

        await node.StopAsync();
        await using var again = await NodeHost.StartAsync(node.Data);
        Assert.Equal("note", (await again.GetAsync($"{Path}/offsets")).Json[0].GetProperty("metadata").GetString());
        Assert.Equal("1 2", await LagsAsync(again));
        await ResetAsync(again, """{"to":"earliest","dry_run":true}""");
        Assert.Equal("1 2", await LagsAsync(again));
        await ResetAsync(again, """{"to":"shift","value":-1}""");
        Assert.Equal("2 3", await LagsAsync(again));
        await ResetAsync(again, """{"to":"timestamp","value":0}""");
        Assert.Equal("3 3", await LagsAsync(again));

        Assert.Equal(HttpStatusCode.NoContent, (await DeleteAsync(again, $"{Path}/offsets?topic=t&partition=1")).Status);
        Assert.Equal("3", await LagsAsync(again));
        Assert.Equal(HttpStatusCode.NoContent, (await DeleteAsync(again, Path)).Status);
        await AssertProblem(again.GetAsync($"{Path}/offsets"), 404, "GROUP_ID_NOT_FOUND");
        Assert.Equal("[]", (await again.GetAsync("/v1/groups")).Text);
    }

    [Fact]
    public async Task A_group_with_a_member_shows_it_and_refuses_what_would_move_its_offsets()
    {
        await using var node = await NodeHost.StartAsync();
        await FillAsync(node);
        var group = node.Grains.GetGrain<IGroupGrain>("g");
        var terms = new MemberSubscription([TopicName.Parse("t")], null, ["range"], TimeSpan.FromSeconds(45), TimeSpan.FromMinutes(5));
        var joined = await group.Heartbeat(new HeartbeatRequest("m", null, 0, "app", "here", terms, [], TimeSpan.Zero), default);
        Assert.Equal(ErrorCode.None, joined.Error);

        var member = (await node.GetAsync("/v1/groups/g")).Json.GetProperty("members")[0];
        Assert.Equal(("m", "app"), (member.GetProperty("member_id").GetString(), member.GetProperty("client_id").GetString()));
        const string Commit = """{"offsets":[{"topic_name":"t","partition":0,"offset":2}]}""";
        await AssertProblem(PutAsync(node, "/v1/groups/g/offsets", Commit), 409, "NON_EMPTY_GROUP");
        const string Reset = """{"to":"latest","topics":[{"topic_name":"t"}]}""";
        await AssertProblem(node.PostAsync("/v1/groups/g/offsets:reset", Json, Reset), 409, "NON_EMPTY_GROUP");
        await AssertProblem(
            DeleteAsync(node, "/v1/groups/g/offsets?topic=t&partition=0"), 409, "GROUP_SUBSCRIBED_TO_TOPIC");
        await AssertProblem(DeleteAsync(node, "/v1/groups/g"), 409, "NON_EMPTY_GROUP");

        Assert.Equal(ErrorCode.None, await group.Leave(new LeaveRequest("m", null, null)));
        Assert.Equal(HttpStatusCode.NoContent, (await PutAsync(node, "/v1/groups/g/offsets", Commit)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await DeleteAsync(node, "/v1/groups/g")).Status);
    }

    [Fact]
    public async Task The_topic_of_committed_offsets_is_read_over_http_and_written_by_groups_alone()
    {
        await using var node = await NodeHost.StartAsync();
        await FillAsync(node);
        await node.PostAsync("/v1/topics", Json, """{"topic_name":"__consumer_offsets","partitions_count":1}""");
        const string Records = "/v1/topics/__consumer_offsets/records";
        await AssertProblem(node.PostAsync(Records, "text/plain", "a\nb\n"), 400, "INVALID_TOPIC_EXCEPTION");
        await AssertProblem(node.PostAsync($"{Records}?partition=0&acks=1", "text/plain", "a\n"), 400, "INVALID_TOPIC_EXCEPTION");

        const string Body = """{"offsets":[{"topic_name":"t","partition":0,"offset":2}]}""";
        Assert.Equal(HttpStatusCode.NoContent, (await PutAsync(node, "/v1/groups/g/offsets", Body)).Status);
        var read = await node.GetAsync("/v1/topics/__consumer_offsets/partitions/0/records?offset=0&max_wait_ms=30000&key_format=binary");
        var record = Assert.Single(read.Json.EnumerateArray());
        Assert.Contains("AAEAAWcAAXQAAAAA", record.GetProperty("key").ToString(), StringComparison.Ordinal);

        var more = await node.SendAsync(
            HttpMethod.Patch, "/v1/topics/__consumer_offsets", Json, """{"partitions_count":2}"""u8.ToArray());
        Assert.Equal(HttpStatusCode.OK, more.Status);
        Assert.Equal(HttpStatusCode.NoContent, (await DeleteAsync(node, "/v1/topics/__consumer_offsets")).Status);
    }

    private static async Task FillAsync(NodeHost node)
    {
        await node.PostAsync("/v1/topics", Json, """{"topic_name":"t","partitions_count":2}""");
        await node.PostAsync("/v1/topics/t/records?partition=0", "text/plain", "a\nb\nc\n");
        await node.PostAsync("/v1/topics/t/records?partition=1", "text/plain", "a\nb\nc\n");
    }

    private static async Task ResetAsync(NodeHost node, string body) =>
        Assert.Equal(HttpStatusCode.OK, (await node.PostAsync($"{Path}/offsets:reset", Json, body)).Status);

    private static async Task<string> LagsAsync(NodeHost node) => string.Join(
        ' ', (await node.GetAsync($"{Path}/offsets")).Json.EnumerateArray().Select(row => row.GetProperty("lag").GetInt64()));
}
