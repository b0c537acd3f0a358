using System.Collections.Concurrent;

namespace Loire.Grains.Tests.Benches;

/// <summary>
/// Runs everything of a driver in the order in which it became ready, on the thread that calls <see cref="Run"/>: what a grain's scheduler
/// does, without a silo and without chance.
/// </summary>
internal sealed class DriverThread : TaskScheduler
{
    private readonly ConcurrentQueue<Task> _ready = new();

    /// <summary>Starts a call and runs until nothing is ready. The call may still wait for something.</summary>
    public Task<T> Start<T>(Func<Task<T>> call)
    {
        var started = Post(call);
        Run();
        return started;
    }

    /// <summary>Puts a call behind what is ready already.</summary>
    public Task<T> Post<T>(Func<Task<T>> call) =>
        Task.Factory.StartNew(call, CancellationToken.None, TaskCreationOptions.DenyChildAttach, this).Unwrap();

    /// <summary>Runs a call that must end without anything else happening.</summary>
    public T Finish<T>(Func<Task<T>> call) => Start(call).Now();

    /// <summary>Runs until nothing is ready.</summary>
    public void Run() => After(static () => { });

    /// <summary>Lets something happen outside the driver (storage answers, time passes), then runs until nothing is ready.</summary>
    public void After(Action happens)
    {
        // The test runner's context would carry continuations to other threads.
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            happens();
            while (_ready.TryDequeue(out var task))
            {
                TryExecuteTask(task);
            }
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    protected override void QueueTask(Task task) => _ready.Enqueue(task);

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks() => _ready;
}
