namespace Loire.TestKit;

/// <summary>
/// Runs several owners of asynchronous code on the calling thread, each one step at a time in its own order, as grains on a silo run. Which
/// owner takes the next step is drawn from a seed, so that the same seed gives the same run. When nobody has a step to take, time moves on
/// to the next timer. An owner can be paused, as by a long garbage collection, and killed, as by the end of its process: what it has not
/// done by then it never does.
/// </summary>
public sealed class SeededScheduler(Random random, ManualTime time)
{
    private readonly List<Owner> _ready = [];

    /// <summary>How many steps were taken.</summary>
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

    /// <summary>Takes steps, and moves time on where there are none, until <paramref name="done"/> holds.</summary>
    /// <exception cref="InvalidOperationException">It does not hold, and nothing can happen any more, or too much has.</exception>
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

        /// <summary>Has the owner do something in a step of its own.</summary>
        public void Do(Func<Task> work) => Post(static state => ((Func<Task>)state!)(), work);

        /// <summary>Takes no more steps until <see cref="Resume"/>.</summary>
        public void Pause()
        {
            _isPaused = true;
            _scheduler._ready.Remove(this);
        }

        /// <summary>Goes on where it was paused.</summary>
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
