using Orleans.Activations;
using Orleans.Runtime;

namespace Orleans.Scheduling;

/// <summary>
/// Runs the turns of one activation, one after the other, in the order in which they were queued. A turn is a task: a continuation after an
/// await, something the grain started, or the activation's own look at its requests. While a turn runs, <see cref="TaskScheduler.Current"/>
/// is this, so what it starts comes back here.
/// </summary>
internal sealed class TurnScheduler(Activation activation, Workers workers) : TaskScheduler, IThreadPoolWorkItem
{
    // After this many turns others get the thread. A count and not a time, so that the same turns are cut the same way in every run.
    private const int TurnsAtATime = 64;

    private static readonly Action<object?> LookAtRequests = static activation => ((Activation)activation!).StartRequests();

    // Null stands for a look at the requests, queued at most once.
    private readonly Queue<Task?> _turns = new();
    private bool _lookQueued;
    private bool _scheduled;

    /// <summary>Also guards the state and the requests of the activation, so that a request is queued under one lock.</summary>
    public Lock Gate { get; } = new();

    public override int MaximumConcurrencyLevel => 1;

    /// <summary>
    /// Queues a look at the requests. Returns whether the caller must call <see cref="Schedule"/> after leaving the gate, which it holds
    /// now.
    /// </summary>
    public bool QueueLook()
    {
        if (_lookQueued)
        {
            return false;
        }

        _lookQueued = true;
        _turns.Enqueue(null);
        return NeedsScheduling();
    }

    public void Schedule() => workers.Queue(this);

    public void Execute() => RunTurns();

    public void RunTurns()
    {
        RuntimeContext.Current = activation;
        try
        {
            for (var ran = 0; ran < TurnsAtATime; ran++)
            {
                Task? turn;
                lock (Gate)
                {
                    if (!_turns.TryDequeue(out turn))
                    {
                        _scheduled = false;
                        return;
                    }

                    if (turn is null)
                    {
                        _lookQueued = false;
                    }
                }

                if (turn is null)
                {
                    // Made here and not by the sender, whose async locals it would capture. Running it as a task makes this the current
                    // scheduler.
                    new Task(LookAtRequests, activation).RunSynchronously(this);
                }
                else
                {
                    TryExecuteTask(turn);
                }
            }
        }
        finally
        {
            RuntimeContext.Current = null;
        }

        Schedule();
    }

    protected override void QueueTask(Task task)
    {
        bool schedule;
        lock (Gate)
        {
            _turns.Enqueue(task);
            schedule = NeedsScheduling();
        }

        if (schedule)
        {
            Schedule();
        }
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        !taskWasPreviouslyQueued && RuntimeContext.Current == activation && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks()
    {
        lock (Gate)
        {
            return [.. _turns.OfType<Task>()];
        }
    }

    private bool NeedsScheduling()
    {
        if (_scheduled)
        {
            return false;
        }

        return _scheduled = true;
    }
}
