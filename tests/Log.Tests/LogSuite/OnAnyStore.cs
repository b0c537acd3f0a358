using Loire.Log.Partitions;
using Loire.TestKit;

namespace Loire.Log.Tests.LogSuite;

/// <summary>Tests of a partition's log on a store that keeps to the contract of grain storage.</summary>
public abstract class OnAnyStore
{
    /// <summary>Bounds that make a log of few records merge segments and turn pages.</summary>
    protected static PartitionLogOptions Small { get; } = new()
    {
        ChunkBytes = 1000,
        SegmentBytes = 2000,
        WholeChunkBytes = 1500,
        TailChunks = 8,
        HeadSegments = 4,
    };

    /// <summary>Opens a store that holds nothing.</summary>
    protected abstract Task<ILogStore> NewStoreAsync();

    /// <summary>Runs a test on one thread, as the owner of a log would.</summary>
    protected void Run(Func<LogBench, Task> test, PartitionLogOptions? options = null) => SingleThread.Run(async () =>
    {
        await using var store = await NewStoreAsync();
        await test(new LogBench(store, options));
    });
}
