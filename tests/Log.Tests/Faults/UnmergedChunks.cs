using Loire.Log.Chains;
using Loire.Log.Partitions;
using Loire.Log.Tests.LogSuite;
using Loire.Model;
using Loire.TestKit;
using static Loire.Log.Tests.Faults.FaultBench;

namespace Loire.Log.Tests.Faults;

/// <summary>Small chunks that are listed as they are and merged late: what is written, what is left, what is read.</summary>
public sealed class UnmergedChunks
{
    private static readonly string Kilobyte = new('x', 1024);

    /// <summary>Of a store on a local disk, as the node has them.</summary>
    private static PartitionLogOptions Local => new() { WholeChunkBytes = 32 * 1024, UnmergedChunks = 4_096 };

    private static PartitionLogOptions Small => new()
    {
        SegmentBytes = 1500,
        WholeChunkBytes = 600,
        TailChunks = 8,
        HeadSegments = 16,
        UnmergedChunks = 20,
    };

    [Fact]
    public void A_kilobyte_awaited_alone_is_written_once_at_first_and_once_more_in_the_long_run() => Run(async bench =>
    {
        var written = CountWrites(bench);
        var log = await bench.LeadAsync();
        await AppendAsync(log, 2_000);
        Assert.InRange(written() / (2_000.0 * 1024), 1.1, 1.35);
        await AppendAsync(log, 8_000);
        Assert.InRange(written() / (10_000.0 * 1024), 1.1, 2.45);
    }, Local);

    [Fact]
    public void Batches_of_32_KB_are_written_once() => Run(async bench =>
    {
        var written = CountWrites(bench);
        var log = await bench.LeadAsync();
        for (var i = 0; i < 300; i++)
        {
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, [.. Enumerable.Repeat(Kilobyte, 32)]));
        }

        Assert.InRange(written() / (300.0 * 32 * 1024), 1, 1.04);
    }, Local);

    [Fact]
    public void A_log_that_is_no_longer_written_is_merged_down_to_few_objects() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        await AppendAsync(log, 1_500);
        Assert.InRange(bench.Store.Keys.Count, 1_500, 1_600);
        Assert.Equal(ErrorCode.None, await log.MergeAsync());
        Assert.InRange(bench.Store.Keys.Count, 3, 12);

        var before = bench.Store.Calls;
        Assert.Equal(ErrorCode.None, await log.MergeAsync());
        Assert.Equal(before, bench.Store.Calls);
        Assert.Equal(1_500, (await bench.StoredAsync()).Count);
    }, Local);

    [Fact]
    public void Merging_a_quiet_log_ends_when_it_is_written_again() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        await AppendAsync(log, 1_500);
        var gate = new Gate();
        bench.Script.On(PartCreate, StorageFault.AnswerLate(gate.Opened));
        var merging = log.MergeAsync();
        await AppendAsync(log, 20);
        gate.Open();
        Assert.Equal(ErrorCode.None, await merging);
        Assert.InRange(ChunksOf(bench), 1_520, 1_530);
        Assert.Equal(1_520, (await bench.StoredAsync()).Count);
    }, Local);

    [Fact]
    public void A_log_that_another_instance_leads_is_not_merged_by_a_reader() => Run(async bench =>
    {
        await AppendAsync(await bench.LeadAsync(), 100);
        var reader = await bench.OpenAsync();
        var before = bench.Store.Calls;
        Assert.Equal(ErrorCode.None, await reader.MergeAsync());
        Assert.Equal(before, bench.Store.Calls);
    }, Local);

    [Fact]
    public void Opening_reads_no_more_and_the_head_stays_small_while_chunks_wait() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        for (var i = 0; i < 40; i++)
        {
            await AppendAsync(log, 97);
            var before = bench.Store.Calls;
            await bench.OpenAsync();
            Assert.InRange(bench.Store.Calls - before, 1, 2 + bench.Options.TailChunks);
            Assert.InRange(bench.Store.Find(bench.Key("head"))!.Length, 1, 8_000);
        }
    }, Local);

    [Fact]
    public void A_reader_of_unmerged_chunks_reads_their_page_once() => Run(async bench =>
    {
        await AppendAsync(await bench.LeadAsync(), 130);
        bench.Cache = new ObjectCache(0);
        var reader = await bench.OpenAsync();
        var before = bench.Store.Calls;
        var read = await reader.ReadAsync(Offset.Zero, 50_000, CancellationToken.None);
        var records = TestBatches.Records(TestBatches.Join(read.Pieces)).Count;
        Assert.InRange(records, 40, 50);
        Assert.InRange(bench.Store.Calls - before, records, records + 3);
    }, Local);

    [Fact]
    public void A_successor_merges_what_a_leader_has_listed() => Run(async bench =>
    {
        await AppendAsync(await bench.LeadAsync(), 18, "short");
        Assert.Equal(19, ChunksOf(bench));
        var successor = await bench.LeadAsync();
        await AppendAsync(successor, 8, "short");
        await successor.Maintenance;
        Assert.InRange(ChunksOf(bench), 1, 18);
        Assert.Equal(26, (await bench.StoredAsync()).Count);
    }, Small);

    [Fact]
    public void A_damaged_chunk_stays_as_it_is_and_everything_around_it_is_merged_and_served() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        for (var i = 0; i < 17; i++)
        {
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, $"v{i}"));
        }

        var key = bench.Key("chunk/0000000000000006");
        var bytes = bench.Store.Find(key)!;
        bytes[^1] ^= 1;
        bench.Store.Replace(key, bytes);
        bench.Cache = new ObjectCache(0);
        log = await bench.LeadAsync();
        Assert.Equal(ErrorCode.None, await log.MergeAsync());
        Assert.InRange(ChunksOf(bench), 3, 10);
        var damaged = await log.ReadAsync(new Offset(5), 100, CancellationToken.None);
        Assert.Equal((ErrorCode.CorruptMessage, 6L, 0), (damaged.Error, damaged.NextOffset.Value, damaged.Pieces.Length));
        var first = await log.ReadAsync(Offset.Zero, 1000, CancellationToken.None);
        Assert.Equal(Enumerable.Range(0, 5).Select(i => $"{i}:v{i}"), TestBatches.Records(TestBatches.Join(first.Pieces)));
        Assert.Equal(Enumerable.Range(6, 11).Select(i => $"{i}:v{i}"), await LogBench.ReadAllAsync(log, 6));
    }, Small);

    [Fact]
    public void The_tail_is_listed_between_the_deletions_of_what_was_merged() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        await AppendAsync(log, 4_090);

        // Each deletion takes as long as sixteen appends would: that many are under way at a time.
        bench.Script.On(Clear, async _ =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), bench.Time).ConfigureAwait(false);
            return StorageFault.None;
        }, times: int.MaxValue);
        bench.Script.On(ChunkCreate, async _ =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), bench.Time).ConfigureAwait(false);
            return StorageFault.None;
        }, times: int.MaxValue);
        var longest = TimeSpan.Zero;
        for (var i = 0; i < 300; i++)
        {
            var start = bench.Time.GetTimestamp();
            await AppendAsync(log, 1);
            var took = bench.Time.GetElapsedTime(start);
            longest = took > longest ? took : longest;
        }

        Assert.InRange(longest.TotalMilliseconds, 1, 2);
        Assert.InRange(ChunksOf(bench), 64, 1_500);
    }, Local);

    private static int ChunksOf(FaultBench bench) => bench.Store.Keys.Count(key => key.Contains("/chunk/", StringComparison.Ordinal));

    private static async Task AppendAsync(PartitionLog log, int records, string? value = null)
    {
        for (var i = 0; i < records; i++)
        {
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, value ?? Kilobyte));
        }
    }

    private static Func<long> CountWrites(FaultBench bench)
    {
        var written = 0L;
        bench.Store.Changed += change => written += change.Call.Bytes.Length;
        return () => written;
    }
}
