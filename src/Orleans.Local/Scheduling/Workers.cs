namespace Orleans.Scheduling;

/// <summary>
/// Where an activation that has turns to run is handed over to be run. The only place: whoever wants turns in a chosen order on a chosen
/// thread (a simulation from a seed) replaces this, and nothing else.
/// </summary>
internal abstract class Workers
{
    /// <summary>The threads of the process, in no order.</summary>
    public static Workers ThreadPool { get; } = new PoolWorkers();

    /// <summary>
    /// Has <see cref="TurnScheduler.RunTurns"/> called once, soon, on a thread that holds no lock and belongs to no activation.
    /// </summary>
    public abstract void Queue(TurnScheduler scheduler);

    private sealed class PoolWorkers : Workers
    {
        public override void Queue(TurnScheduler scheduler) =>
            System.Threading.ThreadPool.UnsafeQueueUserWorkItem(scheduler, preferLocal: true);
    }
}
