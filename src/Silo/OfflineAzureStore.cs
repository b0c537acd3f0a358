using Azure.Storage.Blobs;
using Loire.Log;
using Loire.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Serialization;
using Orleans.Storage;

namespace Loire.Silo;

/// <summary>A container of blobs, opened by Orleans' provider without a silo.</summary>
internal sealed class OfflineAzureStore : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    private OfflineAzureStore(ServiceProvider services, BlobContainerClient container) =>
        (_services, Container, Listing) = (services, container, new AzureBlobListing(container));

    /// <summary>The container.</summary>
    public BlobContainerClient Container { get; }

    /// <summary>Reads and changes objects.</summary>
    public IGrainStorage Storage => _services.GetRequiredKeyedService<IGrainStorage>(LogStorage.ProviderName);

    /// <summary>Lists objects.</summary>
    public IObjectListing Listing { get; }

    /// <summary>Opens the container that the options name.</summary>
    /// <exception cref="IOException">There is no such container.</exception>
    /// <exception cref="Azure.RequestFailedException">The service refuses the credential, or cannot be reached.</exception>
    public static Task<OfflineAzureStore> OpenAsync(NodeOptions options) => OpenAsync(AzureClients.Blobs(options), options.AzureContainer);

    /// <summary>Opens a container by a client of its account.</summary>
    /// <exception cref="IOException">There is no such container.</exception>
    /// <exception cref="Azure.RequestFailedException">The service refuses the credential, or cannot be reached.</exception>
    public static async Task<OfflineAzureStore> OpenAsync(BlobServiceClient blobs, string name)
    {
        var container = blobs.GetBlobContainerClient(name);
        if (!await container.ExistsAsync())
        {
            throw new IOException($"the container {container.Name} does not exist.");
        }

        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSerializer();
        services.AddAzureBlobGrainStorage(LogStorage.ProviderName, azure =>
        {
            azure.BlobServiceClient = blobs;
            azure.ContainerName = name;
            azure.GrainStorageSerializer = new LoireGrainStorageSerializer();
        });
        var store = new OfflineAzureStore(services.BuildServiceProvider(), container);

        // The provider connects when its silo starts.
        var lifecycle = new SiloLifecycleSubject(NullLogger<SiloLifecycleSubject>.Instance);
        ((ILifecycleParticipant<ISiloLifecycle>)store.Storage).Participate(lifecycle);
        await lifecycle.OnStart();
        return store;
    }

    /// <summary>A fingerprint of the container: of the names and versions of its blobs.</summary>
    public async Task<(int Count, int Hash)> LookAsync()
    {
        var (count, hash) = (0, 0);
        await foreach (var blob in Container.GetBlobsAsync())
        {
            (count, hash) = (count + 1, hash ^ HashCode.Combine(blob.Name, blob.Properties.ETag));
        }

        return (count, hash);
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
