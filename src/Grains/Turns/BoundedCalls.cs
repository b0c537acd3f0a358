namespace Loire.Grains.Turns;

/// <summary>Calls many peers with bounded concurrency. A caller without a scheduler of its own continues on several threads.</summary>
internal static class BoundedCalls
{
    /// <summary>Calls each once.</summary>
    /// <param name="peers">What to call.</param>
    /// <param name="parallelism">How many calls are under way at once.</param>
    /// <param name="call">Makes a call.</param>
    /// <param name="retired">
    /// Ends the wait for the calls under way, and makes no more. A grain that moves ends only with its calls, and one that it has called may need an
    /// answer from where it will be.
    /// </param>
    /// <returns>
    /// How many calls failed, and the error of the first one to fail: <see cref="ErrorCode.NotController"/> for one that was not awaited or not made.
    /// </returns>
    public static async Task<(int Failed, ErrorCode First)> ForEach<T>(
        IEnumerable<T> peers, int parallelism, Func<T, ValueTask<ErrorCode>> call, CancellationToken retired = default)
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

        async ValueTask<ErrorCode> CallAsync(T peer)
        {
            try
            {
                return retired.IsCancellationRequested ? ErrorCode.NotController
                    : retired.CanBeCanceled ? await call(peer).AsTask().WaitAsync(retired)
                    : await call(peer);
            }
            catch (OperationCanceledException) when (retired.IsCancellationRequested)
            {
                return ErrorCode.NotController;
            }
        }

        async Task Work()
        {
            while (TryTake(out var peer))
            {
                var error = await CallAsync(peer);
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
