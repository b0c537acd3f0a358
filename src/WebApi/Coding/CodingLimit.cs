using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.Coding;

/// <summary>
/// Counts the bodies that are being compressed or decompressed: each holds up to 16 MiB, the largest window of a decoder, until its client
/// has sent or received it. Thread-safe.
/// </summary>
internal sealed class CodingLimit(IOptions<LoireApiOptions> options)
{
    private int _count;

    /// <summary>Counts a body until the end of its response; false if there are <see cref="LoireApiOptions.MaxCodedBodies"/> already.</summary>
    public bool TryEnter(HttpResponse response)
    {
        if (Interlocked.Increment(ref _count) > options.Value.MaxCodedBodies)
        {
            Interlocked.Decrement(ref _count);
            return false;
        }

        response.RegisterForDispose(new Entry(this));
        return true;
    }

    private sealed class Entry(CodingLimit limit) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref limit._count);
    }
}
