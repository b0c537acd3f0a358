using Azure.Core;
using Azure.Core.Pipeline;
using Loire.Log;

namespace Loire.Silo;

/// <summary>
/// Fails the requests for blobs of a container that does not exist. Orleans' provider would create it again at the next write and take every read
/// for that of an absent object, so a store that is gone would pass for an empty one, and take records. The container is created when the
/// provider starts; requests about itself pass.
/// </summary>
internal sealed class ContainerGuard : HttpPipelinePolicy
{
    private static readonly string[] _gone = ["ContainerNotFound", "ContainerBeingDeleted", "ContainerDisabled"];

    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        ProcessNext(message, pipeline);
        Check(message);
    }

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        await ProcessNextAsync(message, pipeline).ConfigureAwait(false);
        Check(message);
    }

    private static void Check(HttpMessage message)
    {
        if (message.Response is { Status: 404 or 409 } response
            && response.Headers.TryGetValue("x-ms-error-code", out var code)
            && _gone.Contains(code)
            && !IsAboutContainer(message.Request.Uri.Query))
        {
            throw new StorageBrokenException($"The container of the store is gone: {code}.");
        }
    }

    private static bool IsAboutContainer(string query) =>
        query.Contains("restype=container", StringComparison.Ordinal) && !query.Contains("comp=list", StringComparison.Ordinal);
}
