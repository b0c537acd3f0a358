using System.Net.Http.Json;
using System.Text;

namespace Loire.Silo.Tests;

/// <summary>A node that stops while members that live in it have finished records and not committed them yet.</summary>
public sealed class MemberShutdownTests
{
    private const int Members = 5;
    private const int Records = 10;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Finished_records_are_committed_while_the_node_stops_and_nothing_waits_for_a_timeout(bool isV2)
    {
        using var data = new TemporaryDirectory();
        await using (var node = await NodeProcess.StartAsync(data.Path))
        {
            await KillTests.CreateTopicAsync(node.Client, "t", 1);
            var lines = string.Concat(Enumerable.Range(0, Records).Select(i => $"{i}\n"));
            using var body = new StringContent(lines, Encoding.UTF8, "text/plain");
            using var produced = await node.Client.PostAsync("/v1/topics/t/records?partition=0", body);
            await JsonContent.ReadAsync(produced);
            var paths = await Task.WhenAll(Enumerable.Range(0, Members).Select(i => JoinAsync(node.Client, $"g{i}", isV2)));
            await Task.WhenAll(paths.Select(path => ReadAllAsync(node.Client, path, isV2)));
            Assert.Equal(0, await node.StopAsync());
            Assert.DoesNotContain("Timeout", node.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("takes long", node.Output, StringComparison.Ordinal);
        }

        await using var again = await EmbeddedNode.StartAsync(options => options.Data = data.Path);
        for (var i = 0; i < Members; i++)
        {
            var offset = Assert.Single((await again.Client.GetJsonAsync($"/v1/groups/g{i}/offsets")).EnumerateArray());
            Assert.Equal(Records, offset.GetProperty("offset").GetInt64());
        }
    }

    /// <summary>Joins a group.</summary>
    /// <returns>Where the member reads.</returns>
    private static async Task<string> JoinAsync(HttpClient node, string group, bool isV2)
    {
        if (!isV2)
        {
            using var joined = await node.PostAsJsonAsync(
                $"/v1/groups/{group}/members", new { topics = new[] { "t" }, auto_offset_reset = "earliest", auto_commit_interval_ms = 600_000 });
            await JsonContent.ReadAsync(joined);
            return $"{joined.Headers.Location}/records?max_wait_ms=30000";
        }

        using var made = await PostV2Async(
            node, $"/consumers/{group}", """{"name":"i","format":"json","auto.offset.reset":"earliest","consumer.request.timeout.ms":30000}""");
        var instance = $"/consumers/{group}/instances/i";
        using var subscribed = await PostV2Async(node, $"{instance}/subscription", """{"topics":["t"]}""");
        return $"{instance}/records?timeout=30000";
    }

    private static async Task<HttpResponseMessage> PostV2Async(HttpClient node, string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/vnd.kafka.v2+json");
        var response = await node.PostAsync(path, content);
        await JsonContent.ReadAsync(response);
        return response;
    }

    /// <summary>Reads all records, and asks for more, which says that they are finished.</summary>
    private static async Task ReadAllAsync(HttpClient node, string path, bool isV2)
    {
        for (var read = 0; read < Records;)
        {
            read += (await node.GetJsonAsync(path)).GetArrayLength();
        }

        var more = await node.GetJsonAsync(path.Replace("30000", isV2 ? "1" : "0", StringComparison.Ordinal));
        Assert.Equal(0, more.GetArrayLength());
    }
}
