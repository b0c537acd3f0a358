using System.Diagnostics;

namespace Loire.Cluster.Tests.Load;

/// <summary>Calls that are made again and again while what they reach is lost.</summary>
internal static class Attempts
{
    /// <summary>Begins an attempt in each interval, without waiting for those before it, until one succeeds.</summary>
    /// <returns>The moment of the first success, of <see cref="Stopwatch"/>.</returns>
    public static async Task<long> FirstSuccessAsync(string what, Func<Task<bool>> attempt, TimeSpan interval, TimeSpan within)
    {
        var succeeded = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        var attempts = new List<Task>();
        for (var begun = Stopwatch.GetTimestamp(); !succeeded.Task.IsCompleted;)
        {
            Assert.True(Stopwatch.GetElapsedTime(begun) < within, $"There was no success of {what} for {within.TotalSeconds} s.");
            attempts.Add(OnceAsync());
            await Task.WhenAny(succeeded.Task, Task.Delay(interval));
        }

        await Task.WhenAll(attempts);
        return await succeeded.Task;

        async Task OnceAsync()
        {
            if (await attempt())
            {
                succeeded.TrySetResult(Stopwatch.GetTimestamp());
            }
        }
    }
}
