namespace Loire.Grains.Turns;

/// <summary>Calls many peers with bounded concurrency. A caller without a scheduler of its own continues on several threads.</summary>
internal static class BoundedCalls
{
    /// <summary>Calls each once.</summary>
    /// <returns>How many calls failed, and the error of the first one to fail.</returns>
    public static async Task<(int Failed, ErrorCode First)> ForEach<T>(
        IEnumerable<T> peers, int parallelism, Func<T, ValueTask<ErrorCode>> call)
    {
        var (failed, first) = (0, ErrorCode.None);
        var turn = new Lock();
        using var rest = peers.GetEnumerator();

        bool TryTake(out T peer)
        {
            lock (turn)
            {
                var has = rest.MoveNext();
                peer = has ? rest.Current : default!;
                return has;
            }
        }

        async Task Work()
        {
            while (TryTake(out var peer))
            {
                var error = await call(peer);
                if (error != ErrorCode.None)
                {
                    lock (turn)
                    {
                        first = failed++ == 0 ? error : first;
                    }
                }
            }
        }

        await Task.WhenAll(Enumerable.Range(0, parallelism).Select(_ => Work()).ToArray());
        return (failed, first);
    }
}
