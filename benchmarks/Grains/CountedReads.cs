using Orleans.Storage;

namespace Loire.Grains.Benchmarks;

/// <summary>A storage that counts how often an object is read.</summary>
internal sealed class CountedReads(IGrainStorage storage) : IGrainStorage
{
    private long _count;

    public long Count => Interlocked.Read(ref _count);

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        Interlocked.Increment(ref _count);
        return storage.ReadStateAsync(stateName, grainId, grainState);
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        storage.WriteStateAsync(stateName, grainId, grainState);

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        storage.ClearStateAsync(stateName, grainId, grainState);
}
