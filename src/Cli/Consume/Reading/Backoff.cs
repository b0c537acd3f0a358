using Loire.Cli.Failures;

namespace Loire.Cli.Consume.Reading;

/// <summary>Waits between attempts, with growing jittered pauses, until a time limit.</summary>
internal sealed class Backoff(TimeProvider time, Random random, TimeSpan timeout)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    private long _since;
    private TimeSpan _next;

    public bool IsWaiting { get; private set; }

    /// <summary>Ends the failure: the last attempt succeeded.</summary>
    public void Reset() => IsWaiting = false;

    /// <summary>Waits before the next attempt.</summary>
    /// <exception cref="CliException">Attempts have failed for longer than the limit.</exception>
    public async Task WaitAsync(NodeException failure, string where, CancellationToken cancellation)
    {
        if (!IsWaiting)
        {
            IsWaiting = true;
            _since = time.GetTimestamp();
            _next = First;
        }

        if (time.GetElapsedTime(_since) >= timeout)
        {
            throw new CliException(
                ExitCode.Timeout,
                failure.Name,
                $"{failure.Message} Gave up after {timeout.TotalSeconds:0.###} s; {where}",
                failure.Hint ?? "--retry-timeout allows more time.");
        }

        // Random is shared by the readers of all partitions.
        double jitter;
        lock (random)
        {
            jitter = 0.5 + (random.NextDouble() / 2);
        }

        await Task.Delay(_next * jitter, time, cancellation);
        _next = _next * 2 < Longest ? _next * 2 : Longest;
    }
}
