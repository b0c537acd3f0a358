namespace Loire.Grains.Turns;

/// <summary>
/// Runs computations that are too long for a turn of a driver, such as compression, on the thread pool. Over all drivers of a silo only a few
/// run at a time, which bounds the memory of their buffers. The driver continues in its own turns. Thread-safe.
/// </summary>
/// <param name="atOnce">How many may run at a time; at least 1.</param>
/// <param name="scheduler">Runs them; null for the thread pool.</param>
public sealed class Computations(int atOnce, TaskScheduler? scheduler = null)
{
    private readonly SemaphoreSlim _free = new(atOnce);
    private readonly TaskScheduler _scheduler = scheduler ?? TaskScheduler.Default;

    /// <summary>Runs a computation, after earlier ones have made room.</summary>
    /// <param name="compute">Must not touch the driver, whose turns continue.</param>
    internal async Task<T> RunAsync<T>(Func<T> compute)
    {
        await _free.WaitAsync();
        try
        {
            return await Task.Factory.StartNew(compute, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _scheduler);
        }
        finally
        {
            _free.Release();
        }
    }
}
