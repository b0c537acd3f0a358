using System.Globalization;
using System.Net.Http.Json;
using Loire.Cluster.Tests.Clusters;

namespace Loire.Cluster.Tests.Load;

/// <summary>Some topics and groups, spread over the nodes, each with a change that it can be asked for at any time.</summary>
internal sealed class ControlCalls
{
    private const int Each = 9;
    private static int _groups;

    private readonly ClusterOfProcesses _cluster;
    private long _value = 1_000_000;

    private ControlCalls(ClusterOfProcesses cluster, string[] topics, string[] groups) => (_cluster, Topics, Groups) = (cluster, topics, groups);

    public string[] Topics { get; }

    public string[] Groups { get; }

    /// <summary>Creates the topics and the groups, so that all of them are active.</summary>
    public static async Task<ControlCalls> CreateAsync(ClusterOfProcesses cluster)
    {
        var topics = new string[Each];
        for (var i = 0; i < Each; i++)
        {
            topics[i] = await cluster.CreateTopicAsync(1);
        }

        var groups = Enumerable.Range(0, Each)
            .Select(_ => string.Create(CultureInfo.InvariantCulture, $"control-{Interlocked.Increment(ref _groups)}")).ToArray();
        var calls = new ControlCalls(cluster, topics, groups);
        foreach (var group in groups)
        {
            Assert.True(await calls.CommitAsync(cluster.Nodes.First(node => !node.Process.HasExited), group));
        }

        return calls;
    }

    /// <summary>Deletes the topics and the groups.</summary>
    public async Task DeleteAsync(ClusterNode by)
    {
        foreach (var path in Topics.Select(topic => $"/v1/topics/{topic}").Concat(Groups.Select(group => $"/v1/groups/{group}")))
        {
            using var response = await _cluster.Http.DeleteAsync(new Uri(by.Url, path));
            Assert.True(response.IsSuccessStatusCode, $"DELETE {path}: {(int)response.StatusCode}");
        }
    }

    /// <summary>Changes a setting of a topic once; whether that succeeded.</summary>
    public Task<bool> AlterAsync(ClusterNode by, string topic) => PutAsync(
        by, $"/v1/topics/{topic}/configs/retention.ms", new { value = Interlocked.Increment(ref _value).ToString(CultureInfo.InvariantCulture) });

    /// <summary>Commits an offset of a group once; whether that succeeded.</summary>
    public Task<bool> CommitAsync(ClusterNode by, string group)
    {
        var offset = new { topic_name = Topics[0], partition = 0, offset = Interlocked.Increment(ref _value) };
        return PutAsync(by, $"/v1/groups/{group}/offsets", new { offsets = new[] { offset } });
    }

    private async Task<bool> PutAsync(ClusterNode by, string path, object body)
    {
        try
        {
            using var response = await _cluster.Http.PutAsJsonAsync(new Uri(by.Url, path), body);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
