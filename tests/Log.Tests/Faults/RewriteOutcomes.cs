using Loire.Log.Audits;
using Loire.Log.Chains;
using Loire.Log.Objects;
using Loire.Log.Partitions;
using Loire.Log.Tests.LogSuite;
using Loire.Model;
using Loire.TestKit;
using static Loire.Log.Tests.Faults.FaultBench;

namespace Loire.Log.Tests.Faults;

/// <summary>Rewriting beside appends, reads and maintenance, and what failures of storage do to it.</summary>
public sealed class RewriteOutcomes
{
    private static readonly PartitionLogOptions Small = new()
    {
        ChunkBytes = 1000,
        SegmentBytes = 1500,
        WholeChunkBytes = 1200,
        TailChunks = 8,
        HeadSegments = 4,
        RewriteBytes = 4000,
    };

    private static readonly PartitionLogOptions Pages = new()
    {
        ChunkBytes = 600,
        SegmentBytes = 600,
        WholeChunkBytes = 500,
        TailChunks = 4,
        HeadSegments = 4,
        RewriteBytes = 1500,
    };

    private static readonly Exception NoAnswer = new TimeoutException("No answer.");

    private static CompactionMark NoMark(Offset next) => default;

    [Fact]
    public void Appends_and_reads_continue_while_a_step_waits_for_its_rewriter() => Run(async bench =>
    {
        var log = await FilledAsync(bench, 60);
        var gate = new Gate();
        var step = log.RewriteAsync(Offset.Zero, log.ListedEndOffset, WaitAsync, NoMark);
        Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, "meanwhile"));
        Assert.Equal(61, (await LogBench.ReadAllAsync(log)).Count);
        Assert.False(step.IsCompleted);
        gate.Open();
        Assert.Equal(ErrorCode.None, (await step).Error);
        Assert.Equal(61 - (await step).Next.Value, (await bench.StoredAsync()).Count);

        async Task<RewrittenBatches> WaitAsync(IReadOnlyList<ReadOnlyMemory<byte>> batches)
        {
            await gate.Opened;
            return await NothingAsync(batches);
        }
    }, Small);

    [Fact]
    public void Maintenance_gets_its_turn_between_two_steps() => Run(async bench =>
    {
        var log = await FilledAsync(bench, 60);
        var (seals, trimmed) = (0, Task.FromResult(ErrorCode.None));
        for (var next = Offset.Zero; next < new Offset(50);)
        {
            var appends = new List<Task<ErrorCode>>();
            var before = log.ListedEndOffset;
            var step = await log.RewriteAsync(
                next,
                new Offset(50),
                batches =>
                {
                    // More chunks than the tail holds: the last ones wait until the step has ended.
                    var more = Enumerable.Range(0, 2 * Small.TailChunks);
                    appends.AddRange(more.Select(i => LogBench.AppendAsync(log, $"more{i}" + new string('x', 900))));
                    trimmed = log.TrimAsync(new Offset(1));
                    return NothingAsync(batches);
                },
                NoMark);
            Assert.Equal(ErrorCode.None, step.Error);
            Assert.All(await AllAsync(appends), error => Assert.Equal(ErrorCode.None, error));
            Assert.Equal(ErrorCode.None, await trimmed);
            seals += log.ListedEndOffset > before ? 1 : 0;
            next = step.Next;
        }

        Assert.True(seals > 1);
        Assert.Equal(1, log.LogStartOffset.Value);
    }, Small);

    [Theory]
    [InlineData("part")]
    [InlineData("head")]
    public void Lost_replies_conflicts_and_lost_writes_change_nothing(string which) => Run(async bench =>
    {
        var log = await FilledAsync(bench, 90);
        await log.Maintenance;
        StorageFault[] faults =
        [
            StorageFault.LoseAnswer(NoAnswer),
            StorageFault.LoseAnswer(new Orleans.Storage.InconsistentStateException("The client's own retry met its first attempt.", "?", "?")),
            StorageFault.Refuse(NoAnswer),
        ];
        foreach (var fault in faults)
        {
            for (var nth = 1; nth < 5; nth++)
            {
                bench.Script.Clear();
                var left = nth;
                bench.Script.On(call => (which == "part" ? PartCreate(call) : HeadWrite(call)) && --left == 0, fault);
                Assert.Equal(ErrorCode.None, await new TestCompaction(log).RunAsync(maxSteps: 2));
                Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, $"v{log.LogEndOffset}"));
            }
        }

        Assert.Equal(ErrorCode.None, await new TestCompaction(log).RunAsync());
        Assert.Equal(ErrorCode.None, await new TestCompaction(log).RunAsync());
        Assert.Equal(Enumerable.Range(92, 10).Select(i => $"{i}:v{i}"), await bench.StoredAsync());
    }, Small);

    [Fact]
    public void A_full_store_ends_a_step_without_a_change_and_what_it_has_written_is_deleted_later() => Run(async bench =>
    {
        var log = await FilledAsync(bench, 90);
        await log.Maintenance;
        var before = await bench.StoredAsync();
        foreach (var (which, nth) in new (Func<StorageCall, bool>, int)[] { (PartCreate, 1), (PartCreate, 2), (HeadWrite, 1) })
        {
            var left = nth;
            bench.Script.On(call => which(call) && --left <= 0, StorageFault.Refuse(new StorageFullException("Full.")), times: 1_000);
            var step = await log.RewriteAsync(Offset.Zero, log.ListedEndOffset, EveryOtherAsync, NoMark);
            Assert.Equal(new RewriteStep(ErrorCode.KafkaStorageError, Offset.Zero), step);
            bench.Script.Clear();
            Assert.True(log.IsLeader);
            Assert.Equal(before, await bench.StoredAsync());
        }

        Assert.Equal(ErrorCode.None, await new TestCompaction(log).RunAsync());
        await log.Maintenance;
        await AssertNothingLeaksAsync(bench);
        Assert.Equal(10, (await bench.StoredAsync()).Count);
    }, Small);

    [Fact]
    public void A_write_whose_outcome_stays_unknown_closes_the_log() => Run(async bench =>
    {
        var log = await FilledAsync(bench, 60);
        bench.Script.On(PartCreate, StorageFault.Refuse(NoAnswer), times: 10_000);
        var step = await log.RewriteAsync(Offset.Zero, log.ListedEndOffset, EveryOtherAsync, NoMark);
        Assert.Equal(new RewriteStep(ErrorCode.RequestTimedOut, Offset.Zero), step);
        Assert.NotNull(log.CloseReason);
        Assert.Equal(60, (await bench.StoredAsync()).Count);
    }, Small);

    [Fact]
    public void A_store_that_cannot_be_read_ends_a_step_at_once() => Run(async bench =>
    {
        bench.Cache = new ObjectCache(0);
        var log = await FilledAsync(bench, 60);
        await log.Maintenance;
        bench.Script.On(Read, StorageFault.Refuse(NoAnswer), times: 1_000);
        var step = await log.RewriteAsync(Offset.Zero, log.ListedEndOffset, NothingAsync, NoMark);
        Assert.Equal(new RewriteStep(ErrorCode.KafkaStorageError, Offset.Zero), step);
        Assert.True(log.IsLeader);
        Assert.Equal(60, (await bench.StoredAsync()).Count);
    }, Small);

    [Fact]
    public void Nothing_is_replaced_while_storage_refuses_deletions_and_much_waits_for_them() => Run(async bench =>
    {
        var log = await FilledAsync(bench, 1);
        bench.Script.On(Clear, StorageFault.Refuse(NoAnswer), times: int.MaxValue);
        for (var i = 1; i < 1500; i++)
        {
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, $"v{i}"));
        }

        var before = bench.Store.Keys.Count;
        Assert.Equal(ErrorCode.None, await log.SealAsync());
        var step = await log.RewriteAsync(Offset.Zero, log.ListedEndOffset, NothingAsync, NoMark);
        Assert.Equal(new RewriteStep(ErrorCode.KafkaStorageError, Offset.Zero), step);
        Assert.InRange(bench.Store.Keys.Count, before, before + 3);
        bench.Script.Clear();
        await Task.Delay(TimeSpan.FromMinutes(1), bench.Time);
        Assert.Equal(ErrorCode.None, await new TestCompaction(log).RunAsync());
        await log.Maintenance;
        await AssertNothingLeaksAsync(bench);
        Assert.Equal(Enumerable.Range(1490, 10).Select(i => $"{i}:v{i}"), await bench.StoredAsync());
    }, Small);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_damaged_object_ends_a_step_and_nothing_of_it_is_replaced(bool isMissing) => Run(async bench =>
    {
        bench.Cache = new ObjectCache(0);
        var log = await FilledAsync(bench, 60);
        await log.Maintenance;
        foreach (var key in bench.Store.Keys.Where(key => key.Contains("/part/", StringComparison.Ordinal)))
        {
            if (bench.Store.Find(key) is not { } whole)
            {
                // Small objects were joined.
                continue;
            }

            var damaged = (byte[])whole.Clone();
            damaged[^1] ^= 1;
            bench.Store.Replace(key, isMissing ? null : damaged);
            var (next, error, before) = (Offset.Zero, ErrorCode.None, bench.Store.Keys);
            while (error == ErrorCode.None && next < log.ListedEndOffset)
            {
                await log.Maintenance;
                before = bench.Store.Keys;
                var step = await log.RewriteAsync(next, log.ListedEndOffset, AsTheyAre, NoMark);
                Assert.True(step.Error != ErrorCode.None || step.Next > next);
                (next, error) = (step.Next, step.Error);
            }

            Assert.Equal(ErrorCode.CorruptMessage, error);
            Assert.Equal(ErrorCode.CorruptMessage, (await log.RewriteAsync(next, log.ListedEndOffset, NothingAsync, NoMark)).Error);
            Assert.Empty(before.Except(bench.Store.Keys));
            bench.Store.Replace(key, whole);
            Assert.True(log.IsLeader);
            log = await bench.LeadAsync();
        }

        Assert.Equal(ErrorCode.None, await log.MarkCompactionAsync(default));
        await log.Maintenance;
        await AssertNothingLeaksAsync(bench);
        Assert.Equal(60, (await bench.StoredAsync()).Count);
    }, Pages);

    [Fact]
    public void A_rewriter_that_throws_changes_nothing_and_keeps_nothing_from_going_on() => Run(async bench =>
    {
        var log = await FilledAsync(bench, 60);
        var calls = 0;
        await Assert.ThrowsAsync<DivideByZeroException>(() => log.RewriteAsync(
            Offset.Zero, log.ListedEndOffset, batches => ++calls > 1 ? throw new DivideByZeroException() : NothingAsync(batches), NoMark));
        Assert.Equal(ErrorCode.None, await log.TrimAsync(new Offset(1)));
        Assert.Equal(59, (await LogBench.ReadAllAsync(log, 1)).Count);
        Assert.Equal(ErrorCode.None, await new TestCompaction(log).RunAsync());
        await log.DisposeAsync();
        Assert.Equal(10, (await LogBench.ReadAllAsync(await bench.OpenAsync(), 1)).Count);
    }, Small);

    [Fact]
    public void Another_owner_continues_a_pass_where_the_mark_says() => Run(async bench =>
    {
        var log = await FilledAsync(bench, 200);
        await new TestCompaction(log).RunAsync(maxSteps: 5);
        var mark = log.Compaction;
        Assert.True(mark.IsPassUnderWay && mark.PassNext > Offset.Zero);
        for (var i = 200; i < 240; i++)
        {
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, $"v{i}"));
        }

        var next = await bench.LeadAsync();
        Assert.Equal(mark, next.Compaction);
        var compaction = new TestCompaction(next);
        Assert.Equal(ErrorCode.None, await compaction.RunAsync());
        Assert.Equal(200 - mark.PassNext.Value, 10 + compaction.Removed.Count);
        Assert.Equal(new CompactionMark(new Offset(200), new Offset(200), new Offset(200)), next.Compaction);
        Assert.Equal(50, (await LogBench.ReadAllAsync(next)).Count);
        Assert.Equal(ErrorCode.None, await new TestCompaction(next).RunAsync());
        Assert.Equal(Enumerable.Range(230, 10).Select(i => $"{i}:v{i}"), await bench.StoredAsync());
    }, Pages);

    [Fact]
    public void Merging_joins_no_objects_across_the_end_of_a_pass() => Run(async bench =>
    {
        var log = await FilledAsync(bench, 3);
        Assert.Equal(ErrorCode.None, await log.MarkCompactionAsync(new CompactionMark(Offset.Zero, new Offset(3), Offset.Zero)));
        for (var i = 3; i < 40; i++)
        {
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, $"v{i}"));
        }

        await log.Maintenance;
        var ends = new List<long>();
        Assert.Equal(ErrorCode.None, await log.WalkAsync(part =>
        {
            ends.Add(part.End.Value);
            return part.IsDivisible ? LogWalkStep.Into : LogWalkStep.Next;
        }));
        Assert.Contains(3, ends);
        Assert.Equal(ErrorCode.None, await new TestCompaction(log).RunAsync());
        Assert.Equal(new CompactionMark(new Offset(3), new Offset(3), new Offset(3)), log.Compaction);
        Assert.Equal(40, (await bench.StoredAsync()).Count);
    }, new PartitionLogOptions { ChunkBytes = 1000, SegmentBytes = 4000, WholeChunkBytes = 1200, TailChunks = 8, HeadSegments = 64 });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_walk_that_meets_a_page_which_was_replaced_meanwhile_is_tried_again(bool forSize) => Run(async bench =>
    {
        bench.Cache = new ObjectCache(0);
        var log = await FilledAsync(bench, 60, 200);
        await log.Maintenance;
        var (rewriter, read) = (new Gate(), new Gate());
        var step = log.RewriteAsync(Offset.Zero, log.ListedEndOffset, WaitAsync, NoMark);
        bench.Script.On(Read, HoldAsync);
        var walk = WalkAsync();
        rewriter.Open();
        Assert.Equal(ErrorCode.None, (await step).Error);
        await log.Maintenance;
        Assert.False(walk.IsCompleted);
        read.Open();
        Assert.Equal(ErrorCode.KafkaStorageError, await walk);
        Assert.Equal(ErrorCode.None, await WalkAsync());

        async Task<ErrorCode> WalkAsync() => forSize
            ? (await log.SizeAsync()).Error
            : await log.WalkAsync(part => part.IsDivisible ? LogWalkStep.Into : LogWalkStep.Next);

        async Task<RewrittenBatches> WaitAsync(IReadOnlyList<ReadOnlyMemory<byte>> batches)
        {
            await rewriter.Opened;
            return await NothingAsync(batches);
        }

        async Task<StorageFault> HoldAsync(StorageCall call)
        {
            await read.Opened.ConfigureAwait(false);
            return StorageFault.None;
        }
    }, Pages);

    [Fact]
    public void Searches_and_reads_between_two_steps_find_what_is_there() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        for (var i = 0; i < 150; i++)
        {
            Assert.Equal(ErrorCode.None, await log.Append([TestBatches.ToAppend(TestBatches.Of(i * 37 % 150, $"v{i}"))]).Committed);
        }

        Assert.Equal(ErrorCode.None, await log.SealAsync());
        var reader = await bench.OpenAsync();
        var (next, end) = (Offset.Zero, log.ListedEndOffset);
        while (next < end)
        {
            next = (await log.RewriteAsync(next, end, EveryOtherAsync, NoMark)).Next;
            foreach (var instance in new[] { log, reader })
            {
                Assert.Equal(ErrorCode.None, await instance.EnsureNewestAsync(TimeSpan.Zero));
                var batches = await LogBench.ReadBatchesAsync(instance);
                var bytes = TestBatches.Join(batches.Select(batch => (ReadOnlyMemory<byte>)batch.Bytes));
                Assert.Equal(await LogBench.ReadAllAsync(instance), TestBatches.Records(bytes));
                for (var time = 0; time <= 150; time += 11)
                {
                    var found = await instance.FindBatchAsync(new Timestamp(time), CancellationToken.None);
                    var expected = batches.FindIndex(batch => batch.MaxTimestamp >= time);
                    Assert.Equal(expected < 0 ? [] : batches[expected].Bytes, TestBatches.Join(found.Pieces));
                }
            }
        }

        Assert.InRange((await bench.StoredAsync()).Count, 70, 80);
    }, Pages);

    [Fact]
    public void Objects_of_all_sizes_stay_in_order_under_pages_of_pages() => Run(async bench =>
    {
        var random = new Random(7);
        var log = await bench.LeadAsync();
        for (var i = 0; i < 400; i++)
        {
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, $"v{i}", new string('x', random.Next(900))));
        }

        Assert.Equal(ErrorCode.None, await log.SealAsync());
        var (before, removed) = (await LogBench.ReadAllAsync(log), 0);
        for (var pass = 0; pass < 3; pass++)
        {
            for (var next = Offset.Zero; next < log.ListedEndOffset;)
            {
                var step = await log.RewriteAsync(next, log.ListedEndOffset, SomeAsync, NoMark);
                Assert.Equal(ErrorCode.None, step.Error);
                next = step.Next;
                await log.Maintenance;
                Assert.Empty(bench.Checker.Violations);
            }
        }

        var after = await bench.StoredAsync();
        Assert.Equal(before.Where(after.Contains), after);
        Assert.Equal(800 - (2 * removed), after.Count);

        Task<RewrittenBatches> SomeAsync(IReadOnlyList<ReadOnlyMemory<byte>> batches)
        {
            var rewritten = batches.Select(batch => random.Next(10) > 0 ? batch : default).ToArray();
            removed += rewritten.Count(batch => batch.IsEmpty);
            return Task.FromResult(new RewrittenBatches(ErrorCode.None, rewritten));
        }
    }, OptionsOf(wholeChunkBytes: 300, rewriteBytes: 2000));

    [Fact]
    public void The_head_stays_small_however_scattered_the_changes_are() => Run(async bench =>
    {
        var log = await FilledAsync(bench, 400, 300);
        await log.Maintenance;
        var before = bench.Store.Find(bench.Key("head"))!.Length;
        var (objects, removed) = (0, 0);
        for (var from = 0; from < 400; from += 7)
        {
            // In every other object one batch goes.
            var step = await log.RewriteAsync(
                new Offset(from),
                log.ListedEndOffset,
                batches => Task.FromResult(new RewrittenBatches(
                    ErrorCode.None, objects++ % 2 == 0 && batches.Count > 1 ? [default, .. batches.Skip(1)] : [.. batches])),
                NoMark);
            Assert.Equal(ErrorCode.None, step.Error);
            removed += step.WrittenBytes > 0 ? 1 : 0;
            await log.Maintenance;
            Assert.InRange(bench.Store.Find(bench.Key("head"))!.Length, 1, before + 200);
        }

        Assert.True(removed > 20);
        await AssertNothingLeaksAsync(bench);
    }, OptionsOf(wholeChunkBytes: 900, rewriteBytes: 1500));

    [Fact]
    public void A_start_that_moves_into_a_pass_takes_what_lies_before_it() => Run(async bench =>
    {
        var log = await FilledAsync(bench, 120);
        var (next, end) = (Offset.Zero, log.ListedEndOffset);
        for (var start = 0; next < end; start += 9)
        {
            var step = await log.RewriteAsync(next, end, EveryOtherAsync, NoMark);
            Assert.Equal(ErrorCode.None, step.Error);
            next = step.Next;
            Assert.Equal(ErrorCode.None, await log.TrimAsync(new Offset(Math.Min(start, 100))));
            Assert.NotEmpty(await LogBench.ReadAllAsync(log, log.LogStartOffset.Value));
        }

        await log.Maintenance;
        await AssertNothingLeaksAsync(bench);
    }, Pages);

    private static PartitionLogOptions OptionsOf(int wholeChunkBytes, int rewriteBytes) => new()
    {
        ChunkBytes = 2000,
        SegmentBytes = 1000,
        WholeChunkBytes = wholeChunkBytes,
        TailChunks = 4,
        HeadSegments = 4,
        RewriteBytes = rewriteBytes,
    };

    private static async Task<PartitionLog> FilledAsync(FaultBench bench, int count, int bytes = 0)
    {
        var log = await bench.LeadAsync();
        for (var i = 0; i < count; i++)
        {
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, $"v{i}" + new string('x', bytes)));
        }

        Assert.Equal(ErrorCode.None, await log.SealAsync());
        return log;
    }

    private static async Task AssertNothingLeaksAsync(FaultBench bench) =>
        Assert.Empty(await LogAudit.FindAsync(bench.Store, bench.Store, bench.Time));

    private static Task<RewrittenBatches> AsTheyAre(IReadOnlyList<ReadOnlyMemory<byte>> batches) =>
        Task.FromResult(new RewrittenBatches(ErrorCode.None, [.. batches]));

    private static Task<RewrittenBatches> NothingAsync(IReadOnlyList<ReadOnlyMemory<byte>> batches) =>
        Task.FromResult(new RewrittenBatches(ErrorCode.None, new ReadOnlyMemory<byte>[batches.Count]));

    private static Task<RewrittenBatches> EveryOtherAsync(IReadOnlyList<ReadOnlyMemory<byte>> batches) =>
        Task.FromResult(new RewrittenBatches(ErrorCode.None, [.. batches.Select((batch, i) => i % 2 == 0 ? batch : default)]));
}
