using System.Diagnostics;

namespace Loire.Cluster.Tests.Clusters;

/// <summary>Waits for what other processes do, up to a bound.</summary>
internal static class Until
{
    private static readonly TimeSpan _interval = TimeSpan.FromMilliseconds(25);

    /// <summary>Waits until a condition holds, a minute unless told otherwise.</summary>
    /// <exception cref="TimeoutException">It does not hold within the bound.</exception>
    public static Task TrueAsync(string what, Func<bool> condition, TimeSpan? within = null) => TrueAsync(what, () => Task.FromResult(condition()), within);

    /// <summary>Waits until a condition holds, a minute unless told otherwise.</summary>
    /// <exception cref="TimeoutException">It does not hold within the bound.</exception>
    public static async Task TrueAsync(string what, Func<Task<bool>> condition, TimeSpan? within = null)
    {
        var bound = within ?? TimeSpan.FromMinutes(1);
        for (var begun = Stopwatch.GetTimestamp(); !await condition();)
        {
            if (Stopwatch.GetElapsedTime(begun) > bound)
            {
                throw new TimeoutException($"Not within {bound.TotalSeconds} s: {what}.");
            }

            await Task.Delay(_interval);
        }
    }
}
