using Loire.Log.Chains;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.Model.Batches;
using Loire.TestKit;

namespace Loire.Log.Tests.LogSuite;

/// <summary>
/// What a partition's log does on any store that keeps to the contract of grain storage. One class per store derives from it.
/// </summary>
public abstract class PartitionLogSuite : OnAnyStore
{
    [Fact]
    public void Appended_batches_are_read_back_in_order() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, "a", "b"));
        Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, "c"));
        Assert.Equal(["0:a", "1:b", "2:c"], await LogBench.ReadAllAsync(log));
    });

    [Fact]
    public void An_unwritten_log_is_empty_at_offset_zero() => Run(async bench =>
    {
        var log = await bench.OpenAsync();
        Assert.Equal(new PositionsOf(0, 0, 0), PositionsOf.The(log));
        Assert.Equal(LeaderEpoch.None, log.Epoch);
        Assert.False(log.IsLeader);
        var read = await log.ReadAsync(Offset.Zero, 100, CancellationToken.None);
        Assert.Equal((ErrorCode.None, 0L), (read.Error, read.Bytes));
        Assert.Equal(ErrorCode.None, (await log.FindBatchAsync(new Timestamp(1), CancellationToken.None)).Error);
    });

    [Fact]
    public void Offsets_are_assigned_at_once_and_the_durable_end_follows_when_storage_has_confirmed() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        var first = log.Append([TestBatches.ToAppend(TestBatches.Of(1, "a", "b"))]);
        var second = log.Append([TestBatches.ToAppend(TestBatches.Of(1, "c"))]);
        Assert.Equal((0, 1, 2, 2), (first.BaseOffset.Value, first.LastOffset.Value, second.BaseOffset.Value, second.LastOffset.Value));
        Assert.Equal(new PositionsOf(0, 0, 3), PositionsOf.The(log));
        Assert.True(log.PendingBytes > 0);
        Assert.Equal(ErrorCode.None, await second.Committed);
        Assert.True(first.Committed.IsCompleted);
        Assert.Equal(new PositionsOf(0, 3, 3), PositionsOf.The(log));
        Assert.Equal(0, log.PendingBytes);
    });

    [Fact]
    public void Acknowledged_batches_are_present_when_the_store_is_opened_again() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, $"v{i}"));
        }

        await log.DisposeAsync();
        await bench.ReopenStoreAsync();
        log = await bench.OpenAsync();
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"{i}:v{i}"), await LogBench.ReadAllAsync(log));
    });

    [Fact]
    public void A_read_returns_the_produced_bytes_with_offset_and_leader_epoch_stamped() => Run(async bench =>
    {
        await (await bench.LeadAsync()).DisposeAsync();
        var log = await bench.LeadAsync();
        var small = TestBatches.Of(1, "a", "b");
        var large = TestBatches.Of(2, new string('x', 5000));
        byte[][] original = [small.ToArray(), large.ToArray()];
        await log.Append([TestBatches.ToAppend(small), TestBatches.ToAppend(large), TestBatches.ToAppend(small)]).Committed;
        Assert.Equal(original, [small.ToArray(), large.ToArray()]);

        foreach (var cache in new[] { bench.Cache, new ObjectCache(0) })
        {
            bench.Cache = cache;
            log = await bench.OpenAsync();
            var bytes = TestBatches.Join((await log.ReadAsync(Offset.Zero, 1_000_000, CancellationToken.None)).Pieces);
            var at = 0;
            foreach (var (sent, offset) in new[] { (small, 0), (large, 2), (small, 3) })
            {
                Assert.Equal(ErrorCode.None, RecordBatch.TryRead(bytes.AsSpan(at), out var batch));
                Assert.Equal((offset, 1), (batch.BaseOffset.Value, batch.LeaderEpoch.Value));
                Assert.True(batch.Bytes[RecordBatch.StampSize..].SequenceEqual(sent.Span[RecordBatch.StampSize..]));
                at += batch.SizeInBytes;
            }

            Assert.Equal(bytes.Length, at);
        }
    });

    [Fact]
    public void A_batch_may_be_stored_under_another_header() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        foreach (var value in new[] { "a", new string('x', 5000) })
        {
            var batch = TestBatches.Of(1, value);
            var header = new byte[RecordBatch.HeaderSize];
            RecordBatch.Restamp(batch.Span, Offset.Zero, LeaderEpoch.None, new Timestamp(77), header);
            var pending = log.Append([new BatchToAppend(batch, 1, new Timestamp(77), header)]);
            Assert.Equal(ErrorCode.None, await pending.Committed);

            var read = await log.ReadAsync(pending.BaseOffset, 1, CancellationToken.None);
            Assert.Equal(ErrorCode.None, RecordBatch.TryRead(TestBatches.Join(read.Pieces), out var stored));
            Assert.True(stored.CrcIsValid());
            Assert.Equal((TimestampType.LogAppendTime, 77), (stored.TimestampType, stored.MaxTimestamp.Milliseconds));
            Assert.Equal(pending.BaseOffset, stored.BaseOffset);
        }

        Assert.Equal(2, (await LogBench.ReadAllAsync(log)).Count);
    });

    [Fact]
    public void A_read_returns_at_most_the_requested_bytes_but_always_its_first_batch() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        var batch = TestBatches.Of(1, new string('x', 900));
        for (var i = 0; i < 40; i++)
        {
            await log.Append([.. Enumerable.Repeat(TestBatches.ToAppend(batch), 1 + (i % 3))]).Committed;
        }

        for (var max = 0; max < 12_000; max += 377)
        {
            var read = await log.ReadAsync(new Offset(5), max, CancellationToken.None);
            var whole = Math.Max(1, max / batch.Length);
            Assert.Equal((whole * batch.Length, 5 + whole), (read.Bytes, read.NextOffset.Value));
            Assert.Equal(whole, TestBatches.Records(TestBatches.Join(read.Pieces)).Count);
        }
    });

    [Fact]
    public void A_read_starts_with_the_batch_that_contains_the_offset() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        await LogBench.AppendAsync(log, "a", "b", "c");
        await LogBench.AppendAsync(log, "d", "e");
        var read = await log.ReadAsync(new Offset(2), 1, CancellationToken.None);
        Assert.Equal(["0:a", "1:b", "2:c"], TestBatches.Records(TestBatches.Join(read.Pieces)));
        Assert.Equal(3, read.NextOffset.Value);
        read = await log.ReadAsync(new Offset(4), 1, CancellationToken.None);
        Assert.Equal(["3:d", "4:e"], TestBatches.Records(TestBatches.Join(read.Pieces)));
    });

    [Fact]
    public void At_the_end_a_read_is_empty_and_outside_the_log_it_is_out_of_range() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        await LogBench.AppendAsync(log, "a");
        var read = await log.ReadAsync(new Offset(1), 100, CancellationToken.None);
        Assert.Equal((ErrorCode.None, 0L, 1L), (read.Error, read.Bytes, read.NextOffset.Value));
        Assert.Equal(ErrorCode.OffsetOutOfRange, (await log.ReadAsync(new Offset(2), 100, CancellationToken.None)).Error);
        Assert.Equal(ErrorCode.OffsetOutOfRange, (await log.ReadAsync(new Offset(-1), 100, CancellationToken.None)).Error);
        Assert.Equal(ErrorCode.OffsetOutOfRange, (await log.ReadAsync(new Offset(long.MaxValue), 100, CancellationToken.None)).Error);
    });

    [Fact]
    public void Batches_of_all_sizes_come_back_unchanged_from_memory_and_from_storage() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        var random = new Random(5);
        var expected = new List<string>();
        foreach (var size in new[] { 0, 10, 1000, 40_000, 3_000_000, 900, 300_000, 1, 2_000_000, 16_000 })
        {
            var values = Enumerable.Range(0, 1 + random.Next(3)).Select(i => new string((char)('a' + i), size)).ToArray();
            var offset = expected.Count;
            expected.AddRange(values.Select((value, i) => $"{offset + i}:{value}"));
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, values));
        }

        Assert.Equal(expected, await LogBench.ReadAllAsync(log));
        bench.Cache = new ObjectCache(0);
        Assert.Equal(expected, await LogBench.ReadAllAsync(await bench.OpenAsync()));
    });

    [Fact]
    public void A_search_by_time_finds_the_first_batch_that_reaches_it() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        var random = new Random(6);
        for (var i = 0; i < 300; i++)
        {
            var pending = log.Append([TestBatches.ToAppend(TestBatches.Of(random.Next(100_000), "a", new string('y', 300)))]);
            _ = i % 7 == 0 ? await pending.Committed : ErrorCode.None;
        }

        await LogBench.AppendAsync(log, "last");
        var all = await LogBench.ReadBatchesAsync(log);
        foreach (var instance in new[] { log, await bench.OpenAsync() })
        {
            for (var t = 0; t <= 100_100; t += 1237)
            {
                var expected = all.FindIndex(batch => batch.MaxTimestamp >= t);
                var found = await instance.FindBatchAsync(new Timestamp(t), CancellationToken.None);
                Assert.Equal(ErrorCode.None, found.Error);
                Assert.Equal(expected < 0 ? [] : all[expected].Bytes, TestBatches.Join(found.Pieces));
            }
        }
    }, Small);

    [Fact]
    public void Many_small_appends_are_merged_and_read_as_before() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        for (var i = 0; i < 400; i++)
        {
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, $"v{i}"));
        }

        var expected = Enumerable.Range(0, 400).Select(i => $"{i}:v{i}").ToList();
        Assert.Equal(expected, await LogBench.ReadAllAsync(log, maxBytes: 700));
        bench.Cache = new ObjectCache(3000);
        var cold = await bench.OpenAsync();
        Assert.Equal(expected, await LogBench.ReadAllAsync(cold, maxBytes: 1));
        for (var i = 0; i < 400; i += 37)
        {
            var read = await cold.ReadAsync(new Offset(i), 1, CancellationToken.None);
            Assert.Equal([$"{i}:v{i}"], TestBatches.Records(TestBatches.Join(read.Pieces)));
        }
    }, Small);

    [Fact]
    public void A_new_leader_fences_the_previous_one() => Run(async bench =>
    {
        var old = await bench.LeadAsync();
        await LogBench.AppendAsync(old, "a");
        var closed = new List<ErrorCode>();
        old.Closed = closed.Add;
        var next = await bench.LeadAsync();
        Assert.True(next.Epoch > old.Epoch);

        Assert.Equal(ErrorCode.NotLeaderOrFollower, await LogBench.AppendAsync(old, "zombie"));
        Assert.Equal([ErrorCode.NotLeaderOrFollower], closed);
        Assert.False(old.IsLeader);
        Assert.NotNull(old.CloseReason);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, (await old.ReadAsync(Offset.Zero, 1, CancellationToken.None)).Error);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, await old.WaitForRoomAsync(1, CancellationToken.None));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, await old.BecomeLeaderAsync(CancellationToken.None));

        Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(next, "b"));
        Assert.Equal(["0:a", "1:b"], await LogBench.ReadAllAsync(next));
    });

    [Fact]
    public void A_leader_suspended_while_its_successor_merged_and_deleted_everything_is_still_fenced() => Run(async bench =>
    {
        var sleeper = await bench.LeadAsync();
        await LogBench.AppendAsync(sleeper, "a");
        var next = await bench.LeadAsync();
        for (var i = 0; i < 100; i++)
        {
            await LogBench.AppendAsync(next, $"v{i}");
        }

        Assert.Equal(ErrorCode.NotLeaderOrFollower, await LogBench.AppendAsync(sleeper, "zombie"));
        Assert.Equal(101, (await LogBench.ReadAllAsync(await bench.OpenAsync())).Count);
    }, Small);

    [Fact]
    public void Chunks_that_an_earlier_leader_stored_after_the_opening_become_part_of_the_log() => Run(async bench =>
    {
        var old = await bench.LeadAsync();
        await LogBench.AppendAsync(old, "a");
        var next = await bench.OpenAsync();
        var advanced = 0;
        next.Advanced = () => advanced++;
        await LogBench.AppendAsync(old, "b", "c");
        await LogBench.AppendAsync(old, "d");
        Assert.Equal(1, next.DurableEndOffset.Value);
        Assert.Equal(ErrorCode.None, await next.BecomeLeaderAsync(CancellationToken.None));
        Assert.Equal(new PositionsOf(0, 4, 4), PositionsOf.The(next));
        Assert.True(advanced > 0);
        Assert.Equal(["0:a", "1:b", "2:c", "3:d"], await LogBench.ReadAllAsync(next));
    });

    [Fact]
    public void A_reader_follows_what_another_instance_has_merged_meanwhile() => Run(async bench =>
    {
        var writer = await bench.LeadAsync();
        await LogBench.AppendAsync(writer, "first");
        bench.Cache = new ObjectCache(0);
        var reader = await bench.OpenAsync();
        for (var i = 0; i < 100; i++)
        {
            await LogBench.AppendAsync(writer, $"v{i}");
        }

        var read = await reader.ReadAsync(Offset.Zero, 1, CancellationToken.None);
        Assert.Equal(["0:first"], TestBatches.Records(TestBatches.Join(read.Pieces)));
        Assert.True(reader.DurableEndOffset.Value > 1);
    }, Small);

    [Fact]
    public void Only_a_leader_appends() => Run(async bench =>
    {
        var log = await bench.OpenAsync();
        Assert.Equal(ErrorCode.NotLeaderOrFollower, await LogBench.AppendAsync(log, "a"));
        await log.BecomeLeaderAsync(CancellationToken.None);
        Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, "a"));
        await log.DisposeAsync();
        Assert.Equal(ErrorCode.NotLeaderOrFollower, await LogBench.AppendAsync(log, "b"));
    });

    [Fact]
    public void An_append_beyond_the_largest_batch_is_refused() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        var batch = TestBatches.ToAppend(TestBatches.Of(1, new string('x', 1024 * 1024)));
        Assert.Equal(ErrorCode.RecordListTooLarge, await log.Append([.. Enumerable.Repeat(batch, 64)]).Committed);
        Assert.Equal(new PositionsOf(0, 0, 0), PositionsOf.The(log));
        Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, "a"));
    });

    [Fact]
    public void Stopping_waits_for_the_chunk_in_flight_and_fails_appends_behind_it() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        var first = log.Append([TestBatches.ToAppend(TestBatches.Of(1, "a"))]);
        await Task.Yield();
        await Task.Yield();
        var second = log.Append([TestBatches.ToAppend(TestBatches.Of(1, "b"))]);
        await log.DisposeAsync();
        Assert.True(first.Committed.IsCompleted && second.Committed.IsCompleted);
        var survivors = await LogBench.ReadAllAsync(await bench.OpenAsync());
        Assert.Equal(await first.Committed == ErrorCode.None, survivors.Contains("0:a"));
        Assert.Equal(await second.Committed == ErrorCode.None, survivors.Contains("1:b"));
    });

    [Fact]
    public void A_deleted_log_is_gone_and_deleting_it_again_succeeds() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        for (var i = 0; i < 150; i++)
        {
            await LogBench.AppendAsync(log, $"v{i}");
        }

        Assert.Equal(ErrorCode.None, await log.DeleteAsync(CancellationToken.None));
        Assert.Equal(ErrorCode.None, await bench.New().DeleteAsync(CancellationToken.None));
        var again = await bench.OpenAsync();
        Assert.Equal(new PositionsOf(0, 0, 0), PositionsOf.The(again));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, await LogBench.AppendAsync(log, "late"));
    }, Small);

    [Fact]
    public void Deleting_stops_a_leader_that_does_not_know() => Run(async bench =>
    {
        var leader = await bench.LeadAsync();
        await LogBench.AppendAsync(leader, "a");
        var deleting = bench.New().DeleteAsync(CancellationToken.None);
        ErrorCode error;
        do
        {
            error = await LogBench.AppendAsync(leader, "b");
        }
        while (error == ErrorCode.None && !deleting.IsCompleted);

        Assert.Equal(ErrorCode.None, await deleting);
        Assert.Equal(new PositionsOf(0, 0, 0), PositionsOf.The(await bench.OpenAsync()));
    });

    [Fact]
    public void Logs_with_similar_names_do_not_share_objects() => Run(async bench =>
    {
        string[] names = ["a/1", "a/11", "a_1", "a-1", "a.1", "a=2E1", "a%2E1", "A/1", "ä/1", "a/1/b", "../x", "a/.", new string('n', 300)];
        foreach (var name in names)
        {
            var log = await bench.As(name).LeadAsync();
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, name));
        }

        foreach (var name in names)
        {
            Assert.Equal([$"0:{name}"], await LogBench.ReadAllAsync(await bench.As(name).OpenAsync()));
        }
    });
}
