using System.Net;
using System.Text;
using System.Text.Json;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.WebApi.Tests;

/// <summary>Listing, describing and deleting groups, and what stands in their paths.</summary>
public sealed class GroupTests
{
    [Fact]
    public async Task Groups_of_all_parts_are_listed_in_one_order_page_by_page()
    {
        await using var host = await ApiHost.StartAsync();
        string[] ids = [.. Enumerable.Range(0, 100).Select(i => $"g {i}/ü&"), "A", "a", "Z", "é"];
        Array.ForEach(ids, id => host.Cluster.Group(id).Create());
        foreach (var limit in new[] { 1, 7, 104, 1_000 })
        {
            var seen = new List<string>();
            var path = $"/v1/groups?limit={limit}";
            for (var page = 0; path.Length > 0 && page <= ids.Length; page++)
            {
                var answer = await host.GetAsync(path);
                Assert.InRange(answer.Json.GetArrayLength(), 1, limit);
                seen.AddRange(answer.Json.EnumerateArray().Select(group => group.GetProperty("group_id").GetString()!));
                path = answer.Header("Link") is { Length: > 0 } link ? link[1..link.IndexOf('>', StringComparison.Ordinal)] : "";
            }

            Assert.Equal(ids.Order(StringComparer.Ordinal), seen);
        }

        Assert.Equal("[]", (await host.GetAsync("/v1/groups?after=%EF%BF%BD")).Text);
        foreach (var bad in new[] { "limit=0", "limit=10001", "limit=x", "since=a", $"after={new string('a', 250)}" })
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await host.GetAsync($"/v1/groups?{bad}")).Status);
        }

        host.Cluster.GroupCatalogError = ErrorCode.CoordinatorNotAvailable;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await host.GetAsync("/v1/groups")).Status);
    }

    [Fact]
    public async Task A_group_is_described_with_what_its_members_have_and_will_have()
    {
        await using var host = await ApiHost.StartAsync();
        var group = host.Cluster.Group("g");
        group.Epoch = 7;
        group.Members.Add(Member("m-2", "static", [], [0]));
        group.Members.Add(Member("m-1", null, [0, 1], [1]));
        Assert.Equal(
            """{"group_id":"g","kind":"SERVER","protocol_type":"consumer","phase":"RECONCILING","epoch":7,"assignor":"range","members":["""
            + """{"member_id":"m-1","instance_id":null,"client_id":"app","host":"here","member_epoch":3,"subscription":"""
            + """{"topics":["t"],"pattern":null,"assignors":["range"],"session_timeout_ms":45000,"rebalance_timeout_ms":300000}"""
            + ""","assigned":[{"topic_name":"t","partition":0},{"topic_name":"t","partition":1}]"""
            + ""","target":[{"topic_name":"t","partition":1}]},"""
            + """{"member_id":"m-2","instance_id":"static","client_id":"app","host":"here","member_epoch":3,"subscription":"""
            + """{"topics":["t"],"pattern":null,"assignors":["range"],"session_timeout_ms":45000,"rebalance_timeout_ms":300000}"""
            + ""","assigned":[],"target":[{"topic_name":"t","partition":0}]}]}""",
            (await host.GetAsync("/v1/groups/g")).Text);

        host.Cluster.Group("empty").Create();
        Assert.Equal(
            """{"group_id":"empty","kind":"SERVER","protocol_type":"consumer","phase":"EMPTY","epoch":0,"assignor":null,"members":[]}""",
            (await host.GetAsync("/v1/groups/empty")).Text);
        await AssertProblem(host.GetAsync("/v1/groups/nobody"), 404, "GROUP_ID_NOT_FOUND");
        await AssertProblem(host.GetAsync("/v1/groups/g?verbose=true"), 400, "INVALID_REQUEST");
        group.Error = ErrorCode.NotCoordinator;
        await AssertProblem(host.GetAsync("/v1/groups/g"), 503, "NOT_COORDINATOR");
        group.Exception = new TimeoutException();
        await AssertProblem(host.GetAsync("/v1/groups/g"), 504, "REQUEST_TIMED_OUT");
    }

    [Fact]
    public async Task Only_an_empty_group_is_deleted()
    {
        await using var host = await ApiHost.StartAsync();
        var group = host.Cluster.Group("g");
        group.Members.Add(Member("m", null, [], []));
        await AssertProblem(DeleteAsync(host, "/v1/groups/g"), 409, "NON_EMPTY_GROUP");
        group.Members.Clear();
        group.Create();
        Assert.Equal(HttpStatusCode.NoContent, (await DeleteAsync(host, "/v1/groups/g")).Status);
        await AssertProblem(DeleteAsync(host, "/v1/groups/g"), 404, "GROUP_ID_NOT_FOUND");
    }

    [Theory]
    [InlineData("a/b", "a slash")]
    [InlineData("a%2Fb", "what looks like an encoded slash")]
    [InlineData("a%2fb/c", "both")]
    [InlineData("100% + ü?#:;", "reserved characters")]
    [InlineData("𝕘 group", "characters beyond the basic plane")]
    [InlineData("groups", "a word of the path")]
    public async Task An_id_may_have_any_character_and_stands_encoded_in_the_path(string id, string reason)
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.Group(id).Create();
        var answer = await host.GetAsync($"/v1/groups/{Uri.EscapeDataString(id)}");
        Assert.True(answer.Status == HttpStatusCode.OK, $"{reason}: {answer.Text}");
        Assert.Equal(id, answer.Json.GetProperty("group_id").GetString());
        Assert.Equal("[]", (await host.GetAsync($"/v1/groups/{Uri.EscapeDataString(id)}/offsets")).Text);
    }

    [Fact]
    public async Task An_id_that_can_be_none_is_refused_on_every_path()
    {
        await using var host = await ApiHost.StartAsync();
        foreach (var id in new[] { new string('g', 250), Uri.EscapeDataString(new string('ü', 125)), "a%01b", "a%0Ab" })
        {
            await AssertProblem(host.GetAsync($"/v1/groups/{id}"), 400, "INVALID_GROUP_ID");
            await AssertProblem(DeleteAsync(host, $"/v1/groups/{id}"), 400, "INVALID_GROUP_ID");
            await AssertProblem(host.GetAsync($"/v1/groups/{id}/offsets"), 400, "INVALID_GROUP_ID");
            await AssertProblem(DeleteAsync(host, $"/v1/groups/{id}/offsets?topic=t"), 400, "INVALID_GROUP_ID");
            await AssertProblem(PutAsync(host, $"/v1/groups/{id}/offsets", "{}"), 400, "INVALID_GROUP_ID");
            await AssertProblem(host.PostAsync($"/v1/groups/{id}/offsets:reset", "application/json", "{}"), 400, "INVALID_GROUP_ID");
        }

        await AssertProblem(host.GetAsync($"/v1/groups/{new string('g', 249)}"), 404, "GROUP_ID_NOT_FOUND");
    }

    internal static MemberDescription Member(MemberId id, GroupInstanceId? instance, int[] assigned, int[] target)
    {
        var topic = TopicName.Parse("t");
        return new MemberDescription(
            id, instance, "app", "here", 3,
            new MemberSubscription([topic], null, ["range"], TimeSpan.FromSeconds(45), TimeSpan.FromMinutes(5)),
            Array.ConvertAll(assigned, partition => new TopicPartition(topic, partition)),
            Array.ConvertAll(target, partition => new TopicPartition(topic, partition)));
    }

    internal static async Task<JsonElement> AssertProblem(Task<Answered> answering, int status, string code)
    {
        var answer = await answering;
        Assert.Equal((status, "application/problem+json", code),
            ((int)answer.Status, answer.ContentType, answer.Json.GetProperty("code").GetString()));
        var detail = answer.Json.GetProperty("detail").GetString()!;
        Assert.EndsWith(".", detail, StringComparison.Ordinal);
        return answer.Json;
    }

    internal static Task<Answered> PutAsync(IServed host, string path, string json) =>
        host.SendAsync(HttpMethod.Put, path, "application/json", Encoding.UTF8.GetBytes(json));

    internal static Task<Answered> DeleteAsync(IServed host, string path, string? json = null) => json is null
        ? host.SendAsync(HttpMethod.Delete, path, null, null)
        : host.SendAsync(HttpMethod.Delete, path, "application/json", Encoding.UTF8.GetBytes(json));
}
