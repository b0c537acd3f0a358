using System.Collections.Concurrent;
using Loire.Log.Objects;

namespace Loire.Log.Chains;

/// <summary>
/// A cache of stored objects that were written or read lately, shared by all logs of a silo and bounded in bytes. Eviction follows the
/// CLOCK algorithm: the oldest entry that was not used since the last pass goes first. Objects are immutable and keys are never reused, so
/// no entry is ever stale. Thread-safe; a lookup takes no lock.
/// </summary>
public sealed class ObjectCache
{
    private const int EntryOverheadBytes = 320;

    private readonly ConcurrentDictionary<Key, Entry> _entries = new();
    private readonly LinkedList<Entry> _clock = new();
    private readonly Lock _lock = new();
    private long _bytes;

    /// <summary>Creates a cache of at most <paramref name="capacityBytes"/>; 0 caches nothing.</summary>
    public ObjectCache(long capacityBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacityBytes);
        CapacityBytes = capacityBytes;
    }

    /// <summary>The bound on <see cref="Bytes"/>.</summary>
    public long CapacityBytes { get; private set; }

    /// <summary>Bytes of the cached objects, bookkeeping included.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    internal bool TryGet(LogName log, ObjectKey key, out LogObject? found)
    {
        if (_entries.TryGetValue(new Key(log.Text, key), out var entry))
        {
            entry.WasUsed = true;
            found = entry.Object;
            return true;
        }

        found = null;
        return false;
    }

    internal void Put(LogName log, ObjectKey key, LogObject stored)
    {
        var entry = new Entry(new Key(log.Text, key), stored);
        if (entry.Bytes > CapacityBytes)
        {
            return;
        }

        lock (_lock)
        {
            if (_entries.TryGetValue(entry.Key, out var old))
            {
                Drop(old);
            }

            _entries[entry.Key] = entry;
            entry.Place = _clock.AddLast(entry);
            _bytes += entry.Bytes;
            while (_bytes > CapacityBytes)
            {
                Evict();
            }
        }
    }

    internal void Remove(LogName log, ObjectKey key)
    {
        lock (_lock)
        {
            if (_entries.TryGetValue(new Key(log.Text, key), out var entry))
            {
                Drop(entry);
            }
        }
    }

    /// <summary>Empties the cache and sets its capacity to 0.</summary>
    internal void Retire()
    {
        lock (_lock)
        {
            CapacityBytes = 0;
            _entries.Clear();
            _clock.Clear();
            _bytes = 0;
        }
    }

    private void Evict()
    {
        var place = _clock.First!;
        if (place.Value.WasUsed)
        {
            place.Value.WasUsed = false;
            _clock.RemoveFirst();
            _clock.AddLast(place);
            return;
        }

        Drop(place.Value);
    }

    private void Drop(Entry entry)
    {
        _entries.TryRemove(entry.Key, out _);
        _clock.Remove(entry.Place!);
        _bytes -= entry.Bytes;
    }

    private readonly record struct Key(string Log, ObjectKey Object);

    private sealed class Entry(Key key, LogObject stored)
    {
        public Key Key { get; } = key;

        public long Bytes { get; } = stored.Bytes + EntryOverheadBytes;

        public LogObject Object { get; } = stored;

        public LinkedListNode<Entry>? Place { get; set; }

        public bool WasUsed { get; set; }
    }
}
