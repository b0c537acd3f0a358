namespace Loire.TestKit;

/// <summary>
/// Runs asynchronous code on the calling thread in virtual time: whenever no other step is possible, time advances to the next timer. A
/// wait of thirty seconds therefore takes no real time, and code that waits for an event that never happens fails immediately.
/// </summary>
public static class VirtualTime
{
    /// <summary>Runs <paramref name="work"/> to its end.</summary>
    public static void Run(Func<ManualTime, Task> work)
    {
        // Continuations of tasks completed here run here, never on another thread.
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
