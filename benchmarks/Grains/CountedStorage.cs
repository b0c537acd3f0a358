using Loire.Log;
using Orleans.Storage;

namespace Loire.Grains.Benchmarks;

/// <summary>A storage that counts how often an object is read, and the bytes that logs write to it by kind of object.</summary>
internal sealed class CountedStorage(IGrainStorage storage) : IGrainStorage
{
    // In the header of every immutable object of a log; see ObjectHeader in src/Log.
    private const int KindAt = 5;
    private const byte Segment = 2;
    private long _reads;
    private long _readBytes;
    private long _chunks;
    private long _segments;
    private long _pages;
    private long _heads;

    public long Reads => Interlocked.Read(ref _reads);

    /// <summary>The bytes of the objects that were read.</summary>
    public long ReadBytes => Interlocked.Read(ref _readBytes);

    public WrittenBytes Written =>
        new(Interlocked.Read(ref _chunks), Interlocked.Read(ref _segments), Interlocked.Read(ref _pages), Interlocked.Read(ref _heads));

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        Interlocked.Increment(ref _reads);
        await storage.ReadStateAsync(stateName, grainId, grainState);
        Interlocked.Add(ref _readBytes, grainState.State is StoredObject stored ? stored.Length : 0);
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        if (grainState.State is StoredObject { Pieces: [var first, ..] } stored)
        {
            var key = grainId.ToString();
            if (key.EndsWith("/head", StringComparison.Ordinal))
            {
                Interlocked.Add(ref _heads, stored.Length);
            }
            else if (key.Contains("/chunk/", StringComparison.Ordinal))
            {
                Interlocked.Add(ref _chunks, stored.Length);
            }
            else if (key.Contains("/part/", StringComparison.Ordinal))
            {
                Interlocked.Add(ref first.Span[KindAt] == Segment ? ref _segments : ref _pages, stored.Length);
            }
        }

        return storage.WriteStateAsync(stateName, grainId, grainState);
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        storage.ClearStateAsync(stateName, grainId, grainState);
}

/// <summary>Bytes of objects of each kind; snapshots count as pages.</summary>
internal readonly record struct WrittenBytes(long Chunks, long Segments, long Pages, long Heads)
{
    public static WrittenBytes operator -(WrittenBytes left, WrittenBytes right) =>
        new(left.Chunks - right.Chunks, left.Segments - right.Segments, left.Pages - right.Pages, left.Heads - right.Heads);
}
