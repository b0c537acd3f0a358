using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Azure.Data.Tables;

namespace Loire.Cluster.Tests.Clusters;

/// <summary>Nodes with the ids 1, 2 and so on, each a process of its own, over a store and a membership table in Azurite.</summary>
internal sealed class ClusterOfProcesses : IAsyncDisposable
{
    private static int _clusters;
    private readonly TableClient _membership;
    private readonly string _name;
    private readonly NodeNetworks? _networks;
    private int _topics;

    private ClusterOfProcesses(string name, AzuriteServer azurite, NodeNetworks? networks, IReadOnlyList<ClusterNode> nodes)
    {
        (_name, Azurite, _networks, Nodes) = (name, azurite, networks, nodes);
        _membership = new TableClient(azurite.ConnectionString, "OrleansSiloInstances");
    }

    /// <summary>The cluster's id.</summary>
    public string Name => _name;

    /// <summary>The services of the store and of the membership table.</summary>
    public AzuriteServer Azurite { get; }

    public IReadOnlyList<ClusterNode> Nodes { get; }

    /// <summary>Whether the nodes have networks of their own, so that one can be cut off from the others.</summary>
    public bool HasNetworks => _networks is not null;

    /// <summary>Calls any node, by absolute addresses.</summary>
    public HttpClient Http { get; } = new() { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>Starts all nodes at once, with further options, and waits until all are ready members of one cluster.</summary>
    public static Task<ClusterOfProcesses> StartAsync(int count, params string[] options) => StartAsync(count, networks: null, executable: null, options);

    /// <summary>Starts all nodes at once, with further options, and waits until all are ready members of one cluster.</summary>
    /// <param name="count">How many.</param>
    /// <param name="networks">Networks for that many nodes, from now on the cluster's own; null for the loopback address.</param>
    /// <param name="executable">The executable of all nodes; null for the one that was built with the tests.</param>
    /// <param name="options">Further options of all nodes.</param>
    public static async Task<ClusterOfProcesses> StartAsync(int count, NodeNetworks? networks, string? executable, params string[] options)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"cluster-{Interlocked.Increment(ref _clusters)}");
        var azurite = await AzuriteServer.SharedAsync();
        var nodes = await Task.WhenAll(Enumerable.Range(1, count).Select(id => ClusterNode.CreateAsync(id, name, azurite, networks, options)));
        var cluster = new ClusterOfProcesses(name, azurite, networks, nodes);
        try
        {
            foreach (var node in nodes)
            {
                node.Executable = executable;
            }

            await cluster.HealAsync();
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }

        return cluster;
    }

    /// <summary>Ends all faults, starts again what has ended, and waits until all nodes are members that serve.</summary>
    /// <exception cref="TimeoutException">A node neither serves nor ends; it is killed, so that one test fails and not all that follow.</exception>
    public async Task HealAsync()
    {
        await Task.WhenAll(Nodes.Select(node => node.HealAsync()));
        foreach (var node in Nodes)
        {
            try
            {
                // A process that was given up may not know that yet, and one that ends may not have ended yet.
                await Until.TrueAsync($"node {node.Id} is a member that serves", async () =>
                {
                    await node.HealAsync();
                    return (await StatusesAsync(node.Id)).Count(status => status == "Active") == 1 && await node.IsReadyAsync();
                });
            }
            catch (TimeoutException failure)
            {
                await node.Process.KillAsync();
                throw new TimeoutException($"{failure.Message} It wrote:\n{node.Process.Output}", failure);
            }
        }
    }

    /// <summary>What the membership table says of all processes that a node has had.</summary>
    public async Task<List<string>> StatusesAsync(int node)
    {
        var statuses = new List<string>();
        var name = string.Create(CultureInfo.InvariantCulture, $"broker-{node}");
        await foreach (var row in _membership.QueryAsync<TableEntity>(row => row.PartitionKey == _name))
        {
            if (row.GetString("SiloName") == name)
            {
                statuses.Add(row.GetString("Status"));
            }
        }

        return statuses;
    }

    /// <summary>Creates a topic by way of the first node that is up.</summary>
    /// <param name="partitions">How many it has.</param>
    /// <param name="configs">Its settings, a JSON array.</param>
    public async Task<string> CreateTopicAsync(int partitions, string configs = "[]")
    {
        var topic = string.Create(CultureInfo.InvariantCulture, $"topic-{Interlocked.Increment(ref _topics)}");
        using var response = await Http.PostAsJsonAsync(
            new Uri(Nodes.First(node => !node.Process.HasExited).Url, "/v1/topics"),
            new { topic_name = topic, partitions_count = partitions, configs = JsonElement.Parse(configs) });
        await Silo.Tests.JsonContent.ReadAsync(response);
        return topic;
    }

    /// <summary>Appends records to one partition by way of a node.</summary>
    /// <returns>The partition's part of the answer, a success.</returns>
    public async Task<JsonElement> ProduceAsync(ClusterNode by, string topic, int partition, string lines, CancellationToken cancellation = default)
    {
        using var body = new StringContent(lines, new MediaTypeHeaderValue("text/plain"));
        using var response = await Http.PostAsync(
            new Uri(by.Url, $"/v1/topics/{topic}/records?partition={partition}"), body, cancellation);
        return (await Silo.Tests.JsonContent.ReadAsync(response)).GetProperty("partitions")[0].Clone();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes)
        {
            await node.DisposeAsync();
        }

        Http.Dispose();
        _networks?.Dispose();
    }
}
