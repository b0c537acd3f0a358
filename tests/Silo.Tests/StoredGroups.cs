using System.Net.Http.Json;
using System.Text.Json;

namespace Loire.Silo.Tests;

/// <summary>
/// The groups of a stored fixture, read and continued over HTTP by the node that has it now. Every partition has one record more than told.
/// </summary>
internal sealed class StoredGroups(HttpClient node, StoredManifest told)
{
    /// <summary>
    /// The same groups are there with the same members and offsets. Every member reads on from there under its old name, to the record that
    /// was appended, commits and leaves; then the group takes a commit from outside.
    /// </summary>
    /// <returns>The offsets of each group after that.</returns>
    public async Task<Dictionary<string, string>> AreAsToldAndContinueAsync()
    {
        var ids = (await node.GetJsonAsync("/v1/groups")).EnumerateArray().Select(group => group.GetProperty("group_id").GetString()!);
        Assert.Equal(told.Groups.Select(IdOf), ids);
        var committed = new Dictionary<string, string>();
        foreach (var group in told.Groups)
        {
            var path = $"/v1/groups/{IdOf(group)}";
            JsonContent.Has(group.Description, await node.GetJsonAsync(path), path);
            var members = group.Description.GetProperty("members").EnumerateArray().ToList();
            AreOffsetsAsTold(group, await OffsetsAsync(path), mayHaveExpired: members.Count == 0);
            foreach (var member in members)
            {
                await ReadOnAsync(group, member);
            }

            foreach (var member in members)
            {
                using var left = await node.DeleteAsync($"{path}/members/{member.GetProperty("member_id").GetString()}");
                await JsonContent.ReadAsync(left);
            }

            await CommitFromOutsideAsync(path);
            committed.Add(path, (await node.GetJsonAsync($"{path}/offsets")).GetRawText());
        }

        return committed;
    }

    /// <summary>The groups have these offsets and no members.</summary>
    public async Task HaveAsync(Dictionary<string, string> committed)
    {
        foreach (var (path, offsets) in committed)
        {
            JsonContent.Has(JsonElement.Parse(offsets), await node.GetJsonAsync($"{path}/offsets"), path);
            Assert.Equal("EMPTY", (await node.GetJsonAsync(path)).GetProperty("phase").GetString());
        }
    }

    private static void AreOffsetsAsTold(StoredGroup group, List<JsonElement> offsets, bool mayHaveExpired)
    {
        var expected = group.Offsets.ToDictionary(PlaceOf);
        Assert.True(mayHaveExpired || expected.Count == offsets.Count, $"{IdOf(group)} has {offsets.Count} offsets");
        Assert.All(offsets, offset => JsonContent.Has(expected[PlaceOf(offset)], offset, $"{IdOf(group)} {PlaceOf(offset)}"));
    }

    private async Task ReadOnAsync(StoredGroup group, JsonElement member)
    {
        var path = $"/v1/groups/{IdOf(group)}/members/{member.GetProperty("member_id").GetString()}";
        var committed = group.Offsets.ToDictionary(PlaceOf, offset => offset.GetProperty("offset").GetInt64());
        var ends = told.Topics.SelectMany(topic => topic.Partitions, (topic, partition) => (topic, partition))
            .ToDictionary(one => (one.topic.TopicName, one.partition.Partition), one => one.partition.LogEndOffset + 1);
        var next = member.GetProperty("assigned").EnumerateArray().Select(PlaceOf)
            .ToDictionary(place => place, place => committed.GetValueOrDefault(place));
        while (next.Any(position => position.Value < ends[position.Key]))
        {
            var page = await node.GetJsonAsync($"{path}/records?max_wait_ms=30000&max_records=10000");
            Assert.True(page.GetArrayLength() > 0, $"{path} gets no more at {string.Join(", ", next)}");
            foreach (var record in page.EnumerateArray())
            {
                var place = PlaceOf(record);
                Assert.Equal(next[place]++, record.GetProperty("offset").GetInt64());
            }
        }

        if (IsOfProxies(group))
        {
            await ReadThroughProxyDialectAsync(path);
        }

        using var response = await node.PutAsync($"{path}/offsets", null);
        await JsonContent.ReadAsync(response);
        var now = (await OffsetsAsync($"/v1/groups/{IdOf(group)}"))
            .ToDictionary(PlaceOf, offset => offset.GetProperty("offset").GetInt64());
        Assert.All(next, position => Assert.Equal(position.Value, now[position.Key]));
    }

    // The instance was made with the format json and has not forgotten it: otherwise this type would be refused.
    private async Task ReadThroughProxyDialectAsync(string path)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Get, path.Replace("/v1/groups/", "/consumers/").Replace("/members/", "/instances/") + "/records?timeout=0");
        request.Headers.Accept.ParseAdd("application/vnd.kafka.json.v2+json");
        using var response = await node.SendAsync(request);
        Assert.Equal(0, (await JsonContent.ReadAsync(response)).GetArrayLength());
    }

    private async Task CommitFromOutsideAsync(string path)
    {
        var commit = new { topic_name = "orders", partition = 2, offset = 1, metadata = "continued" };
        using var response = await node.PutAsJsonAsync($"{path}/offsets", new { offsets = new[] { commit } });
        await JsonContent.ReadAsync(response);
        var offset = Assert.Single(await OffsetsAsync(path), offset => PlaceOf(offset) == ("orders", 2));
        Assert.Equal((1, "continued"), (offset.GetProperty("offset").GetInt64(), offset.GetProperty("metadata").GetString()));
    }

    private async Task<List<JsonElement>> OffsetsAsync(string path) => [.. (await node.GetJsonAsync($"{path}/offsets")).EnumerateArray()];

    private static bool IsOfProxies(StoredGroup group) => IdOf(group) == "proxies";

    private static string IdOf(StoredGroup group) => group.Description.GetProperty("group_id").GetString()!;

    private static (string Topic, int Partition) PlaceOf(JsonElement json) =>
        (json.GetProperty("topic_name").GetString()!, json.GetProperty("partition").GetInt32());
}
