namespace Loire.Edge.Scheduling;

/// <summary>
/// Runs work that belongs to no caller on the thread pool, detached from the caller's context: the grain or request that starts the work
/// may end before it does. Tests pass their own synchronization context to control scheduling.
/// </summary>
/// <param name="context">Runs the work; null for the thread pool.</param>
public sealed class BackgroundWork(SynchronizationContext? context = null)
{
    /// <summary>Whether work runs on the thread pool. Otherwise, continuations may run inline in the context.</summary>
    public bool IsThreadPool => context is null;

    /// <summary>
    /// Starts work. Neither the caller's context nor its ambient values (traces, Orleans' <c>RequestContext</c>) flow into it.
    /// </summary>
    /// <param name="work">Must not throw.</param>
    /// <param name="state">Passed to <paramref name="work"/>.</param>
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
    /// Waits for <paramref name="task"/>, for at most <paramref name="timeout"/>. The caller's continuation does not run inline in the
    /// task's completion.
    /// </summary>
    /// <exception cref="TimeoutException">The timeout elapsed first.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled first.</exception>
    public static Task WaitAsync(Task task, TimeSpan timeout, TimeProvider time, CancellationToken cancellation) =>
        task.IsCompleted || (timeout == Timeout.InfiniteTimeSpan && !cancellation.CanBeCanceled) ? task
        : new BoundedWait().RunAsync(task, timeout, time, cancellation);

    /// <summary>Waits for <paramref name="pause"/>.</summary>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public static async Task PauseAsync(TimeSpan pause, TimeProvider time, CancellationToken cancellation)
    {
        // Not Task.Delay, whose cancellation continues on the thread pool, outside a test's context.
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = cancellation.UnsafeRegister(static (end, token) => ((TaskCompletionSource)end!).TrySetCanceled(token), end);
        using var timer = time.CreateTimer(static end => ((TaskCompletionSource)end!).TrySetResult(), end, pause, Timeout.InfiniteTimeSpan);
        await end.Task;
    }

    // Not Task.WaitAsync, which may continue on the thread pool, outside a test's context.
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
                // The waiter may have left; reading the exception prevents it from being reported as unobserved.
                _ = task.Exception;
                TrySetResult();
            });
            await Task;
            await task;
        }
    }
}
