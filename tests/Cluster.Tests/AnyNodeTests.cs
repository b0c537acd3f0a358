using System.Globalization;
using System.Text;
using System.Text.Json;
using Loire.Cluster.Tests.Clusters;
using Loire.Silo.Tests;
using Loire.Storage.Tests.Azurite;

namespace Loire.Cluster.Tests;

/// <summary>Any node answers for the whole cluster.</summary>
[Collection(nameof(WithThreeNodes))]
public sealed class AnyNodeTests(ThreeNodes nodes)
{
    [AzuriteFact]
    public async Task Topic_that_one_node_creates_takes_records_at_a_second_and_serves_them_at_a_third()
    {
        var cluster = await nodes.HealedAsync();
        var topic = await cluster.CreateTopicAsync(3);
        for (var partition = 0; partition < 3; partition++)
        {
            var (writer, reader) = (cluster.Nodes[(partition + 1) % 3], cluster.Nodes[(partition + 2) % 3]);
            await cluster.ProduceAsync(writer, topic, partition, "a\nb");
            var records = await GetAsync(cluster, reader, $"/v1/topics/{topic}/partitions/{partition}/records?offset=0");
            Assert.Equal(["a", "b"], records.EnumerateArray().Select(record => record.GetProperty("value").GetString()));
        }

        foreach (var node in cluster.Nodes)
        {
            var topics = await GetAsync(cluster, node, "/v1/topics");
            Assert.Contains(topic, topics.EnumerateArray().Select(one => one.GetProperty("topic_name").GetString()));
        }
    }

    [AzuriteFact]
    public async Task Offsets_that_a_group_commits_at_one_node_are_read_at_every_other()
    {
        var cluster = await nodes.HealedAsync();
        var topic = await cluster.CreateTopicAsync(3);
        foreach (var (node, offset) in cluster.Nodes.Select((node, i) => (node, 1L + i)))
        {
            await cluster.ProduceAsync(node, topic, 0, "one more");
            var commit = string.Create(CultureInfo.InvariantCulture, $$"""{"offsets":[{"topic_name":"{{topic}}","partition":0,"offset":{{offset}}}]}""");
            using var body = new StringContent(commit, Encoding.UTF8, "application/json");
            using var answer = await cluster.Http.PutAsync(new Uri(node.Url, $"/v1/groups/of-{topic}/offsets"), body);
            await JsonContent.ReadAsync(answer);
            foreach (var other in cluster.Nodes)
            {
                var offsets = await GetAsync(cluster, other, $"/v1/groups/of-{topic}/offsets");
                Assert.Equal(offset, offsets[0].GetProperty("offset").GetInt64());
                Assert.Equal(0, offsets[0].GetProperty("lag").GetInt64());
            }
        }
    }

    [AzuriteFact]
    public async Task Record_that_one_node_has_acknowledged_is_found_by_its_key_at_every_other()
    {
        var cluster = await nodes.HealedAsync();
        var topic = await cluster.CreateTopicAsync(3, """[{"name":"cleanup.policy","value":"compact"}]""");
        for (var i = 0; i < 12; i++)
        {
            using var body = new StringContent($"{i}", Encoding.UTF8, "text/plain");
            using var answer = await cluster.Http.PostAsync(new Uri(cluster.Nodes[i % 3].Url, $"/v1/topics/{topic}/records?key=k{i % 4}"), body);
            await JsonContent.ReadAsync(answer);
            foreach (var node in cluster.Nodes)
            {
                var found = await GetAsync(cluster, node, $"/v1/topics/{topic}/keys/k{i % 4}");
                Assert.Equal($"{i}", found.GetProperty("value").GetString());
            }
        }
    }

    private static async Task<JsonElement> GetAsync(ClusterOfProcesses cluster, ClusterNode node, string path)
    {
        using var response = await cluster.Http.GetAsync(new Uri(node.Url, path));
        return await JsonContent.ReadAsync(response);
    }
}
