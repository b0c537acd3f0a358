namespace Loire.TestKit;

/// <summary>
/// Runs several owners of asynchronous code on the calling thread, each one step at a time in its own order, like grains on a silo. A seed
/// determines which owner takes the next step, so the same seed gives the same run. When no owner has a step, time advances to the next
/// timer. An owner can be paused, as by a long garbage collection, and killed, as by the end of its process: it then takes no further step.
/// </summary>
public sealed class SeededScheduler(Random random, ManualTime time)
{
    private readonly List<Owner> _ready = [];

    /// <summary>The number of steps taken.</summary>
    public long Steps { get; private set; }

    /// <summary>Adds an owner.</summary>
    public Owner NewOwner(string name) => new(this, name);

    /// <summary>Takes one step of some owner; false if none has one that it may take.</summary>
    public bool Step()
    {
        if (_ready.Count == 0)
        {
            return false;
        }

        Steps++;
        var owner = _ready[random.Next(_ready.Count)];
        owner.TakeStep();
        return true;
    }

    /// <summary>Takes steps, or advances the time when there are none, until <paramref name="done"/> is true.</summary>
    /// <exception cref="InvalidOperationException">It is still false when no step or timer is left, or after too many steps.</exception>
    public void RunUntil(Func<bool> done, string what, int maxSteps = 1_000_000)
    {
        for (var i = 0; !done(); i++)
        {
            if (i == maxSteps || (!Step() && !time.AdvanceToNextTimer()))
            {
                throw new InvalidOperationException($"This never came about: {what}.");
            }
        }
    }

    /// <summary>One owner: a synchronization context whose steps run one at a time and in order.</summary>
    public sealed class Owner : SynchronizationContext
    {
        private readonly SeededScheduler _scheduler;
        private readonly Queue<(SendOrPostCallback Step, object? State)> _steps = new();
        private bool _isPaused;

        internal Owner(SeededScheduler scheduler, string name) => (_scheduler, Name) = (scheduler, name);

        public string Name { get; }

        public bool IsDead { get; private set; }

        public override void Post(SendOrPostCallback d, object? state)
        {
            if (IsDead)
            {
                return;
            }

            _steps.Enqueue((d, state));
            Announce();
        }

        public override void Send(SendOrPostCallback d, object? state) =>
            throw new NotSupportedException("Nobody waits for a step of another owner.");

        /// <summary>Queues an action as a step of the owner.</summary>
        public void Do(Func<Task> work) => Post(static state => ((Func<Task>)state!)(), work);

        /// <summary>Takes no more steps until <see cref="Resume"/>.</summary>
        public void Pause()
        {
            _isPaused = true;
            _scheduler._ready.Remove(this);
        }

        /// <summary>Resumes where it was paused.</summary>
        public void Resume()
        {
            _isPaused = false;
            Announce();
        }

        /// <summary>Never takes a step again.</summary>
        public void Kill()
        {
            IsDead = true;
            _steps.Clear();
            _scheduler._ready.Remove(this);
        }

        internal void TakeStep()
        {
            var (step, state) = _steps.Dequeue();
            if (_steps.Count == 0)
            {
                _scheduler._ready.Remove(this);
            }

            var before = Current;
            SetSynchronizationContext(this);
            try
            {
                step(state);
            }
            finally
            {
                SetSynchronizationContext(before);
            }
        }

        private void Announce()
        {
            if (!_isPaused && _steps.Count > 0 && !_scheduler._ready.Contains(this))
            {
                _scheduler._ready.Add(this);
            }
        }
    }
}
