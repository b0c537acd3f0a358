using Loire.Model;

namespace Loire.Log.Tests.Audits;

/// <summary>The figures of the logs of a store.</summary>
public class LogStatisticsTests
{
    private const string Partition = "0123456789abcdef0123456789abcdef/0";

    [Fact]
    public void Each_log_is_measured_and_nothing_is_written() => StoreBench.Run(async bench =>
    {
        await bench.FillAsync(Partition);
        var journal = await bench.OpenAsync("group/a.b/c");
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(ErrorCode.None, await StoreBench.AppendAsync(journal, $"record {i}"));
        }

        bench.Store.Changed = change => Assert.Fail($"{change.Call.Operation} of {change.Call.Key}");
        var figures = await bench.MeasureAsync();
        Assert.Equal([Partition, "group/a.b/c"], figures.Select(log => log.Log));
        Assert.All(figures, log => Assert.Equal(ErrorCode.None, log.Error));
        Assert.Equal(bench.Store.Keys.Count, figures.Sum(log => log.Objects));

        var partition = figures[0];
        Assert.Equal((0, 30), (partition.Start.Value, partition.End.Value));
        Assert.True(partition is { Pages: > 0, Chunks: > 0, Segments: > 0, Snapshots: 0, IndexBytes: > 0 }, partition.ToString());
        Assert.InRange(partition.Bytes, 30 * 60, bench.Store.Keys.Where(IsOfPartition).Sum(key => bench.Store.Find(key)!.Length));
        Assert.True(partition.Oldest > Timestamp.None && partition.Oldest <= partition.Newest, partition.ToString());
        Assert.Equal((5, Timestamp.None), (figures[1].End - figures[1].Start, figures[1].Newest));
    });

    [Fact]
    public void A_log_that_is_damaged_is_named_and_the_others_are_measured() => StoreBench.Run(async bench =>
    {
        await bench.FillAsync(Partition);
        await bench.FillAsync("catalog");
        bench.Damage(bench.Store.Keys.Single(key => IsOfPartition(key) && key.EndsWith("/head", StringComparison.Ordinal)));
        Assert.Equal([ErrorCode.CorruptMessage, ErrorCode.None], (await bench.MeasureAsync()).Select(log => log.Error));
    });

    private static bool IsOfPartition(string key) => key.Contains(Partition, StringComparison.Ordinal);
}
