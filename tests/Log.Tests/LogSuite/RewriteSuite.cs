using Loire.Log.Chains;
using Loire.Log.Objects;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.Model.Batches;
using Loire.TestKit;

namespace Loire.Log.Tests.LogSuite;

/// <summary>How the batches of a log are rewritten in place, and what remains. One class per store derives from it.</summary>
public abstract class RewriteSuite : OnAnyStore
{
    /// <summary>How often the longest test appends and compacts; a store over the network needs a second for a hundred calls.</summary>
    protected virtual int Rounds => 6;

    private static readonly PartitionLogOptions Smallest = new()
    {
        ChunkBytes = 1000,
        SegmentBytes = 1000,
        WholeChunkBytes = 900,
        TailChunks = 4,
        HeadSegments = 4,
        RewriteBytes = 3000,
    };

    private static readonly PartitionLogOptions Flat = new()
    {
        ChunkBytes = 1000,
        SegmentBytes = 1000,
        WholeChunkBytes = 500,
        TailChunks = 4,
        HeadSegments = 8,
        RewriteBytes = 3000,
    };

    private static CompactionMark NoMark(Offset next) => default;

    [Fact]
    public void What_remains_after_a_pass_is_found_by_readers_searches_and_later_owners_at_its_offsets() => Run(
        async bench =>
        {
            var log = await bench.LeadAsync();
            await AppendAsync(log, 0, 200);
            var before = await LogBench.ReadBatchesAsync(log);
            var compaction = new TestCompaction(log);
            Assert.Equal(ErrorCode.None, await compaction.RunAsync());
            Assert.True(compaction.Steps.Count > 5 && compaction.Steps.Sum(step => step.WrittenBytes) > 0);
            Assert.Equal(190, compaction.Removed.Count);
            await log.DisposeAsync();
            await bench.ReopenStoreAsync();
            foreach (var opened in new[] { await bench.LeadAsync(), await bench.OpenAsync() })
            {
                Assert.Equal(new PositionsOf(0, 200, 200), PositionsOf.The(opened));
                Assert.Equal(Enumerable.Range(190, 10).Select(i => $"{i}:{ValueOf(i)}"), await LogBench.ReadAllAsync(opened));
                var after = await LogBench.ReadBatchesAsync(opened);
                Assert.Equal(before.TakeLast(10).Select(batch => batch.Bytes), after.Select(batch => batch.Bytes));
                for (var at = 0; at < 200; at += 7)
                {
                    // In a hole as anywhere, a read starts with the next batch there is.
                    var read = await opened.ReadAsync(new Offset(at), 1, CancellationToken.None);
                    Assert.Equal([$"{Math.Max(at, 190)}:{ValueOf(Math.Max(at, 190))}"], TestBatches.Records(TestBatches.Join(read.Pieces)));
                    var found = await opened.FindBatchAsync(new Timestamp(at), CancellationToken.None);
                    Assert.Equal(TestBatches.Join(read.Pieces), TestBatches.Join(found.Pieces));
                }
            }
        },
        Smallest);

    [Fact]
    public void A_pass_over_a_long_log_leaves_few_objects_under_pages_of_pages_and_the_next_one_rewrites_nothing_again() => Run(
        async bench =>
        {
            var log = await bench.LeadAsync();
            await AppendAsync(log, 0, 300);
            await log.Maintenance;
            var (_, full) = await log.SizeAsync();
            var parts = await PartsAsync(log);
            Assert.Equal(ErrorCode.None, await new TestCompaction(log).RunAsync());

            // Each step has left an object, be it without batches; the next pass joins them.
            var again = new TestCompaction(log);
            Assert.Equal(ErrorCode.None, await again.RunAsync());
            await log.Maintenance;
            var (_, compacted) = await log.SizeAsync();
            Assert.InRange(compacted, 1, full / 10);
            Assert.InRange((await PartsAsync(log)).Count, 1, parts.Count / 5);
            var last = new TestCompaction(log);
            Assert.Equal(ErrorCode.None, await last.RunAsync());
            Assert.Empty(again.Removed);
            Assert.Equal(0, last.Steps.Sum(step => step.WrittenBytes));

            for (var round = 1; round < Rounds; round++)
            {
                await AppendAsync(log, 300 * round, 300);
                Assert.Equal(ErrorCode.None, await new TestCompaction(log).RunAsync());
                await log.Maintenance;
                Assert.InRange((await PartsAsync(log)).Count, 1, parts.Count / 2);
                Assert.Equal(10, (await LogBench.ReadAllAsync(log)).Count);
            }
        },
        Smallest);

    [Fact]
    public void Steps_are_bounded_in_bytes_and_end_between_objects() => Run(
        async bench =>
        {
            var log = await bench.LeadAsync();
            for (var i = 0; i < 60; i++)
            {
                Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, new string('x', 500 + i)));
            }

            Assert.Equal(ErrorCode.None, await log.SealAsync());
            Assert.Equal(log.DurableEndOffset, log.ListedEndOffset);
            await log.Maintenance;
            var ends = (await PartsAsync(log)).Select(part => part.End).ToHashSet();
            var (_, size) = await log.SizeAsync();
            var (next, bytes) = (Offset.Zero, 0L);
            while (next < log.ListedEndOffset)
            {
                var step = await log.RewriteAsync(next, log.ListedEndOffset, AsTheyAre, NoMark);
                Assert.Equal((ErrorCode.None, 0L), (step.Error, step.WrittenBytes));
                Assert.Contains(step.Next, ends);
                Assert.InRange(step.SourceBytes, 1, 3000);
                Assert.True(step.Next > next);
                (next, bytes) = (step.Next, bytes + step.SourceBytes);
            }

            // A fence has no records, and is not read for them.
            Assert.InRange(bytes, size - 1000, size);
        },
        Flat);

    [Fact]
    public void Objects_that_end_beyond_the_end_of_the_pass_stay_as_they_are() => Run(
        async bench =>
        {
            var log = await bench.LeadAsync();
            await AppendAsync(log, 0, 60);
            Assert.Equal(ErrorCode.None, await log.SealAsync());
            await log.Maintenance;
            var second = (await PartsAsync(log)).Where(part => part.End > Offset.Zero).ElementAt(1);
            var step = await log.RewriteAsync(Offset.Zero, second.End + -1, Nothing, NoMark);
            Assert.Equal(ErrorCode.None, step.Error);
            Assert.True(step.Next < second.End);
            var rest = await log.RewriteAsync(step.Next, second.End + -1, Nothing, NoMark);
            Assert.Equal((ErrorCode.None, second.End + -1, 0L), (rest.Error, rest.Next, rest.SourceBytes));
            Assert.Equal(60 - step.Next.Value, (await LogBench.ReadAllAsync(log)).Count);
        },
        Smallest);

    [Fact]
    public void Offsets_go_on_after_every_batch_is_gone() => Run(
        async bench =>
        {
            var log = await bench.LeadAsync();
            await AppendAsync(log, 0, 50);
            Assert.Equal(ErrorCode.None, await log.SealAsync());
            await RewriteAllAsync(log, Nothing);
            await log.Maintenance;
            Assert.Equal(new PositionsOf(0, 50, 50), PositionsOf.The(log));
            Assert.Empty(await LogBench.ReadAllAsync(log));
            Assert.Empty((await log.FindBatchAsync(new Timestamp(0), CancellationToken.None)).Pieces);
            await log.DisposeAsync();
            await bench.ReopenStoreAsync();
            log = await bench.LeadAsync();
            await LogBench.AppendAsync(log, "next");
            Assert.Equal(["50:next"], await LogBench.ReadAllAsync(log));

            // The range without batches goes with the start of the log, as any other.
            Assert.Equal(ErrorCode.None, await log.TrimAsync(new Offset(50)));
            await log.Maintenance;
            Assert.Equal(["50:next"], await LogBench.ReadAllAsync(log, 50));
            Assert.DoesNotContain(await PartsAsync(log), part => part.End < new Offset(50));
        },
        Smallest);

    [Fact]
    public void A_batch_may_be_replaced_by_another_one_with_its_offsets() => Run(
        async bench =>
        {
            var log = await bench.LeadAsync();
            await AppendAsync(log, 0, 40);
            Assert.Equal(ErrorCode.None, await log.SealAsync());
            await RewriteAllAsync(log, batches => Task.FromResult(new RewrittenBatches(
                ErrorCode.None, [.. batches.Select((batch, i) => i % 2 == 0 ? Restamped(batch, 5_000) : batch)])));
            bench.Cache = new ObjectCache(0);
            var opened = await bench.OpenAsync();
            Assert.Equal(Enumerable.Range(0, 40).Select(i => $"{i}:{ValueOf(i)}"), await LogBench.ReadAllAsync(opened));
            var times = (await LogBench.ReadBatchesAsync(opened)).Select(batch => batch.MaxTimestamp).ToList();
            Assert.Contains(5_000, times);
            for (var time = 0; time < 6_000; time += 100)
            {
                var expected = times.FindIndex(max => max >= time);
                var found = await opened.FindBatchAsync(new Timestamp(time), CancellationToken.None);
                Assert.Equal(expected < 0 ? 40 : expected + 1, found.NextOffset.Value);
            }
        },
        Smallest);

    [Fact]
    public void A_batch_must_keep_its_offsets() => Run(
        async bench =>
        {
            var log = await bench.LeadAsync();
            await LogBench.AppendAsync(log, "a", "b");
            await LogBench.AppendAsync(log, "c");
            Assert.Equal(ErrorCode.None, await log.SealAsync());
            ReadOnlyMemory<byte>[] others = [TestBatches.Of(1, "a"), TestBatches.Of(1, "a", "b", "c"), new byte[100], new byte[3]];
            foreach (var other in others)
            {
                await Assert.ThrowsAsync<InvariantException>(() => log.RewriteAsync(
                    Offset.Zero,
                    log.ListedEndOffset,
                    batches => Task.FromResult(new RewrittenBatches(ErrorCode.None, [other, .. batches.Skip(1)])),
                    NoMark));
            }

            await Assert.ThrowsAsync<InvariantException>(() => log.RewriteAsync(
                Offset.Zero, log.ListedEndOffset, _ => Task.FromResult(new RewrittenBatches(ErrorCode.None, [])), NoMark));
            Assert.Equal(["0:a", "1:b", "2:c"], await LogBench.ReadAllAsync(log));
            await LogBench.AppendAsync(log, "d");
            await RewriteAllAsync(log, Nothing);
            Assert.Equal(["3:d"], await LogBench.ReadAllAsync(log));
        });

    [Fact]
    public void The_mark_of_compaction_outlives_its_owner_and_never_lies_before_the_start() => Run(
        async bench =>
        {
            var log = await bench.LeadAsync();
            await AppendAsync(log, 0, 40);
            Assert.Equal(default, log.Compaction);
            Assert.Equal(ErrorCode.None, await log.SealAsync());
            Assert.Equal(ErrorCode.None, await log.MarkCompactionAsync(new CompactionMark(new Offset(3), new Offset(30), new Offset(7))));
            await log.DisposeAsync();
            await bench.ReopenStoreAsync();
            log = await bench.LeadAsync();
            Assert.Equal(new CompactionMark(new Offset(3), new Offset(30), new Offset(7)), log.Compaction);
            Assert.True(log.Compaction.IsPassUnderWay);

            // A step sets it together with its change.
            var step = await log.RewriteAsync(
                new Offset(7), new Offset(30), Nothing, next => new CompactionMark(new Offset(3), new Offset(30), next));
            Assert.Equal((ErrorCode.None, step.Next), (step.Error, log.Compaction.PassNext));
            Assert.Equal(step.Next, (await bench.OpenAsync()).Compaction.PassNext);
            Assert.Equal(ErrorCode.None, await log.TrimAsync(new Offset(35)));
            Assert.Equal(new CompactionMark(new Offset(35), new Offset(35), new Offset(35)), log.Compaction);
            await Assert.ThrowsAsync<InvariantException>(
                () => log.MarkCompactionAsync(new CompactionMark(new Offset(3), new Offset(41), new Offset(3))));
            await Assert.ThrowsAsync<InvariantException>(
                () => log.MarkCompactionAsync(new CompactionMark(new Offset(3), new Offset(30), new Offset(31))));
        },
        Smallest);

    [Fact]
    public void Only_the_leader_rewrites() => Run(async bench =>
    {
        var first = await bench.LeadAsync();
        await LogBench.AppendAsync(first, "a");
        Assert.Equal(ErrorCode.None, await first.SealAsync());
        var reader = await bench.OpenAsync();
        Assert.Equal(ErrorCode.NotLeaderOrFollower, (await reader.RewriteAsync(Offset.Zero, new Offset(1), Nothing, NoMark)).Error);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, await reader.SealAsync());
        Assert.Equal(ErrorCode.NotLeaderOrFollower, await reader.MarkCompactionAsync(default));
        var second = await bench.LeadAsync();
        Assert.Equal(ErrorCode.NotLeaderOrFollower, (await first.RewriteAsync(Offset.Zero, new Offset(1), Nothing, NoMark)).Error);
        Assert.NotNull(first.CloseReason);
        Assert.Equal(["0:a"], await LogBench.ReadAllAsync(second));

        // A reader that has seen what was there before looks again.
        bench.Cache = new ObjectCache(0);
        reader = await bench.OpenAsync();
        Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(second, "b"));
        await RewriteAllAsync(second, Nothing);
        await second.Maintenance;
        Assert.Equal(ErrorCode.None, await reader.EnsureNewestAsync(TimeSpan.Zero));
        Assert.Equal(["1:b"], await LogBench.ReadAllAsync(reader));
    });

    [Fact]
    public void An_error_of_the_rewriter_changes_nothing() => Run(
        async bench =>
        {
            var log = await bench.LeadAsync();
            await AppendAsync(log, 0, 40);
            Assert.Equal(ErrorCode.None, await log.SealAsync());
            await log.Maintenance;
            var (calls, before) = (0, await PartsAsync(log));
            var step = await log.RewriteAsync(Offset.Zero, log.ListedEndOffset, FailLaterAsync, NoMark);
            Assert.Equal(new RewriteStep(ErrorCode.CorruptMessage, Offset.Zero), step);
            Assert.True(calls > 1);
            Assert.Equal(before, await PartsAsync(log));
            Assert.Equal(40, (await LogBench.ReadAllAsync(log)).Count);

            async Task<RewrittenBatches> FailLaterAsync(IReadOnlyList<ReadOnlyMemory<byte>> batches)
            {
                await Task.Yield();
                return calls++ == 0 ? await Nothing(batches) : new RewrittenBatches(ErrorCode.CorruptMessage, []);
            }
        },
        Flat);

    [Fact]
    public void A_rewritten_log_can_be_deleted() => Run(
        async bench =>
        {
            var log = await bench.LeadAsync();
            await AppendAsync(log, 0, 100);
            Assert.Equal(ErrorCode.None, await new TestCompaction(log).RunAsync(maxSteps: 4));
            Assert.Equal(ErrorCode.None, await log.DeleteAsync(CancellationToken.None));
            Assert.Equal(new PositionsOf(0, 0, 0), PositionsOf.The(await bench.OpenAsync()));
        },
        Smallest);

    private static string ValueOf(int i) => $"v{i}" + new string('x', i % 5 == 0 ? 400 : 60);

    private static async Task AppendAsync(PartitionLog log, int first, int count)
    {
        for (var i = first; i < first + count; i++)
        {
            Assert.Equal(ErrorCode.None, await log.Append([TestBatches.ToAppend(TestBatches.Of(i, ValueOf(i)))]).Committed);
        }
    }

    private static async Task<List<LogPart>> PartsAsync(PartitionLog log)
    {
        var parts = new List<LogPart>();
        Assert.Equal(ErrorCode.None, await log.WalkAsync(part =>
        {
            if (part.IsDivisible)
            {
                return LogWalkStep.Into;
            }

            parts.Add(part);
            return LogWalkStep.Next;
        }));
        return parts;
    }

    private static async Task RewriteAllAsync(PartitionLog log, Func<IReadOnlyList<ReadOnlyMemory<byte>>, Task<RewrittenBatches>> rewrite)
    {
        var end = log.ListedEndOffset;
        for (var next = log.LogStartOffset; next < end;)
        {
            var step = await log.RewriteAsync(next, end, rewrite, NoMark);
            Assert.Equal(ErrorCode.None, step.Error);
            Assert.True(step.Next > next);
            next = step.Next;
        }
    }

    private static Task<RewrittenBatches> AsTheyAre(IReadOnlyList<ReadOnlyMemory<byte>> batches) =>
        Task.FromResult(new RewrittenBatches(ErrorCode.None, [.. batches]));

    private static Task<RewrittenBatches> Nothing(IReadOnlyList<ReadOnlyMemory<byte>> batches) =>
        Task.FromResult(new RewrittenBatches(ErrorCode.None, new ReadOnlyMemory<byte>[batches.Count]));

    private static ReadOnlyMemory<byte> Restamped(ReadOnlyMemory<byte> batch, long time)
    {
        Assert.Equal(ErrorCode.None, RecordBatch.TryRead(batch.Span, out var view));
        var copy = batch.ToArray();
        RecordBatch.Restamp(batch.Span, view.BaseOffset, view.LeaderEpoch, new Timestamp(time), copy);
        return copy;
    }
}
