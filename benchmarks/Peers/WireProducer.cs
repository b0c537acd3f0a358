using Loire.Peers.Benchmarks.Measuring;

namespace Loire.Peers.Benchmarks;

/// <summary>A producer with a connection, which takes the acknowledgements on another thread than the one that sends.</summary>
internal abstract class WireProducer(Wire wire) : Producer
{
    // Enough for one system call to be cheap, little enough that a server does not wait for work.
    private const int FlushBytes = 64 * 1024;

    protected Wire Wire => wire;

    /// <summary>Bytes that the next flush will send.</summary>
    protected virtual int UnsentBytes => wire.Unsent;

    public override async Task<IEnumerable<long>> SendBatchedAsync(int first, int count, int window)
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

    public override ValueTask DisposeAsync()
    {
        wire.Dispose();
        return default;
    }

    /// <summary>Writes a record to the buffer.</summary>
    protected abstract void Add(int number);

    protected virtual ValueTask FlushAsync(CancellationToken cancellation) => wire.FlushAsync(cancellation);

    /// <summary>Says that no more records come; only where the protocol wants it.</summary>
    protected virtual ValueTask FinishAsync(CancellationToken cancellation) => default;

    /// <summary>Takes acknowledgements until all records have theirs.</summary>
    protected abstract Task ReceiveAsync(InFlight flight, int count, CancellationToken cancellation);
}
