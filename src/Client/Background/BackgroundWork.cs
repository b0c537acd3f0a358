namespace Loire.Client;

/// <summary>
/// Where work runs that belongs to no caller: on the thread pool, away from the caller's context. A grain or a request that happens to
/// start it must not own it, because it may end before the work does. Tests pass a context of their own and so decide what runs when.
/// </summary>
internal sealed class BackgroundWork(SynchronizationContext? context = null)
{
    /// <summary>Whether that is the thread pool; else whatever ends in it may go on in it.</summary>
    public bool IsThreadPool => context is null;

    /// <summary>Starts work, which must not throw. Neither the caller's context nor its ambient values (traces, Orleans'
    /// <c>RequestContext</c>) follow it.</summary>
    public void Start<TState>(Func<TState, Task> work, TState state)
        where TState : class
    {
        if (context is null)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static item => _ = item.work(item.state), (work, state), preferLocal: false);
        }
        else
        {
            context.Post(static item => ((Action)item!)(), (Action)(() => _ = work(state)));
        }
    }

    /// <summary>
    /// Ends with <paramref name="task"/>, or when the time is up or the wait is cancelled. Whoever continues does so on a thread of its own.
    /// </summary>
    /// <exception cref="TimeoutException">The time is up first.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled first.</exception>
    public static Task WaitAsync(Task task, TimeSpan timeout, TimeProvider time, CancellationToken cancellation) =>
        task.IsCompleted || (timeout == Timeout.InfiniteTimeSpan && !cancellation.CanBeCanceled) ? task
        : new BoundedWait().RunAsync(task, timeout, time, cancellation);

    /// <summary>Ends after a while, or as cancelled.</summary>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public static async Task PauseAsync(TimeSpan pause, TimeProvider time, CancellationToken cancellation)
    {
        // Not Task.Delay: that one is cancelled over the thread pool, and so past the context of a test.
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = cancellation.UnsafeRegister(static (end, token) => ((TaskCompletionSource)end!).TrySetCanceled(token), end);
        using var timer = time.CreateTimer(static end => ((TaskCompletionSource)end!).TrySetResult(), end, pause, Timeout.InfiniteTimeSpan);
        await end.Task;
    }

    // Not Task.WaitAsync: that one goes over the thread pool where the task says so, and past the context of a test.
    private sealed class BoundedWait() : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public async Task RunAsync(Task task, TimeSpan timeout, TimeProvider time, CancellationToken cancellation)
        {
            using var registration = cancellation.UnsafeRegister(
                static (wait, token) => ((BoundedWait)wait!).TrySetCanceled(token), this);
            using var timer = timeout == Timeout.InfiniteTimeSpan ? null
                : time.CreateTimer(
                    static wait => ((BoundedWait)wait!).TrySetException(new TimeoutException()), this, timeout, Timeout.InfiniteTimeSpan);
            task.GetAwaiter().UnsafeOnCompleted(() =>
            {
                // Whoever stopped waiting does not look at what becomes of it; it is nobody's unobserved failure.
                _ = task.Exception;
                TrySetResult();
            });
            await Task;
            await task;
        }
    }
}
