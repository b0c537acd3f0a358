namespace Loire.Grains.Partitions;

/// <summary>
/// Bounds the number of open partitions of a silo, because an open partition uses memory even while it is idle. Opening one
/// more deactivates one that was not used since the last pass (CLOCK); the next call of that one opens it again, possibly in another silo.
/// Partitions with parked fetches or pending appends stay, so that the bound may be exceeded by as many. Thread-safe.
/// </summary>
public sealed class OpenPartitions
{
    /// <summary>Bytes that an open and idle partition takes, Orleans' part included: about 10,000 measured.</summary>
    public const int BytesOfOne = 10 * 1024;

    private readonly LinkedList<Place> _clock = new();
    private readonly Lock _lock = new();

    /// <summary>Bounds the open partitions.</summary>
    /// <param name="max">How many may be open; at least 1.</param>
    public OpenPartitions(int max)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        Max = max;
    }

    /// <summary>How many may be open.</summary>
    public int Max { get; }

    /// <summary>How many are open.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _clock.Count;
            }
        }
    }

    /// <summary>Adds a partition, and lets another one go if there are too many.</summary>
    /// <param name="driver">The partition.</param>
    /// <param name="leave">Deactivates it without failing calls; from any thread.</param>
    internal Place Add(PartitionDriver driver, Action leave)
    {
        var place = new Place(driver, leave);
        Place? leaving;
        lock (_lock)
        {
            leaving = _clock.Count < Max ? null : TakeUnused();
            place.Node = _clock.AddLast(place);
        }

        leaving?.Leave();
        return place;
    }

    /// <summary>Removes a partition that has ended.</summary>
    internal void Remove(Place place)
    {
        lock (_lock)
        {
            if (place.Node is { } node)
            {
                place.Node = null;
                _clock.Remove(node);
            }
        }
    }

    private Place? TakeUnused()
    {
        // Each at most twice: the first pass may only find that all were used.
        for (var left = 2 * _clock.Count; left > 0; left--)
        {
            var node = _clock.First!;
            _clock.RemoveFirst();
            if (!node.Value.Driver.TakeUse() && !node.Value.Driver.IsBusy)
            {
                node.Value.Node = null;
                return node.Value;
            }

            _clock.AddLast(node);
        }

        return null;
    }

    /// <summary>One open partition.</summary>
    internal sealed class Place(PartitionDriver driver, Action leave)
    {
        public PartitionDriver Driver => driver;

        public Action Leave => leave;

        /// <summary>Null once it is to leave or has ended.</summary>
        public LinkedListNode<Place>? Node { get; set; }
    }
}
