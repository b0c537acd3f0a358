using System.Threading.Channels;

namespace Loire.Client.Hosting;

/// <summary>A queued record and the flow of its partition.</summary>
internal readonly record struct Work(PartitionFlow Flow, ConsumeResult<byte[], byte[]> Record);

/// <summary>
/// Handles records one at a time, in order of arrival. <see cref="PartitionFlow"/> bounds how many are queued, so adding never blocks the
/// reader.
/// </summary>
internal sealed class WorkLane
{
    private readonly Channel<Work> _waiting = Channel.CreateUnbounded<Work>(new UnboundedChannelOptions { SingleReader = true });

    /// <param name="handle">Handles one record; never throws.</param>
    public WorkLane(Func<Work, Task> handle) => Ended = RunAsync(handle);

    /// <summary>Completes when every record added before <see cref="Close"/> has been handled.</summary>
    public Task Ended { get; }

    /// <summary>Queues a record.</summary>
    public void Add(Work work) => _waiting.Writer.TryWrite(work);

    /// <summary>Accepts no more records.</summary>
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
