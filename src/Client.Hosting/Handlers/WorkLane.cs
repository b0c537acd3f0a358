using System.Threading.Channels;

namespace Loire.Client.Hosting;

/// <summary>A record to be handled, and the partition that waits for its end.</summary>
internal readonly record struct Work(PartitionFlow Flow, ConsumeResult<byte[], byte[]> Record);

/// <summary>
/// Handles records one after the other, in the order in which they came. How many may wait here is bounded by their partitions
/// (<see cref="PartitionFlow"/>), so a lane never holds up the reading of others.
/// </summary>
internal sealed class WorkLane
{
    private readonly Channel<Work> _waiting = Channel.CreateUnbounded<Work>(new UnboundedChannelOptions { SingleReader = true });

    /// <param name="handle">Handles one record; never throws.</param>
    public WorkLane(Func<Work, Task> handle) => Ended = RunAsync(handle);

    /// <summary>Ends when everything that came before <see cref="Close"/> has been given to the handler.</summary>
    public Task Ended { get; }

    /// <summary>Puts a record behind those that wait.</summary>
    public void Add(Work work) => _waiting.Writer.TryWrite(work);

    /// <summary>Takes nothing more.</summary>
    public void Close() => _waiting.Writer.TryComplete();

    private async Task RunAsync(Func<Work, Task> handle)
    {
        await Task.Yield();
        await foreach (var work in _waiting.Reader.ReadAllAsync())
        {
            await handle(work);
        }
    }
}
