using Loire.Coordination.Compaction;

namespace Loire.Grains.Partitions;

/// <summary>What compaction may take of a silo, where one partition is compacted at a time. Thread-safe.</summary>
/// <param name="memoryBytes">Bytes for the last offsets of keys; more keys take more passes.</param>
/// <param name="bytesPerSecond">Bytes that are read and written in a second on average; at least <see cref="MinBytesPerSecond"/>.</param>
/// <param name="time">The clock.</param>
public sealed class CompactionBudget(long memoryBytes, long bytesPerSecond, TimeProvider time)
{
    // What compaction has read is garbage at once, in objects of megabytes, of which the runtime lets several times as much gather as is in use: it
    // expects large objects to live long. An eighth of what is in use, so that a large heap is not looked through all the time.
    private const long GarbageBytes = 32 * 1024 * 1024;
    private const int GarbageShare = 8;

    private readonly Lock _lock = new();
    private readonly long _begun = time.GetTimestamp();
    private TimeSpan _free;
    private long _garbageBytes;

    /// <summary>The least bytes in a second. With fewer, one step would take minutes.</summary>
    public const long MinBytesPerSecond = 1_000_000;

    /// <summary>About how many keys a page of a stored table of keys has; finding a key reads one page. Of this size,
    /// pages stay out of the heap of large objects.</summary>
    public int KeysPerPage { get; init; } = 3_072;

    /// <summary>The slots of the largest map.</summary>
    internal int MaxSlots { get; } = (int)Math.Clamp(memoryBytes / OffsetMap.BytesOfSlot, 2, Array.MaxLength);

    /// <summary>Waits as long as the work that has been done should have taken, and now and then has its garbage collected meanwhile.</summary>
    internal Task PaceAsync(long bytes)
    {
        TimeSpan wait;
        bool collects;
        lock (_lock)
        {
            _garbageBytes += bytes;
            collects = _garbageBytes >= Math.Max(GarbageBytes, GC.GetTotalMemory(forceFullCollection: false) / GarbageShare);
            _garbageBytes = collects ? 0 : _garbageBytes;

            // Not by the wall clock, which may be set back by years.
            var now = time.GetElapsedTime(_begun);
            _free = (_free > now ? _free : now) + TimeSpan.FromSeconds((double)bytes / bytesPerSecond);
            wait = _free - now;
        }

        if (collects)
        {
            GC.Collect(2, GCCollectionMode.Forced, blocking: false);
        }

        return Task.Delay(wait, time);
    }
}
