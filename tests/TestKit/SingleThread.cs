namespace Loire.TestKit;

/// <summary>
/// Runs asynchronous code on the calling thread, one step at a time, like a grain's scheduler. Continuations posted by other threads, such
/// as those of a real store, also run here.
/// </summary>
public static class SingleThread
{
    /// <summary>Runs <paramref name="work"/> to its end.</summary>
    public static void Run(Func<Task> work) => Run(async () =>
    {
        await work();
        return 0;
    });

    /// <summary>Runs <paramref name="work"/> to its end and returns its result.</summary>
    public static T Run<T>(Func<Task<T>> work)
    {
        var queue = new QueueContext();
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(queue);
        try
        {
            var task = work();
            task.ContinueWith(
                _ => queue.Complete(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            queue.RunUntilComplete();
            return task.GetAwaiter().GetResult();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    private sealed class QueueContext : SynchronizationContext
    {
        private readonly System.Collections.Concurrent.BlockingCollection<(SendOrPostCallback Step, object? State)> _steps = [];

        public override void Post(SendOrPostCallback d, object? state)
        {
            try
            {
                _steps.Add((d, state));
            }
            catch (InvalidOperationException)
            {
                // The work has ended, so remaining continuations are dropped.
            }
        }

        public override void Send(SendOrPostCallback d, object? state) =>
            throw new NotSupportedException("Nobody waits for a step of another thread.");

        public void Complete() => _steps.CompleteAdding();

        public void RunUntilComplete()
        {
            foreach (var (step, state) in _steps.GetConsumingEnumerable())
            {
                step(state);
            }
        }
    }
}
