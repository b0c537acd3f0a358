using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Loire.Cluster.Tests.Clusters;

/// <summary>
/// One node of a cluster with a proxy of its own before each of Azurite's services. Its process may end and be started again under the same id.
/// </summary>
internal sealed class ClusterNode : IAsyncDisposable
{
    private readonly string[] _options;
    private readonly Dictionary<string, string> _environment;
    private readonly NodeNetworks? _networks;

    private ClusterNode(int id, string cluster, HttpFaultProxy blobs, HttpFaultProxy tables, NodeNetworks? networks, string[] options)
    {
        (Id, Blobs, Tables, _networks) = (id, blobs, tables, networks);
        var number = id.ToString(CultureInfo.InvariantCulture);
        _options =
        [
            "--clustering", "azure", "--storage", "azure", "--node-id", number, "--cluster-id", cluster, "--azure-container", cluster,
            "--group-initial-rebalance-delay", "0", "--memory-mb", "256",
            "--gateway-port", Gateway.ToString(CultureInfo.InvariantCulture), .. options,
        ];
        if (networks is not null)
        {
            _options =
            [
                .. _options, "--urls", $"http://{networks.ClientAddress(id)}:0", "--insecure", "--silo-address", $"{networks.SiloAddress(id)}", "--insecure-silo",
            ];
        }

        var connection = AzuriteServer.ConnectionStringOf(blobs.Url, tables.Url);
        _environment = new Dictionary<string, string> { ["LOIRE_AZURE_CONNECTION"] = connection, ["LOIRE_CLUSTERING_CONNECTION"] = connection };
    }

    public int Id { get; }

    /// <summary>The port of its gateway, the same after each start.</summary>
    public int Gateway { get; } = FreePort();

    /// <summary>The proxy before the store.</summary>
    public HttpFaultProxy Blobs { get; }

    /// <summary>The proxy before the membership table.</summary>
    public HttpFaultProxy Tables { get; }

    /// <summary>What comes before its command line from the next start on, such as a command that changes its clock.</summary>
    public string[] Wrapper { get; set; } = [];

    /// <summary>The executable of its next start; null for the one that was built with the tests.</summary>
    public string? Executable { get; set; }

    public NodeProcess Process { get; private set; } = null!;

    /// <summary>Where its HTTP API is, or was before it ended; each start takes another port.</summary>
    public Uri Url { get; private set; } = null!;

    public static async Task<ClusterNode> CreateAsync(int id, string cluster, AzuriteServer azurite, NodeNetworks? networks, string[] options) => new(
        id, cluster, await HttpFaultProxy.StartAsync(azurite.Blobs, networks?.Own), await HttpFaultProxy.StartAsync(azurite.Tables, networks?.Own), networks, options);

    /// <summary>Starts the process, and waits until it is ready.</summary>
    public async Task StartAsync()
    {
        await (Process?.DisposeAsync() ?? ValueTask.CompletedTask);
        Process = Launch();
        if (!await Process.IsServingAsync())
        {
            throw new InvalidOperationException($"Node {Id} did not start:\n{Process.Output}");
        }

        Url = Process.Url;
        await Until.TrueAsync($"node {Id} is ready", IsReadyAsync);
    }

    /// <summary>Whether it says that it is ready; false if it cannot be reached.</summary>
    public async Task<bool> IsReadyAsync()
    {
        try
        {
            using var response = await Process.Client.GetAsync("/readyz");
            return response.IsSuccessStatusCode;
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Starts one more process of the node.</summary>
    public NodeProcess Launch() =>
        NodeProcess.Launch(_options, _environment, Executable, [.. _networks is null ? [] : NodeNetworks.Wrapper(Id), .. Wrapper]);

    /// <summary>From now on nothing passes between it and the other nodes, while its clients and its store reach it.</summary>
    public void CutOffFromOthers() => _networks!.Cut(Id);

    /// <summary>Ends all faults; a process that has ended is started again.</summary>
    public async Task HealAsync()
    {
        (Blobs.Faults, Tables.Faults) = (ProxyFaults.None, ProxyFaults.None);
        _networks?.Mend(Id);
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

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
