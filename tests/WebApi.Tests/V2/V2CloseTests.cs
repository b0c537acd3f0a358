using System.Net;
using static Loire.WebApi.Tests.V2.V2Client;

namespace Loire.WebApi.Tests.V2;

/// <summary>The last delivery of an instance that its client ends: with Kafka's <c>close</c>, what was delivered is committed.</summary>
public sealed class V2CloseTests
{
    [Theory]
    [InlineData(Instance, null, true, 3)]
    [InlineData($"{Instance}/subscription", null, true, 3)]
    [InlineData($"{Instance}/subscription", """{"topics":[]}""", true, 3)]
    [InlineData(Instance, null, false, null)]
    [InlineData($"{Instance}/subscription", null, false, null)]
    public async Task Ending_a_subscription_commits_what_it_delivered_if_the_instance_commits_automatically(
        string path, string? body, bool commits, int? committed)
    {
        await using var node = await StartAsync(commits);
        Assert.Equal(HttpStatusCode.NoContent, (await node.PostV2Async($"{Instance}/subscription", """{"topics":["t"]}""")).Status);
        await ReadAsync(node, 3);
        await EndAsync(node, path, body);
        Assert.Equal(committed, await CommittedAsync(node, 0));
    }

    [Theory]
    [InlineData(Instance, null, true, 3)]
    [InlineData($"{Instance}/subscription", null, true, 3)]
    [InlineData($"{Instance}/assignments", """{"partitions":[]}""", true, 3)]
    [InlineData($"{Instance}/assignments", """{"partitions":[{"topic":"t","partition":1}]}""", true, 3)]
    [InlineData($"{Instance}/assignments", """{"partitions":[{"topic":"t","partition":1}]}""", false, null)]
    public async Task Ending_an_assignment_commits_what_it_delivered_if_the_instance_commits_automatically(
        string path, string? body, bool commits, int? committed)
    {
        await using var node = await StartAsync(commits);
        const string Assignment = """{"partitions":[{"topic":"t","partition":0}]}""";
        Assert.Equal(HttpStatusCode.NoContent, (await node.PostV2Async($"{Instance}/assignments", Assignment)).Status);
        await ReadAsync(node, 3);
        await EndAsync(node, path, body);
        Assert.Equal(committed, await CommittedAsync(node, 0));
    }

    private static async Task<NodeHost> StartAsync(bool commits)
    {
        var node = await NodeHost.StartAsync();
        Assert.Equal(HttpStatusCode.Created, (await node.PostV2Async("/admin/topics", """{"topic_name":"t","partitions_count":2}""")).Status);
        const string Records = """{"records":[{"value":"a","partition":0},{"value":"b","partition":0},{"value":"c","partition":0}]}""";
        Assert.Equal(HttpStatusCode.OK, (await node.PostV2Async("/topics/t", Records, Text)).Status);
        var settings = $$"""{"name":"i","format":"text","auto.offset.reset":"earliest","auto.commit.enable":{{(commits ? "true" : "false")}}}""";
        Assert.Equal(HttpStatusCode.OK, (await node.PostV2Async("/consumers/g", settings)).Status);
        return node;
    }

    private static async Task ReadAsync(NodeHost node, int count)
    {
        var read = 0;
        await Until.TrueAsync(async () =>
        {
            var answer = await node.GetAsync($"{Instance}/records", Text);
            Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
            return (read += answer.Json.GetArrayLength()) >= count;
        });
    }

    private static async Task EndAsync(NodeHost node, string path, string? body)
    {
        var ended = body is null ? await node.SendAsync(HttpMethod.Delete, path, null, null) : await node.PostV2Async(path, body);
        Assert.True(ended.Status == HttpStatusCode.NoContent, $"{path}: {ended.Text}");
    }

    private static async Task<int?> CommittedAsync(NodeHost node, int partition)
    {
        var answer = await node.GetAsync("/v1/groups/g/offsets");
        return answer.Status == HttpStatusCode.NotFound ? null : answer.Json.EnumerateArray()
            .Where(offset => offset.GetProperty("partition").GetInt32() == partition)
            .Select(offset => (int?)offset.GetProperty("offset").GetInt32()).SingleOrDefault();
    }
}
