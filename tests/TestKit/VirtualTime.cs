namespace Loire.TestKit;

/// <summary>
/// Runs asynchronous code on the calling thread in time that is not real: whenever nothing else can happen, time moves to the next timer.
/// So a wait of thirty seconds takes none, and code that waits for what never comes fails at once.
/// </summary>
public static class VirtualTime
{
    /// <summary>Runs <paramref name="work"/> to its end.</summary>
    public static void Run(Func<ManualTime, Task> work)
    {
        // Whatever completes a task here continues here, and never on another thread.
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            var time = new ManualTime();
            var scheduler = new SeededScheduler(new Random(1), time);
            Task? task = null;
            scheduler.NewOwner("test").Do(() => task = work(time));
            scheduler.RunUntil(() => task is { IsCompleted: true }, "the end of the test");
            task!.GetAwaiter().GetResult();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }
}
