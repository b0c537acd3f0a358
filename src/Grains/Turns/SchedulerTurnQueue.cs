namespace Loire.Grains.Turns;

/// <summary>The turns of a task scheduler, such as that of a grain's activation.</summary>
public sealed class SchedulerTurnQueue(TaskScheduler scheduler) : ITurnQueue
{
    /// <inheritdoc/>
    public void Post(Action turn) =>
        Task.Factory.StartNew(turn, CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler);
}
