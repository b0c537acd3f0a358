using System.Diagnostics;

namespace Loire.Peers.Benchmarks;

/// <summary>Appends records to one stream; its latencies are ticks of the stopwatch.</summary>
internal abstract class Producer : IAsyncDisposable
{
    /// <summary>Sends so many records, some while others are not acknowledged yet, and ends when all are.</summary>
    /// <param name="first">The number of the first record.</param>
    /// <param name="count">How many.</param>
    /// <param name="window">How many may be under way.</param>
    public abstract Task<IEnumerable<long>> SendBatchedAsync(int first, int count, int window);

    /// <summary>Sends one record after the other, each awaited.</summary>
    public async Task<IEnumerable<long>> SendOneByOneAsync(int first, int count)
    {
        var latencies = new long[count];
        for (var i = 0; i < count; i++)
        {
            var start = Stopwatch.GetTimestamp();
            await SendOneAsync(first + i);
            latencies[i] = Stopwatch.GetTimestamp() - start;
        }

        return latencies;
    }

    public abstract ValueTask DisposeAsync();

    /// <summary>Sends one record and waits for its acknowledgement.</summary>
    protected abstract ValueTask SendOneAsync(int number);
}
