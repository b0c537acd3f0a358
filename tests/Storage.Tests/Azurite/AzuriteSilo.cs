using Azure.Storage.Blobs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Storage;

namespace Loire.Storage.Tests.Azurite;

/// <summary>A silo whose only purpose is to bring up the blob provider as a node would.</summary>
internal sealed class AzuriteSilo : IAsyncDisposable
{
    private const string Name = "blobs";
    private static int _containers;
    private static readonly Lazy<Task<AzuriteSilo>> _shared = new(() => StartAsync(NewContainer()));
    private readonly IHost _host;

    private AzuriteSilo(IHost host) => _host = host;

    public IGrainStorage Storage => _host.Services.GetRequiredKeyedService<IGrainStorage>(Name);

    /// <summary>A silo that lives as long as the tests.</summary>
    public static Task<AzuriteSilo> SharedAsync() => _shared.Value;

    /// <summary>A silo over a container.</summary>
    public static async Task<AzuriteSilo> StartAsync(string container)
    {
        var azurite = await AzuriteServer.SharedAsync();
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(Ports.Free(), Ports.Free(), serviceId: container, clusterId: container);
            silo.AddAzureBlobGrainStorage(Name, options =>
            {
                options.BlobServiceClient = new BlobServiceClient(azurite.ConnectionString);
                options.ContainerName = container;
                options.GrainStorageSerializer = new LoireGrainStorageSerializer();
            });
        });
        var host = builder.Build();
        await host.StartAsync();
        return new AzuriteSilo(host);
    }

    public static string NewContainer() => $"loire-{Environment.ProcessId}-{Interlocked.Increment(ref _containers)}";

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }
}
