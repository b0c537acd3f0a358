using Loire.TestKit;

namespace Loire.Log.Tests.LogSuite;

/// <summary>What a partition's log does on any store that keeps to the contract of grain storage. One class per store derives from it.</summary>
public abstract class PartitionLogSuite
{
    /// <summary>Opens a store that holds nothing.</summary>
    protected abstract Task<ILogStore> NewStoreAsync();

    private void Run(Func<LogBench, Task> test) => SingleThread.Run(async () =>
    {
        await using var store = await NewStoreAsync();
        var bench = new LogBench(store);
        await test(bench);
    });

    [Fact]
    public void What_was_appended_is_read_back_in_order() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        Assert.Equal(ErrorCode.None, await log.Append([TestBatches.ToAppend(TestBatches.Of(1, "a", "b"))]).Committed);
        Assert.Equal(ErrorCode.None, await log.Append([TestBatches.ToAppend(TestBatches.Of(2, "c"))]).Committed);
        Assert.Equal(["0:a", "1:b", "2:c"], await bench.ReadAllAsync(log));
    });
}
