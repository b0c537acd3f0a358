using System.Threading.Channels;
using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Cli.Terminals;

namespace Loire.Cli.Consume.Reading;

/// <summary>
/// Reads one partition by long polls. After a failure it continues at the offset after the last complete page, so a node may restart
/// without a lost or duplicate record.
/// </summary>
internal sealed class PartitionReader(NodeClient node, string topic, PartitionRange range, TimeSpan retryTimeout, Caller caller)
{
    private const int MaxBytes = 1024 * 1024;
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(20);

    private long _next = range.From;

    /// <summary>Reads to the end of the range, if it has one.</summary>
    /// <param name="to">Receives the pages in order, with backpressure.</param>
    /// <param name="budget">The number of pages in memory, shared by all partitions.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public async Task RunAsync(ChannelWriter<FetchedPage> to, SemaphoreSlim budget, CancellationToken cancellation)
    {
        var backoff = new Backoff(caller.Time, caller.Random, retryTimeout);
        while (range.End is not { } end || _next < end)
        {
            FetchedPage page;
            try
            {
                page = await node.FetchAsync(topic, range.Partition, _next, MaxBytes, Wait, budget, cancellation);
            }
            catch (NodeException failure) when (failure.IsRetriable)
            {
                if (!backoff.IsWaiting)
                {
                    caller.Terminal.Note($"partition {range.Partition}: {failure.Message} Trying again from offset {_next}.");
                }

                await backoff.WaitAsync(failure, $"the next offset of partition {range.Partition} is {_next}.", cancellation);
                continue;
            }

            if (backoff.IsWaiting)
            {
                backoff.Reset();
                caller.Terminal.Note($"partition {range.Partition}: continuing at offset {_next}.");
            }

            _next = page.Next;
            if (page.Bytes.IsEmpty)
            {
                page.Dispose();
                continue;
            }

            try
            {
                await to.WriteAsync(page, cancellation);
            }
            catch
            {
                page.Dispose();
                throw;
            }
        }
    }
}
