namespace Loire.Kafka.Clients.Tests.Kills;

/// <summary>Numbers that a client has seen, in no order. Thread-safe.</summary>
internal sealed class Numbers
{
    private readonly Lock _lock = new();
    private readonly HashSet<long> _seen = [];
    private readonly List<Waiter> _waiters = [];

    /// <summary>How many there are.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _seen.Count;
            }
        }
    }

    /// <summary>Adds a number, which may be there already.</summary>
    public void Add(long number)
    {
        lock (_lock)
        {
            _seen.Add(number);
            foreach (var waiter in _waiters)
            {
                waiter.Missing.Remove(number);
            }

            _waiters.RemoveAll(waiter => waiter.EndIfOver(_seen.Count));
        }
    }

    /// <summary>Those that are there now.</summary>
    public long[] ToArray()
    {
        lock (_lock)
        {
            return [.. _seen];
        }
    }

    /// <summary>Waits until there are so many.</summary>
    public Task ReachAsync(int count) => WaitAsync(new Waiter(count, []));

    /// <summary>Waits until all of these are there.</summary>
    public Task ContainAsync(IEnumerable<long> wanted) => WaitAsync(new Waiter(0, [.. wanted]));

    private Task WaitAsync(Waiter waiter)
    {
        lock (_lock)
        {
            waiter.Missing.ExceptWith(_seen);
            if (!waiter.EndIfOver(_seen.Count))
            {
                _waiters.Add(waiter);
            }

            return waiter.Over.Task;
        }
    }

    private sealed record Waiter(int Count, HashSet<long> Missing)
    {
        public TaskCompletionSource Over { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool EndIfOver(int count) => count >= Count && Missing.Count == 0 && Over.TrySetResult();
    }
}
