namespace Loire.Client.Tests.Groups.Churn;

/// <summary>
/// Stands in for the threads of one process: all code of a consumer and its application runs here, a step at a time. Frozen, it does
/// nothing more, as a process that was stopped or killed in the middle of its work: what it has sent goes its way, and nobody takes the
/// answers. Thawed, it goes on as if no time had passed.
/// </summary>
internal sealed class Strand(Action beforeStep) : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Step, object? State)> _steps = new();
    private bool _isRunning;
    private bool _isFrozen;

    public bool IsFrozen
    {
        get
        {
            lock (_steps)
            {
                return _isFrozen;
            }
        }
    }

    /// <summary>From now on no step begins; one that runs comes to its end.</summary>
    public void Freeze()
    {
        lock (_steps)
        {
            _isFrozen = true;
        }
    }

    public void Thaw()
    {
        lock (_steps)
        {
            _isFrozen = false;
            Start();
        }
    }

    /// <summary>Runs work here; ends with it.</summary>
    public Task Run(Func<Task> work)
    {
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(
            async _ =>
            {
                try
                {
                    await work();
                    end.SetResult();
                }
                catch (Exception failure)
                {
                    end.SetException(failure);
                }
            },
            null);
        return end.Task;
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        lock (_steps)
        {
            _steps.Enqueue((d, state));
            Start();
        }
    }

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("Nobody waits for a step.");

    private void Start()
    {
        if (!_isRunning && !_isFrozen && _steps.Count > 0)
        {
            _isRunning = true;
            ThreadPool.UnsafeQueueUserWorkItem(static strand => strand.RunSteps(), this, preferLocal: false);
        }
    }

    private void RunSteps()
    {
        SetSynchronizationContext(this);
        try
        {
            while (TryNext(out var next))
            {
                beforeStep();
                next.Step(next.State);
            }
        }
        finally
        {
            SetSynchronizationContext(null);
        }
    }

    private bool TryNext(out (SendOrPostCallback Step, object? State) next)
    {
        lock (_steps)
        {
            next = default;
            return _isRunning = !_isFrozen && _steps.TryDequeue(out next);
        }
    }
}
