namespace Orleans.Calls;

/// <summary>
/// The calls that wait for their answers at one silo or client, so that each fails when its time is over. Deadlines are counted in sweeps
/// of a timer instead of read from a clock, because a call then costs two list operations; a call fails at most two sweeps after its time.
/// </summary>
internal sealed class OutstandingCalls : IDisposable
{
    private static readonly TimeSpan SweepEvery = TimeSpan.FromMilliseconds(250);

    private readonly Shard[] _shards = new Shard[Environment.ProcessorCount * 4];
    private readonly ITimer _timer;
    private long _sweep;

    public OutstandingCalls(TimeProvider time)
    {
        for (var i = 0; i < _shards.Length; i++)
        {
            _shards[i] = new Shard();
        }

        using (ExecutionContext.SuppressFlow())
        {
            _timer = time.CreateTimer(static self => ((OutstandingCalls)self!).Sweep(), this, SweepEvery, SweepEvery);
        }
    }

    public void Add(Call call, TimeSpan timeout)
    {
        call.Timeout = timeout;
        var sweeps = timeout == Timeout.InfiniteTimeSpan ? long.MaxValue / 2 : (timeout.Ticks / SweepEvery.Ticks) + 2;
        call.Deadline = Volatile.Read(ref _sweep) + sweeps;
        _shards[Environment.CurrentManagedThreadId % _shards.Length].Add(call);
    }

    public void Dispose() => _timer.Dispose();

    private void Sweep()
    {
        var now = Interlocked.Increment(ref _sweep);
        List<Call> late = [];
        foreach (var shard in _shards)
        {
            shard.AddLateOnes(now, late);
        }

        foreach (var call in late)
        {
            call.TimeOut();
        }
    }

    /// <summary>A doubly linked list through the calls themselves.</summary>
    internal sealed class Shard
    {
        private readonly Lock _gate = new();
        private Call? _first;

        public void Add(Call call)
        {
            lock (_gate)
            {
                call.Outstanding = this;
                call.Next = _first;
                if (_first is not null)
                {
                    _first.Previous = call;
                }

                _first = call;
            }
        }

        public void Remove(Call call)
        {
            lock (_gate)
            {
                if (call.Previous is not null)
                {
                    call.Previous.Next = call.Next;
                }
                else
                {
                    _first = call.Next;
                }

                if (call.Next is not null)
                {
                    call.Next.Previous = call.Previous;
                }

                call.Previous = call.Next = null;
            }
        }

        public void AddLateOnes(long now, List<Call> late)
        {
            lock (_gate)
            {
                for (var call = _first; call is not null; call = call.Next)
                {
                    if (call.Deadline <= now)
                    {
                        late.Add(call);
                    }
                }
            }
        }
    }
}
