using System.Diagnostics;
using Loire.Peers.Benchmarks.Measuring;

namespace Loire.Peers.Benchmarks;

/// <summary>Appends records to one stream, and takes the acknowledgements on another thread than the one that sends.</summary>
internal abstract class Producer : IAsyncDisposable
{
    // Enough for one system call to be cheap, little enough that a server does not wait for work.
    private const int FlushBytes = 64 * 1024;

    protected abstract int UnsentBytes { get; }

    /// <summary>Sends so many records with a window, and ends when all are acknowledged.</summary>
    public virtual async Task<IEnumerable<long>> SendBatchedAsync(int first, int count, int window)
    {
        var flight = new InFlight(count, window);
        using var failed = new CancellationTokenSource();
        await Task.WhenAll(Guard(SendAsync), Guard(cancellation => ReceiveAsync(flight, count, cancellation)));
        return flight.Latencies;

        async Task SendAsync(CancellationToken cancellation)
        {
            for (var i = 0; i < count; i++)
            {
                if (!flight.HasRoom)
                {
                    await FlushAsync(cancellation);
                    await flight.UntilRoomAsync(cancellation);
                }

                flight.Sent();
                Add(first + i);
                if (UnsentBytes >= FlushBytes)
                {
                    await FlushAsync(cancellation);
                }
            }

            await FlushAsync(cancellation);
            await FinishAsync(cancellation);
        }

        Task Guard(Func<CancellationToken, Task> run) => Task.Run(async () =>
        {
            try
            {
                await run(failed.Token);
            }
            catch
            {
                await failed.CancelAsync();
                throw;
            }
        });
    }

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

    /// <summary>Writes a record to the buffer.</summary>
    protected abstract void Add(int number);

    protected abstract ValueTask FlushAsync(CancellationToken cancellation);

    /// <summary>Says that no more records come; only where the protocol wants it.</summary>
    protected virtual ValueTask FinishAsync(CancellationToken cancellation) => default;

    /// <summary>Takes acknowledgements until all records have theirs.</summary>
    protected abstract Task ReceiveAsync(InFlight flight, int count, CancellationToken cancellation);

    /// <summary>Sends one record and waits for its acknowledgement.</summary>
    protected abstract ValueTask SendOneAsync(int number);

    public abstract ValueTask DisposeAsync();
}
