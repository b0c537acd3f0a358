using Azure.Core;
using Azure.Data.Tables;
using Azure.Identity;
using Azure.Storage.Blobs;

namespace Loire.Silo;

/// <summary>
/// Connects to Azure Storage as the options say: with a connection string, or with an identity that the environment grants (Azure.Identity's default
/// chain: variables of the environment, a workload identity of Kubernetes, a managed identity, the tools of a developer).
/// </summary>
internal static class AzureClients
{
    /// <summary>The service of blobs.</summary>
    public static BlobServiceClient Blobs(NodeOptions options) =>
        options.AzureAccount is { } account
            ? new BlobServiceClient(account, Identity(), Options())
            : new BlobServiceClient(options.AzureConnection, Options());

    /// <summary>How the service of blobs is used.</summary>
    public static BlobClientOptions Options()
    {
        var options = new BlobClientOptions();
        options.AddPolicy(new ContainerGuard(), HttpPipelinePosition.PerCall);
        return options;
    }

    /// <summary>The container of the store.</summary>
    public static BlobContainerClient Container(NodeOptions options) => Blobs(options).GetBlobContainerClient(options.AzureContainer);

    /// <summary>The service of tables.</summary>
    /// <param name="connection">A connection string, or the URL of the service, which is reached with an identity.</param>
    /// <exception cref="FormatException">It is neither.</exception>
    public static TableServiceClient Tables(string connection) =>
        Uri.TryCreate(connection, UriKind.Absolute, out var url) && url.Scheme == Uri.UriSchemeHttps
            ? new TableServiceClient(url, Identity())
            : new TableServiceClient(connection);

    /// <summary>The URL of an account's tables; null if that of its blobs does not tell.</summary>
    public static string? TablesOf(Uri blobs)
    {
        const string Blobs = ".blob.";
        var at = blobs.Host.IndexOf(Blobs, StringComparison.OrdinalIgnoreCase);
        return at < 0 ? null : new UriBuilder(blobs) { Host = blobs.Host.Remove(at, Blobs.Length).Insert(at, ".table."), Path = "" }.Uri.AbsoluteUri;
    }

    private static TokenCredential Identity() => new DefaultAzureCredential();
}
