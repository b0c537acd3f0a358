using System.Runtime.CompilerServices;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Loire.Log;

namespace Loire.Silo;

/// <summary>Lists what Orleans' blob provider keeps in a container. It names a blob <c>{state name}-{grain id}.json</c>.</summary>
internal sealed class AzureBlobListing(BlobContainerClient container) : IObjectListing
{
    private const string Suffix = ".json";

    public async IAsyncEnumerable<string> ListAsync(string stateName, string prefix, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var blobs = container.GetBlobsAsync(new GetBlobsOptions { Prefix = $"{stateName}-{prefix}" }, cancellation);
        await foreach (var blob in blobs.ConfigureAwait(false))
        {
            if (blob.Name.EndsWith(Suffix, StringComparison.Ordinal))
            {
                yield return blob.Name[(stateName.Length + 1)..^Suffix.Length];
            }
        }
    }
}
