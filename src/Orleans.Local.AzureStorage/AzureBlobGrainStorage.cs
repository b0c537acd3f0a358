using System.Buffers;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Orleans.Storage;

/// <summary>
/// Grain storage in Azure Blob Storage, one blob a state, by the rules of the official provider: a write without an ETag only creates, a
/// write with one only replaces that version, and a condition that does not hold (409, 412, or a blob that is gone) is an
/// <see cref="InconsistentStateException"/>. The client library repeats requests by itself, so that exception may also tell of a write of
/// our own whose first answer was lost.
/// </summary>
internal sealed class AzureBlobGrainStorage(string name, AzureBlobStorageOptions options) : IGrainStorage, ILifecycleParticipant<ISiloLifecycle>
{
    private BlobContainerClient? _container;

    private BlobContainerClient Container => _container ?? throw new InvalidOperationException($"The storage {name} is used before the silo has started it.");

    public void Participate(ISiloLifecycle observer) =>
        observer.Subscribe($"{nameof(AzureBlobGrainStorage)}-{name}", ServiceLifecycleStage.ApplicationServices, StartAsync);

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        try
        {
            var blob = await Blob(stateName, grainId).DownloadStreamingAsync().ConfigureAwait(false);
            await using var content = blob.Value.Content;
            var length = checked((int)blob.Value.Details.ContentLength);
            grainState.State = length > 0 ? await ReadAsync<T>(content, length).ConfigureAwait(false) : Activator.CreateInstance<T>();
            grainState.ETag = blob.Value.Details.ETag.ToString();
            grainState.RecordExists = length > 0;
        }
        catch (RequestFailedException missing) when (missing.Status == 404)
        {
            (grainState.State, grainState.ETag, grainState.RecordExists) = (Activator.CreateInstance<T>(), null!, false);
        }
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var blob = Blob(stateName, grainId);
        var content = options.GrainStorageSerializer.Serialize(grainState.State);
        var upload = new BlobUploadOptions
        {
            Conditions = Condition(grainState.ETag),
            HttpHeaders = new BlobHttpHeaders { ContentType = "application/octet-stream" },
        };
        Response<BlobContentInfo> written;
        try
        {
            written = await OnConditionAsync(() => blob.UploadAsync(content, upload), blob, grainState.ETag).ConfigureAwait(false);
        }
        catch (RequestFailedException missing) when (missing.ErrorCode == BlobErrorCode.ContainerNotFound)
        {
            await Container.CreateIfNotExistsAsync().ConfigureAwait(false);
            written = await OnConditionAsync(() => blob.UploadAsync(content, upload), blob, grainState.ETag).ConfigureAwait(false);
        }

        (grainState.ETag, grainState.RecordExists) = (written.Value.ETag.ToString(), true);
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var blob = Blob(stateName, grainId);
        var condition = Condition(grainState.ETag);
        if (options.DeleteStateOnClear)
        {
            await OnConditionAsync(() => blob.DeleteIfExistsAsync(DeleteSnapshotsOption.None, condition), blob, grainState.ETag).ConfigureAwait(false);
            grainState.ETag = null!;
        }
        else
        {
            var emptied = await OnConditionAsync(
                () => blob.UploadAsync(new BinaryData([]), new BlobUploadOptions { Conditions = condition }), blob, grainState.ETag).ConfigureAwait(false);
            grainState.ETag = emptied.Value.ETag.ToString();
        }

        (grainState.State, grainState.RecordExists) = (Activator.CreateInstance<T>(), false);
    }

    private static BlobRequestConditions Condition(string? etag) =>
        string.IsNullOrEmpty(etag) ? new BlobRequestConditions { IfNoneMatch = ETag.All } : new BlobRequestConditions { IfMatch = new ETag(etag) };

    private static async Task<TResult> OnConditionAsync<TResult>(Func<Task<TResult>> operation, BlobClient blob, string? etag)
    {
        try
        {
            return await operation().ConfigureAwait(false);
        }
        catch (RequestFailedException refused) when (
            refused.Status is 409 or 412 || (refused.Status == 404 && refused.ErrorCode != BlobErrorCode.ContainerNotFound))
        {
            throw new InconsistentStateException(
                $"The blob {blob.Name} in container {blob.BlobContainerName} is another version than {etag ?? "none"}.", "Unknown", etag, refused);
        }
    }

    // The serializer gets the bytes on loan, as from the official provider of 10.2: one that keeps the memory is found out.
    private async Task<T> ReadAsync<T>(Stream content, int length)
    {
        var loan = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var bytes = loan.AsMemory(0, length);
            await content.ReadExactlyAsync(bytes).ConfigureAwait(false);
            return options.GrainStorageSerializer.Deserialize<T>(new BinaryData(bytes));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(loan, clearArray: true);
        }
    }

    private BlobClient Blob(string stateName, GrainId grainId) => Container.GetBlobClient($"{stateName}-{grainId}.json");

    private async Task StartAsync(CancellationToken cancellation)
    {
        var account = options.BlobServiceClient
            ?? throw new OrleansConfigurationException($"The storage {name} has no {nameof(AzureBlobStorageOptions.BlobServiceClient)}.");
        var container = account.GetBlobContainerClient(options.ContainerName);
        await container.CreateIfNotExistsAsync(cancellationToken: cancellation).ConfigureAwait(false);
        _container = container;
    }
}
