using Loire.Log.Partitions;
using Loire.Log.Tests.LogSuite;
using static Loire.Log.Tests.Faults.FaultBench;

namespace Loire.Log.Tests.Faults;

/// <summary>How long appends gather for one write of a store that charges for each.</summary>
public sealed class CommitIntervalTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    [Fact]
    public void The_first_append_waits_for_nothing_and_those_within_the_interval_share_the_next_write() => Run(async bench =>
    {
        var (log, begun) = await BeginAsync(bench);
        Assert.Equal(TimeSpan.Zero, bench.Time.GetElapsedTime(begun));
        var early = LogBench.AppendAsync(log, "early");
        bench.Time.Advance(Interval / 2);
        var late = LogBench.AppendAsync(log, "late");
        Assert.Equal((ErrorCode.None, ErrorCode.None), (await early, await late));
        Assert.Equal(Interval, bench.Time.GetElapsedTime(begun));
        Assert.Equal(2, Writes(bench));
        Assert.Equal(["0:first", "1:early", "2:late"], await bench.StoredAsync());
    }, With(1000));

    [Fact]
    public void An_append_after_a_pause_waits_for_nothing() => Run(async bench =>
    {
        var (log, begun) = await BeginAsync(bench);
        bench.Time.Advance(Interval);
        Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, "next"));
        Assert.Equal(Interval, bench.Time.GetElapsedTime(begun));
    }, With(1000));

    [Fact]
    public void Half_a_chunk_ends_the_wait() => Run(async bench =>
    {
        var (log, begun) = await BeginAsync(bench);
        var small = LogBench.AppendAsync(log, "small");
        await Task.Yield();
        var large = LogBench.AppendAsync(log, new string('x', 600));
        Assert.Equal((ErrorCode.None, ErrorCode.None), (await small, await large));
        Assert.Equal(TimeSpan.Zero, bench.Time.GetElapsedTime(begun));
        Assert.Equal(2, Writes(bench));
    }, With(1000));

    [Fact]
    public void A_caller_that_waits_for_room_ends_the_wait() => Run(async bench =>
    {
        var (log, begun) = await BeginAsync(bench);
        var append = LogBench.AppendAsync(log, "small");
        Assert.Equal(ErrorCode.None, await log.WaitForRoomAsync(1000, CancellationToken.None));
        Assert.Equal((true, ErrorCode.None), (append.IsCompleted, await append));
        Assert.Equal(TimeSpan.Zero, bench.Time.GetElapsedTime(begun));
    }, With(1000));

    [Fact]
    public void A_log_that_closes_does_not_wait_and_what_has_gathered_fails_as_if_it_had_never_been_appended() => Run(async bench =>
    {
        var (log, begun) = await BeginAsync(bench);
        var append = LogBench.AppendAsync(log, "lost");
        await log.DisposeAsync();
        Assert.Equal(ErrorCode.NotLeaderOrFollower, await append);
        Assert.Equal(TimeSpan.Zero, bench.Time.GetElapsedTime(begun));
        Assert.Equal(["0:first"], await bench.StoredAsync());
    }, With(1000));

    private static PartitionLogOptions With(int chunkBytes) => new() { ChunkBytes = chunkBytes, PendingBytes = chunkBytes, CommitInterval = Interval };

    private static async Task<(PartitionLog Log, long Begun)> BeginAsync(FaultBench bench)
    {
        var log = await bench.LeadAsync();
        bench.Script.Calls.Clear();
        var begun = bench.Time.GetTimestamp();
        Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, "first"));
        return (log, begun);
    }

    private static int Writes(FaultBench bench) => bench.Script.Calls.Count(ChunkCreate);
}
