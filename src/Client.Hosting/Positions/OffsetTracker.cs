using Loire.Model;

namespace Loire.Client.Hosting;

/// <summary>
/// Tracks the position to commit of a partition whose records finish in any order: the lowest unfinished offset, so a crash repeats
/// records and never skips one. Thread-safe.
/// </summary>
internal sealed class OffsetTracker
{
    private readonly Lock _lock = new();

    // Offsets in the order they were read, which is ascending; a finished one stays until those before it are finished.
    private readonly Queue<Offset> _read = new();
    private readonly HashSet<Offset> _finished = [];
    private Offset _position = Offset.None;
    private Offset _committed = Offset.None;

    /// <summary>Records that were read and are not finished.</summary>
    public int Unfinished
    {
        get
        {
            lock (_lock)
            {
                return _read.Count - _finished.Count;
            }
        }
    }

    /// <summary>Adds a record that was read; offsets must ascend.</summary>
    public void Read(Offset offset)
    {
        lock (_lock)
        {
            if (_position == Offset.None)
            {
                _position = offset;
            }

            _read.Enqueue(offset);
        }
    }

    /// <summary>Marks a record as finished: handled, skipped, or moved to another topic.</summary>
    public void Finish(Offset offset)
    {
        lock (_lock)
        {
            _finished.Add(offset);
            while (_read.TryPeek(out var first) && _finished.Remove(first))
            {
                _read.Dequeue();
                _position = first + 1;
            }
        }
    }

    /// <summary>The position to commit; false if it has not changed since the last commit.</summary>
    public bool TryGetUncommitted(out Offset position)
    {
        lock (_lock)
        {
            position = _position;
            return _position != Offset.None && _position != _committed;
        }
    }

    /// <summary>Records that a position was committed.</summary>
    public void Committed(Offset position)
    {
        lock (_lock)
        {
            _committed = position;
        }
    }
}
