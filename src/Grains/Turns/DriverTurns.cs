namespace Loire.Grains.Turns;

/// <summary>
/// Background work of a driver: nothing awaits it, so an exception is reported as a bug of the driver.
/// </summary>
/// <param name="queue">The driver's turns.</param>
/// <param name="failed">Invoked in a turn of the driver with the exception.</param>
internal sealed class DriverTurns(ITurnQueue queue, Action<Exception> failed)
{
    /// <summary>Queues a turn; may be called from any thread.</summary>
    public void Post(Action turn) => queue.Post(() =>
    {
        try
        {
            turn();
        }
        catch (Exception bug)
        {
            failed(bug);
        }
    });

    /// <summary>Starts asynchronous work within the current turn.</summary>
    public void Start(Func<Task> work) => _ = WatchAsync(work);

    /// <summary>Queues a turn that starts asynchronous work; may be called from any thread.</summary>
    /// <returns>The result of the work, or the default if it failed.</returns>
    public Task<T?> RunAsync<T>(Func<Task<T>> work)
    {
        var ended = new TaskCompletionSource<T?>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() => Start(async () =>
        {
            var result = default(T);
            try
            {
                result = await work();
            }
            finally
            {
                ended.SetResult(result);
            }
        }));
        return ended.Task;
    }

    private async Task WatchAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception bug)
        {
            failed(bug);
        }
    }
}
