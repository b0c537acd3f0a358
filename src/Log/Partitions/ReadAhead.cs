using Loire.Log.Chains;
using Loire.Log.Objects;
using Loire.Model;

namespace Loire.Log.Partitions;

/// <summary>
/// Loads the further objects of a read in parallel with its first, and those that a sequential reader of cold data requests next, so that the
/// latency of a store in the network is paid once and not for each object. Loaded objects are cached. They are bounded by the bytes requested, by
/// <see cref="ChainOptions.ReadAheadBytes"/>, and by a share of the cache, because an object that is evicted before it is read was loaded in vain.
/// </summary>
internal sealed class ReadAhead(Chain chain)
{
    private const int ObjectsAtOnce = 8;
    private const int ShareOfCache = 8;
    private const int Readers = 8;

    // The positions of the latest readers of cold data: a read that begins at one of them continues that reader's.
    private readonly List<Offset> _readers = new(Readers);

    /// <summary>Notes that a read of cold data has ended.</summary>
    /// <param name="from">Where it began.</param>
    /// <param name="to">Where it ended.</param>
    public void Passed(Offset from, Offset to)
    {
        if (!_readers.Remove(from) && _readers.Count == Readers)
        {
            _readers.RemoveAt(0);
        }

        if (to < chain.State.Durable)
        {
            _readers.Add(to);
        }
    }

    /// <summary>Continues to load ahead after a read that was answered from memory, if it continues one of cold data.</summary>
    /// <param name="from">Where it began.</param>
    /// <param name="to">Where it ended.</param>
    public void Continue(Offset from, Offset to)
    {
        if (_readers.Count > 0 && _readers.Contains(from))
        {
            if (chain.State.TryLocate(to, out var entry) && entry.Kind != ObjectKind.Page)
            {
                Load(from, entry, [], 0);
            }

            Passed(from, to);
        }
    }

    /// <summary>Begins to load what follows an object whose load has begun.</summary>
    /// <param name="from">Where the read began.</param>
    /// <param name="entry">The object.</param>
    /// <param name="listed">The entries of the page that lists it; none if the head does.</param>
    /// <param name="wanted">The bytes that the read takes from the objects after it.</param>
    public void Load(Offset from, ChainEntry entry, ReadOnlySpan<ChainEntry> listed, long wanted)
    {
        var room = wanted + (_readers.Contains(from) ? chain.Options.ReadAheadBytes : 0);
        room = Math.Min(room, chain.Loader.CacheBytes / ShareOfCache);
        for (var objects = 1; objects < ObjectsAtOnce && TryFind(entry.End, listed, out entry) && entry.Bytes <= room; objects++)
        {
            room -= entry.Bytes;
            if (!chain.Loader.TryGetResident(entry, out _))
            {
                // Its readers share the load, and get its failure.
                _ = chain.Loader.LoadAsync(entry).AsTask();
            }

            if (entry.Kind == ObjectKind.Page)
            {
                break;
            }
        }
    }

    private bool TryFind(Offset position, ReadOnlySpan<ChainEntry> listed, out ChainEntry entry) =>
        EntrySearch.TryLocate(listed, position, out entry) || chain.State.TryLocate(position, out entry);
}
