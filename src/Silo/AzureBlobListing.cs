using System.Runtime.CompilerServices;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Loire.Log;

namespace Loire.Silo;

/// <summary>
/// Lists what Orleans' blob provider keeps in a container. It names a blob <c>{state name}-{grain id}.json</c>; a container that does not exist yet
/// has none.
/// </summary>
internal sealed class AzureBlobListing(BlobContainerClient container) : IObjectListing
{
    private const string Suffix = ".json";

    public async IAsyncEnumerable<string> ListAsync(string stateName, string prefix, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var names = container.GetBlobsAsync(new GetBlobsOptions { Prefix = $"{stateName}-{prefix}" }, cancellation).GetAsyncEnumerator(cancellation);
        await using var _ = names.ConfigureAwait(false);
        while (await HasNextAsync(names).ConfigureAwait(false))
        {
            if (names.Current.Name.EndsWith(Suffix, StringComparison.Ordinal))
            {
                yield return names.Current.Name[(stateName.Length + 1)..^Suffix.Length];
            }
        }
    }

    private static async ValueTask<bool> HasNextAsync(IAsyncEnumerator<BlobItem> names)
    {
        try
        {
            return await names.MoveNextAsync().ConfigureAwait(false);
        }
        catch (RequestFailedException problem) when (problem.ErrorCode == BlobErrorCode.ContainerNotFound)
        {
            return false;
        }
    }
}
