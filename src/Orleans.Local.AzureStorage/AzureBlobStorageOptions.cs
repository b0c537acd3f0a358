using Azure.Storage.Blobs;
using Orleans.Storage;

namespace Orleans.Configuration;

/// <summary>Where Azure Blob grain storage keeps states, and as what.</summary>
public class AzureBlobStorageOptions : IStorageProviderSerializerOptions
{
    /// <summary>The default of <see cref="ContainerName"/>.</summary>
    public const string DEFAULT_CONTAINER_NAME = "grainstate";

    /// <summary>The container of the blobs; created when it is missing.</summary>
    public string ContainerName { get; set; } = DEFAULT_CONTAINER_NAME;

    /// <summary>The account. Required.</summary>
    public BlobServiceClient BlobServiceClient { get; set; } = null!;

    /// <summary>Whether clearing a state deletes its blob, or leaves it empty.</summary>
    public bool DeleteStateOnClear { get; set; } = true;

    /// <inheritdoc/>
    public IGrainStorageSerializer GrainStorageSerializer { get; set; } = null!;
}
