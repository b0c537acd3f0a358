using System.Net;
using Loire.WebApi.Dialects;

namespace Loire.Silo;

/// <summary>Where a node keeps its data.</summary>
public enum StoreKind
{
    /// <summary>In files of this machine.</summary>
    File,

    /// <summary>In Azure Blob Storage.</summary>
    Azure,
}

/// <summary>What an operator says of a node, read and checked by <see cref="NodeSettings"/> before anything starts.</summary>
public sealed class NodeOptions
{
    /// <summary>The directory of the file store.</summary>
    public string Data { get; set; } = "./data";

    /// <summary>Where the HTTP API listens.</summary>
    public IReadOnlyList<IPEndPoint> Endpoints { get; set; } = [new IPEndPoint(IPAddress.Loopback, 8080)];

    /// <summary>Whether an address beyond this machine is allowed although there is no authentication.</summary>
    public bool Insecure { get; set; }

    /// <summary>Which store.</summary>
    public StoreKind Storage { get; set; }

    /// <summary>The connection string of the storage account; only for <see cref="StoreKind.Azure"/>.</summary>
    public string? AzureConnection { get; set; }

    /// <summary>The blob container; only for <see cref="StoreKind.Azure"/>.</summary>
    public string AzureContainer { get; set; } = "loire";

    /// <summary>The name of the cluster.</summary>
    public string ClusterId { get; set; } = "loire";

    /// <summary>The port for other silos; 0 for any free one, since a single node has no others.</summary>
    public int SiloPort { get; set; }

    /// <summary>The port for Orleans clients; 0 for none. Whoever reaches it has the power of a silo.</summary>
    public int GatewayPort { get; set; }

    /// <summary>Null for a sync before every acknowledgement; otherwise how often is synced, and so how much a power cut may lose.</summary>
    public TimeSpan? SyncInterval { get; set; }

    /// <summary>Bytes that reads may keep in memory.</summary>
    public long CacheBytes { get; set; } = 256L * 1024 * 1024;

    /// <summary>HTTP connections at once.</summary>
    public int MaxConnections { get; set; } = 20_000;

    /// <summary>What a commit means in the v2 dialect of REST proxies, which is served beside the native API; null for no such dialect.</summary>
    public CommitMeaning? V2Commits { get; set; } = CommitMeaning.LastRead;

    /// <summary>Whether logs are JSON lines.</summary>
    public bool JsonLogs { get; set; }

    /// <summary>The least severe level that is logged.</summary>
    public LogLevel LogLevel { get; set; } = LogLevel.Information;
}
