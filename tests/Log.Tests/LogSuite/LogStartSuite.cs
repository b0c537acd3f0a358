using Loire.Log.Partitions;
using Loire.Model;
using Loire.TestKit;

namespace Loire.Log.Tests.LogSuite;

/// <summary>How the start of a partition's log moves, and what lies before it goes. One class per store derives from it.</summary>
public abstract class LogStartSuite : OnAnyStore
{
    [Fact]
    public void A_log_whose_start_has_moved_begins_there_for_readers_searches_and_later_owners() => Run(
        async bench =>
        {
            var log = await bench.LeadAsync();
            for (var i = 0; i < 40; i++)
            {
                Assert.Equal(ErrorCode.None, await log.Append([TestBatches.ToAppend(TestBatches.Of(i, $"v{i}" + new string('x', 100)))]).Committed);
            }

            foreach (var start in new long[] { 1, 7, 7, 20, 3, 39 })
            {
                Assert.Equal(ErrorCode.None, await log.TrimAsync(new Offset(start)));
                Assert.Equal(Math.Max(log.LogStartOffset.Value, start), log.LogStartOffset.Value);
                Assert.Equal(ErrorCode.OffsetOutOfRange, (await log.ReadAsync(new Offset(0), 1000, CancellationToken.None)).Error);
                Assert.Equal(40 - log.LogStartOffset.Value, (await LogBench.ReadAllAsync(log, log.LogStartOffset.Value)).Count);
                var found = await log.FindBatchAsync(new Timestamp(0), CancellationToken.None);
                Assert.Equal(log.LogStartOffset + 1, found.NextOffset);
            }

            await log.Maintenance;
            await log.DisposeAsync();
            await bench.ReopenStoreAsync();
            log = await bench.LeadAsync();
            Assert.Equal(new PositionsOf(39, 40, 40), PositionsOf.The(log));
            Assert.Single(await LogBench.ReadAllAsync(log, 39));
        },
        Small);

    [Fact]
    public void A_search_by_time_that_meets_the_batch_in_which_the_log_starts_returns_the_next_one_too() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        foreach (var time in new[] { 100, 5, 100 })
        {
            Assert.Equal(ErrorCode.None, await log.Append([TestBatches.ToAppend(TestBatches.Of(time, "a", "b"))]).Committed);
        }

        Assert.Equal(["0:a", "1:b"], await FindAsync(50));
        Assert.Equal(ErrorCode.None, await log.TrimAsync(new Offset(1)));
        Assert.Equal(["0:a", "1:b", "4:a", "5:b"], await FindAsync(50));
        Assert.Equal(["0:a", "1:b", "2:a", "3:b"], await FindAsync(5));
        Assert.Empty(await FindAsync(1_000));
        Assert.Equal(ErrorCode.None, await log.TrimAsync(new Offset(5)));
        Assert.Equal(["4:a", "5:b"], await FindAsync(50));

        async Task<List<string>> FindAsync(long time) =>
            TestBatches.Records(TestBatches.Join((await log.FindBatchAsync(new Timestamp(time), CancellationToken.None)).Pieces));
    });

    [Fact]
    public void A_search_by_time_passes_over_a_page_whose_greatest_timestamp_lies_before_the_start() => Run(
        async bench =>
        {
            var log = await bench.LeadAsync();
            for (var i = 0; i < 200; i++)
            {
                var time = i == 0 ? 5_000 : i;
                var batch = TestBatches.Of(time, $"v{i}" + new string('x', 300));
                Assert.Equal(ErrorCode.None, await log.Append([TestBatches.ToAppend(batch)]).Committed);
            }

            await log.Maintenance;
            Assert.Equal(ErrorCode.None, await log.TrimAsync(new Offset(1)));
            var found = await log.FindBatchAsync(new Timestamp(1_000), CancellationToken.None);
            Assert.Equal((ErrorCode.None, 0L, 200L), (found.Error, found.Bytes, found.NextOffset.Value));
        },
        Small);

    [Fact]
    public void Offsets_go_on_after_the_last_record_was_dropped() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        await LogBench.AppendAsync(log, "a", "b");
        Assert.Equal(ErrorCode.OffsetOutOfRange, await log.TrimAsync(new Offset(3)));
        Assert.Equal(ErrorCode.None, await log.TrimAsync(new Offset(2)));
        await log.Maintenance;
        await log.DisposeAsync();
        await bench.ReopenStoreAsync();
        log = await bench.LeadAsync();
        Assert.Equal(new PositionsOf(2, 2, 2), PositionsOf.The(log));
        await LogBench.AppendAsync(log, "c");
        Assert.Equal(["2:c"], await LogBench.ReadAllAsync(log, 2));
    });

    [Fact]
    public void Only_the_leader_moves_the_start() => Run(async bench =>
    {
        var first = await bench.LeadAsync();
        await LogBench.AppendAsync(first, "a", "b");
        var reader = await bench.OpenAsync();
        Assert.Equal(ErrorCode.NotLeaderOrFollower, await reader.TrimAsync(new Offset(1)));
        var second = await bench.LeadAsync();
        Assert.Equal(ErrorCode.NotLeaderOrFollower, await first.TrimAsync(new Offset(1)));
        Assert.Equal(0, second.LogStartOffset.Value);

        // A reader learns of the move when it looks at storage.
        Assert.Equal(ErrorCode.None, await second.TrimAsync(new Offset(1)));
        Assert.Equal(ErrorCode.None, await reader.EnsureNewestAsync(TimeSpan.Zero));
        Assert.Equal(1, reader.LogStartOffset.Value);
    });

    [Fact]
    public void The_parts_of_a_log_add_up_to_its_size_and_are_visited_in_order_also_within_pages() => Run(
        async bench =>
        {
            var log = await bench.LeadAsync();
            for (var i = 0; i < 200; i++)
            {
                Assert.Equal(ErrorCode.None, await log.Append([TestBatches.ToAppend(TestBatches.Of(i, $"v{i}" + new string('x', 300)))]).Committed);
            }

            await log.Maintenance;
            foreach (var opened in new[] { log, await bench.OpenAsync() })
            {
                var (error, size) = await opened.SizeAsync();
                Assert.Equal(ErrorCode.None, error);
                var (whole, parts) = (new List<LogPart>(), new List<LogPart>());
                Assert.Equal(ErrorCode.None, await opened.WalkAsync(part => Take(whole, part, LogWalkStep.Next)));
                Assert.Equal(
                    ErrorCode.None,
                    await opened.WalkAsync(part => part.IsDivisible ? LogWalkStep.Into : Take(parts, part, LogWalkStep.Next)));
                Assert.Contains(whole, part => part.IsDivisible);
                Assert.Equal((size, size), (whole.Sum(part => part.Bytes), parts.Sum(part => part.Bytes)));
                Assert.Equal(parts.Select(part => part.End).Order(), parts.Select(part => part.End));
                Assert.Equal((200L, 199L), (parts[^1].End.Value, parts.Max(part => part.MaxTimestamp).Milliseconds));
                Assert.True(parts.Count > whole.Count);
            }

            var first = new List<LogPart>();
            Assert.Equal(ErrorCode.None, await log.WalkAsync(part => part.IsDivisible ? LogWalkStep.Into : Take(first, part, LogWalkStep.Stop)));
            Assert.Single(first);

            static LogWalkStep Take(List<LogPart> parts, LogPart part, LogWalkStep step)
            {
                parts.Add(part);
                return step;
            }
        },
        Small);

    [Fact]
    public void The_size_of_a_log_is_that_of_the_parts_with_something_to_read() => Run(
        async bench =>
        {
            var log = await bench.LeadAsync();
            Assert.Equal((ErrorCode.None, LogSize.None), await log.MeasureAsync());
            for (var i = 0; i < 200; i++)
            {
                Assert.Equal(ErrorCode.None, await log.Append([TestBatches.ToAppend(TestBatches.Of(i, $"v{i}" + new string('x', 300)))]).Committed);
            }

            await log.Maintenance;
            foreach (var start in (int[])[0, 1, 77, 150, 199])
            {
                Assert.Equal(ErrorCode.None, await log.TrimAsync(new Offset(start)));
                await log.Maintenance;
                foreach (var opened in new[] { log, await bench.OpenAsync() })
                {
                    var (parts, before) = (new List<LogPart>(), new Offset(start));
                    Assert.Equal(ErrorCode.None, await opened.WalkAsync(Take));
                    var (error, size) = await opened.MeasureAsync();
                    Assert.Equal(ErrorCode.None, error);
                    Assert.Equal(
                        new LogSize(parts.Sum(part => part.Bytes), parts[0].Bytes, parts[0].MaxTimestamp),
                        size);

                    LogWalkStep Take(LogPart part)
                    {
                        if (part.IsDivisible)
                        {
                            return LogWalkStep.Into;
                        }

                        if (part.End > before)
                        {
                            parts.Add(part);
                            before = part.End;
                        }

                        return LogWalkStep.Next;
                    }
                }
            }

            Assert.Equal(ErrorCode.None, await log.TrimAsync(log.DurableEndOffset));
            Assert.Equal((ErrorCode.None, LogSize.None), await log.MeasureAsync());
        },
        Small);
}
