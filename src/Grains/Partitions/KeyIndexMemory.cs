using Loire.Coordination.Compaction;

namespace Loire.Grains.Partitions;

/// <summary>
/// The memory of a silo for where the last record of each key lies. Partitions share it: one that needs more takes it from those that were asked for a
/// key the longest time ago, which learn their keys again when they are asked again. Thread-safe.
/// </summary>
/// <param name="bytes">How much; 24 bytes for a slot, of which four fifths can be used.</param>
/// <param name="metrics">Counts what is used.</param>
public sealed class KeyIndexMemory(long bytes, PartitionMetrics metrics)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<PartitionKeys> _byUse = new();
    private long _used;

    /// <summary>Notes that a partition is asked for a key.</summary>
    internal void Use(PartitionKeys keys)
    {
        lock (_lock)
        {
            if (keys.Place.List is not null)
            {
                _byUse.Remove(keys.Place);
                _byUse.AddLast(keys.Place);
            }
        }
    }

    /// <summary>Gives a partition memory for its keys, instead of what it has.</summary>
    /// <param name="keys">The partition.</param>
    /// <param name="scan">What it has learned, or begins to learn.</param>
    /// <param name="slots">How many slots that needs.</param>
    /// <returns>Whether it has got it, so that <see cref="PartitionKeys.Scan"/> is <paramref name="scan"/> until the memory is taken away.</returns>
    internal bool TryHold(PartitionKeys keys, KeyScan scan, long slots)
    {
        lock (_lock)
        {
            var wanted = slots * OffsetMap.BytesOfSlot;

            // One that cannot have enough even alone takes nothing from the others.
            if (keys.IsClosed || wanted > bytes)
            {
                return false;
            }

            for (var least = _byUse.First; wanted - keys.HeldBytes > bytes - _used && least is not null;)
            {
                var next = least.Next;
                if (least.Value != keys)
                {
                    Release(least.Value);
                }

                least = next;
            }

            Add(wanted - keys.HeldBytes);
            (keys.Scan, keys.HeldBytes) = (scan, wanted);
            if (keys.Place.List is null)
            {
                _byUse.AddLast(keys.Place);
            }

            return true;
        }
    }

    /// <summary>Takes back the memory of a partition that closes. One that is still learning gets none any more.</summary>
    internal void Remove(PartitionKeys keys)
    {
        lock (_lock)
        {
            keys.IsClosed = true;
            Release(keys);
        }
    }

    private void Release(PartitionKeys keys)
    {
        Add(-keys.HeldBytes);
        (keys.Scan, keys.HeldBytes) = (null, 0);
        if (keys.Place.List is not null)
        {
            _byUse.Remove(keys.Place);
        }
    }

    private void Add(long change)
    {
        _used += change;
        metrics.KeyIndexChanged(change);
    }
}
