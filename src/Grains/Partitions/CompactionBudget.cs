using Loire.Coordination.Compaction;

namespace Loire.Grains.Partitions;

/// <summary>What compaction may take of a silo, where one partition is compacted at a time. Thread-safe.</summary>
/// <param name="memoryBytes">Bytes for the last offsets of keys; more keys take more passes.</param>
/// <param name="bytesPerSecond">Bytes that are read and written in a second on average; at least <see cref="MinBytesPerSecond"/>.</param>
/// <param name="time">The clock.</param>
public sealed class CompactionBudget(long memoryBytes, long bytesPerSecond, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly long _begun = time.GetTimestamp();
    private TimeSpan _free;

    /// <summary>The least bytes in a second. With fewer, one step would take minutes.</summary>
    public const long MinBytesPerSecond = 1_000_000;

    /// <summary>About how many keys a page of a stored table of keys has; finding a key reads one page. Of this size,
    /// pages stay out of the heap of large objects.</summary>
    public int KeysPerPage { get; init; } = 3_072;

    /// <summary>The slots of the largest map.</summary>
    internal int MaxSlots { get; } = (int)Math.Clamp(memoryBytes / OffsetMap.BytesOfSlot, 2, Array.MaxLength);

    /// <summary>Waits as long as the work that has been done should have taken.</summary>
    internal Task PaceAsync(long bytes)
    {
        TimeSpan wait;
        lock (_lock)
        {
            // Not by the wall clock, which may be set back by years.
            var now = time.GetElapsedTime(_begun);
            _free = (_free > now ? _free : now) + TimeSpan.FromSeconds((double)bytes / bytesPerSecond);
            wait = _free - now;
        }

        return Task.Delay(wait, time);
    }
}
