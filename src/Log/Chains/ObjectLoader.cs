using Loire.Log.Objects;
using Loire.Model.Memory;

namespace Loire.Log.Chains;

/// <summary>A loaded object, or the reason why there is none.</summary>
internal readonly record struct Loaded(FetchStatus Status, LogObject? Object);

/// <summary>
/// Loads objects of one log from the cache or from storage; concurrent readers of one object share a read.
/// </summary>
internal sealed class ObjectLoader(ChainObjects store, ObjectCache cache, ChainOptions options, TimeProvider time)
{
    private readonly Dictionary<ObjectKey, Task<Loaded>> _underWay = [];

    /// <summary>How much the cache holds.</summary>
    public long CacheBytes => cache.CapacityBytes;

    /// <summary>Gets an object if it is cached.</summary>
    public bool TryGetResident(in ChainEntry entry, out LogObject? found) => cache.TryGet(store.Name, entry.Key, out found);

    /// <summary>Loads an object, from the cache if possible.</summary>
    /// <param name="entry">The object's entry.</param>
    /// <param name="caches">Whether the object is cached once it is read. What is read only to be replaced would displace what readers use.</param>
    public ValueTask<Loaded> LoadAsync(in ChainEntry entry, bool caches = true)
    {
        if (TryGetResident(entry, out var found))
        {
            store.Metrics.CacheHits.Add(1);
            return new ValueTask<Loaded>(new Loaded(FetchStatus.Found, found));
        }

        if (_underWay.TryGetValue(entry.Key, out var shared))
        {
            return new ValueTask<Loaded>(shared);
        }

        return ShareAsync(entry, caches);
    }

    /// <summary>Loads an object that no entry describes, from the cache if possible.</summary>
    /// <param name="key">The object's key.</param>
    /// <param name="bytes">About how large it is.</param>
    /// <param name="isWhatItWas">Whether what was found is the object that is meant.</param>
    /// <param name="caches">Whether the object is cached once it is read.</param>
    public ValueTask<Loaded> LoadAsync(ObjectKey key, int bytes, Func<LogObject, bool> isWhatItWas, bool caches)
    {
        if (cache.TryGet(store.Name, key, out var found))
        {
            store.Metrics.CacheHits.Add(1);
            return new ValueTask<Loaded>(new Loaded(FetchStatus.Found, found));
        }

        return _underWay.TryGetValue(key, out var shared) ? new ValueTask<Loaded>(shared) : ShareAsync(key, bytes, isWhatItWas, caches);
    }

    /// <summary>Caches an object that was just written.</summary>
    public void Keep(ObjectKey key, LogObject written) => cache.Put(store.Name, key, written);

    /// <summary>Removes an object from the cache that is no longer part of the chain.</summary>
    public void Forget(ObjectKey key) => cache.Remove(store.Name, key);

    private ValueTask<Loaded> ShareAsync(ChainEntry entry, bool caches) =>
        ShareAsync(entry.Key, entry.Bytes, found => IsWhatItWas(found, entry), caches);

    private ValueTask<Loaded> ShareAsync(ObjectKey key, int bytes, Func<LogObject, bool> isWhatItWas, bool caches)
    {
        store.Metrics.CacheMisses.Add(1);
        var load = FetchAsync(key, bytes, isWhatItWas, caches);
        if (!load.IsCompleted)
        {
            _underWay.Add(key, load);
        }

        return new ValueTask<Loaded>(load);
    }

    private async Task<Loaded> FetchAsync(ObjectKey key, int bytes, Func<LogObject, bool> isWhatItWas, bool caches)
    {
        using var memory = new MemoryClaim(options.ReadMemory);
        await memory.HoldAsync(bytes, Timeout.InfiniteTimeSpan, time);
        var read = await store.FetchAsync(key);
        if (read.Status == FetchStatus.Absent || (read.Object is { } other && !isWhatItWas(other)))
        {
            // What is listed is there, and is what it was: an answer from the past shows something else once.
            read = await store.FetchAsync(key);
        }

        _underWay.Remove(key);
        if (read.Status != FetchStatus.Found)
        {
            return new Loaded(read.Status, null);
        }

        if (!isWhatItWas(read.Object!))
        {
            store.Metrics.CorruptObjects.Add(1);
            return new Loaded(FetchStatus.Damaged, null);
        }

        if (caches)
        {
            cache.Put(store.Name, key, read.Object!);
        }

        return new Loaded(FetchStatus.Found, read.Object);
    }

    /// <summary>
    /// Whether the object is the listed one, and not another one of the same log or an older one from a restored backup. An object that was
    /// never readable is identified by its key alone.
    /// </summary>
    private static bool IsWhatItWas(LogObject found, in ChainEntry entry) =>
        found.Header.Kind == entry.Kind
        && found.Header.FirstOrdinal == entry.FirstOrdinal
        && (found.Header.HeaderCrc == entry.HeaderCrc || (entry.IsDamaged && entry.HeaderCrc == 0));
}
