using Loire.Edge.Scheduling;

namespace Loire.Client;

/// <summary>Limits the duration of retries, with exponentially growing, jittered pauses.</summary>
internal sealed class RetryBackoff(ConsumerOptions options, TimeProvider time, Random random)
{
    private long _since;
    private int _failures;

    /// <summary>Records a success.</summary>
    public void Reset() => _failures = 0;

    /// <summary>Records a failure.</summary>
    /// <returns>The pause before the next attempt; null if attempts have failed for too long.</returns>
    public TimeSpan? Failed()
    {
        if (_failures++ == 0)
        {
            _since = time.GetTimestamp();
        }

        if (options.UnavailableTimeout != Timeout.InfiniteTimeSpan && time.GetElapsedTime(_since) >= options.UnavailableTimeout)
        {
            return null;
        }

        var pause = options.RetryBackoff * Math.Pow(2, Math.Min(_failures - 1, 30));
        return (pause < options.RetryBackoffMax ? pause : options.RetryBackoffMax) * (0.5 + (random.NextDouble() / 2));
    }

    /// <summary>Repeats a call until it succeeds.</summary>
    /// <exception cref="LoireException">It failed permanently, or has failed for too long.</exception>
    public async ValueTask<T> TryAsync<T>(Func<ValueTask<T>> call, CancellationToken cancellation)
    {
        while (true)
        {
            TimeSpan pause;
            try
            {
                return await call();
            }
            catch (LoireException failure) when (
                failure is { IsRetriable: true, Code: not ErrorCode.UnknownTopicOrPartition } && Failed() is { } next)
            {
                pause = next;
            }

            await BackgroundWork.PauseAsync(pause, time, cancellation);
        }
    }
}
