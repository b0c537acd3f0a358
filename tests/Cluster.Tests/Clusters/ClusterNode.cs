using System.Globalization;
using Loire.Cluster.Tests.Faults;

namespace Loire.Cluster.Tests.Clusters;

/// <summary>
/// One node of a cluster with a proxy of its own before each of Azurite's services. Its process may end and be started again under the same id.
/// </summary>
internal sealed class ClusterNode : IAsyncDisposable
{
    private readonly string[] _options;
    private readonly Dictionary<string, string> _environment;

    private ClusterNode(int id, string cluster, HttpFaultProxy blobs, HttpFaultProxy tables, string[] options)
    {
        (Id, Blobs, Tables) = (id, blobs, tables);
        var number = id.ToString(CultureInfo.InvariantCulture);
        _options =
        [
            "--clustering", "azure", "--storage", "azure", "--node-id", number, "--cluster-id", cluster, "--azure-container", cluster,
            "--group-initial-rebalance-delay", "0", "--memory-mb", "256", .. options,
        ];
        var connection = AzuriteServer.ConnectionStringOf(blobs.Url, tables.Url);
        _environment = new Dictionary<string, string> { ["LOIRE_AZURE_CONNECTION"] = connection, ["LOIRE_CLUSTERING_CONNECTION"] = connection };
    }

    public int Id { get; }

    /// <summary>The proxy before the store.</summary>
    public HttpFaultProxy Blobs { get; }

    /// <summary>The proxy before the membership table.</summary>
    public HttpFaultProxy Tables { get; }

    public NodeProcess Process { get; private set; } = null!;

    /// <summary>Where its HTTP API is, or was before it ended; each start takes another port.</summary>
    public Uri Url { get; private set; } = null!;

    public static async Task<ClusterNode> CreateAsync(int id, string cluster, AzuriteServer azurite, string[] options) =>
        new(id, cluster, await HttpFaultProxy.StartAsync(azurite.Blobs), await HttpFaultProxy.StartAsync(azurite.Tables), options);

    /// <summary>Starts the process, and waits until it is ready.</summary>
    public async Task StartAsync()
    {
        await (Process?.DisposeAsync() ?? ValueTask.CompletedTask);
        Process = NodeProcess.Launch(_options, _environment);
        if (!await Process.IsServingAsync())
        {
            throw new InvalidOperationException($"Node {Id} did not start:\n{Process.Output}");
        }

        Url = Process.Url;
        await Until.TrueAsync($"node {Id} is ready", async () =>
        {
            using var response = await Process.Client.GetAsync("/readyz");
            return response.IsSuccessStatusCode;
        });
    }

    /// <summary>Ends all faults; a process that has ended is started again.</summary>
    public async Task HealAsync()
    {
        (Blobs.Faults, Tables.Faults) = (ProxyFaults.None, ProxyFaults.None);
        if (Process is null or { HasExited: true })
        {
            await StartAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await (Process?.DisposeAsync() ?? ValueTask.CompletedTask);
        await Blobs.DisposeAsync();
        await Tables.DisposeAsync();
    }
}
