using Loire.Model;

namespace Loire.Client.Hosting;

/// <summary>
/// How far one partition has come while its records end in any order: the position to commit is the lowest offset that is not finished, so
/// a crash repeats records and never passes one over. Thread-safe.
/// </summary>
internal sealed class OffsetTracker
{
    private readonly Lock _lock = new();

    // Offsets in the order they were read, which is their own; a finished one waits for those before it.
    private readonly Queue<Offset> _read = new();
    private readonly HashSet<Offset> _finished = [];
    private Offset _position = Offset.None;
    private Offset _committed = Offset.None;

    /// <summary>Records that are read and not finished.</summary>
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

    /// <summary>A record was read; offsets only grow.</summary>
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

    /// <summary>A record has been handled, or given up for good.</summary>
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

    /// <summary>The position to be committed, if it has changed since the last one that was.</summary>
    public bool TryGetUncommitted(out Offset position)
    {
        lock (_lock)
        {
            position = _position;
            return _position != Offset.None && _position != _committed;
        }
    }

    /// <summary>A position has been stored.</summary>
    public void Committed(Offset position)
    {
        lock (_lock)
        {
            _committed = position;
        }
    }
}
