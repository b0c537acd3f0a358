namespace Loire.Grains.Turns;

/// <summary>Calls many peers with bounded concurrency, all on the caller's scheduler.</summary>
internal static class BoundedCalls
{
    /// <summary>Calls each once.</summary>
    /// <returns>How many calls failed, and the error of the first one to fail.</returns>
    public static async Task<(int Failed, ErrorCode First)> ForEach<T>(
        IEnumerable<T> peers, int parallelism, Func<T, ValueTask<ErrorCode>> call)
    {
        var (failed, first) = (0, ErrorCode.None);
        using var rest = peers.GetEnumerator();

        async Task Work()
        {
            while (rest.MoveNext())
            {
                var error = await call(rest.Current);
                if (error != ErrorCode.None)
                {
                    first = failed++ == 0 ? error : first;
                }
            }
        }

        await Task.WhenAll(Enumerable.Range(0, parallelism).Select(_ => Work()).ToArray());
        return (failed, first);
    }
}
