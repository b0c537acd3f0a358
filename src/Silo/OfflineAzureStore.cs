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

    /// <summary>Opens the container that the options name, which need not exist.</summary>
    /// <exception cref="Azure.RequestFailedException">The service refuses the credential, or cannot be reached.</exception>
    public static async Task<OfflineAzureStore> OpenAsync(NodeOptions options)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSerializer();
        services.AddAzureBlobGrainStorage(LogStorage.ProviderName, azure =>
        {
            azure.BlobServiceClient = new BlobServiceClient(options.AzureConnection);
            azure.ContainerName = options.AzureContainer;
            azure.GrainStorageSerializer = new LoireGrainStorageSerializer();
        });
        var store = new OfflineAzureStore(services.BuildServiceProvider(), new BlobContainerClient(options.AzureConnection, options.AzureContainer));

        // The provider connects when its silo starts.
        var lifecycle = new SiloLifecycleSubject(NullLogger<SiloLifecycleSubject>.Instance);
        ((ILifecycleParticipant<ISiloLifecycle>)store.Storage).Participate(lifecycle);
        await lifecycle.OnStart();
        return store;
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
