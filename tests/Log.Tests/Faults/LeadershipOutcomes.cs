using Loire.Log.Chains;
using Loire.Log.Objects;
using Loire.Log.Partitions;
using Loire.Log.Tests.LogSuite;
using Loire.Model;
using Loire.TestKit;
using Orleans.Storage;
using static Loire.Log.Tests.Faults.FaultBench;

namespace Loire.Log.Tests.Faults;

/// <summary>The outcome of opening and of taking an epoch for each way in which storage can answer, or not answer.</summary>
public sealed class LeadershipOutcomes
{
    private static readonly Exception NoAnswer = new TimeoutException("No answer.");

    private static InconsistentStateException Conflict => new("The client's own retry met its first attempt.", "?", "?");

    [Fact]
    public void A_log_that_cannot_be_read_can_be_opened_later() => Run(async bench =>
    {
        await LogBench.AppendAsync(await bench.LeadAsync(), "a");
        foreach (var key in new[] { "/head", "/chunk/0000000000000000", "/chunk/0000000000000001", "/chunk/0000000000000002" })
        {
            var log = bench.New();
            bench.Script.On(ReadOf(key), StorageFault.Refuse(NoAnswer));
            Assert.Equal(ErrorCode.KafkaStorageError, await log.OpenAsync(CancellationToken.None));
            Assert.Equal(new PositionsOf(0, 0, 0), PositionsOf.The(log));
            Assert.Equal(ErrorCode.None, await log.OpenAsync(CancellationToken.None));
            Assert.Equal(["0:a"], await LogBench.ReadAllAsync(log));
        }
    });

    [Fact]
    public void Continuous_maintenance_cannot_starve_an_opening_log() => Run(async bench =>
    {
        var leader = await bench.LeadAsync();
        await LogBench.AppendAsync(leader, "a");
        await LogBench.AppendAsync(leader, "b");
        var key = bench.Key("head");
        var tag = new LogName(LogId).Tag;
        bench.Script.On(ReadOf("/head"), _ =>
        {
            Assert.True(Head.TryRead(bench.Store.Find(key), tag, out var head));
            bench.Store.Replace(key, (head with { Revision = head.Revision + 1 }).Encode(tag));
            return Task.FromResult(StorageFault.None);
        }, times: int.MaxValue);
        Assert.Equal(["0:a", "1:b"], await LogBench.ReadAllAsync(await bench.OpenAsync()));
    });

    [Fact]
    public void A_leader_that_stops_leaves_no_chunks_that_the_next_one_reads_before_it_serves() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, $"v{i}"));
        }

        await log.DisposeAsync();
        bench.Cache = new ObjectCache(1_000_000);
        var before = bench.Store.Calls;
        var next = await bench.LeadAsync();

        // The head twice and two chunks that do not exist; then the epoch.
        Assert.InRange(bench.Store.Calls - before, 5, 8);
        Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(next, "v50"));
        Assert.Equal(Enumerable.Range(0, 51).Select(i => $"{i}:v{i}"), await LogBench.ReadAllAsync(next));
    });

    [Fact]
    public void A_failed_read_is_retriable_and_does_not_close_the_log() => Run(async bench =>
    {
        await LogBench.AppendAsync(await bench.LeadAsync(), "a");
        bench.Cache = new ObjectCache(0);
        var log = await bench.OpenAsync();
        bench.Script.On(Read, StorageFault.Refuse(NoAnswer));
        var read = await log.ReadAsync(Offset.Zero, 100, CancellationToken.None);
        Assert.Equal((ErrorCode.KafkaStorageError, 0L), (read.Error, read.Bytes));
        Assert.Equal(["0:a"], await LogBench.ReadAllAsync(log));
    });

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void An_older_head_that_is_read_once_hides_no_record_from_a_reader(int read) => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        for (var i = 0; i < 10; i++)
        {
            await LogBench.AppendAsync(log, $"v{i}");
        }

        Assert.Equal(ErrorCode.None, await log.SealAsync());
        bench.Script.On(ReadOf("/head"), StorageFault.None, times: read - 1).On(ReadOf("/head"), StorageFault.AnswerOld);
        var reader = await bench.OpenAsync();
        Assert.Equal(10, reader.DurableEndOffset.Value);
        Assert.Equal(10, (await LogBench.ReadAllAsync(reader)).Count);
    });

    [Fact]
    public void A_chunk_that_the_head_knows_of_and_that_is_absent_from_one_answer_is_not_taken_for_lost() => Run(async bench =>
    {
        await LogBench.AppendAsync(await bench.LeadAsync(), "a");
        var log = await bench.OpenAsync();
        bench.Script.On(ChunkCreate, StorageFault.Refuse(new StorageFullException("Full.")));
        Assert.Equal(ErrorCode.KafkaStorageError, await log.BecomeLeaderAsync(CancellationToken.None));

        // Its head knows of one chunk after the fence, and nothing follows.
        bench.Script.On(ReadOf("chunk/0000000000000001"), StorageFault.AnswerOld);
        log = await bench.LeadAsync();
        Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, "b"));
        Assert.Equal(["0:a", "1:b"], await bench.StoredAsync());
    });

    [Fact]
    public void A_head_that_is_absent_from_one_answer_after_its_log_was_created_is_not_taken_for_lost() => Run(async bench =>
    {
        var looks = new List<Gate>();
        bench.Script.On(
            ReadOf("/chunk/"),
            async _ =>
            {
                looks.Add(new Gate());
                await looks[^1].Opened.ConfigureAwait(false);
                return StorageFault.None;
            },
            times: 2);
        var reader = bench.New();
        var opening = reader.OpenAsync(CancellationToken.None);
        Assert.Equal(2, looks.Count);

        // The log is created between the reader's looks at its head and at its chunks.
        await LogBench.AppendAsync(await bench.LeadAsync(), "a");
        bench.Script.On(ReadOf("/head"), StorageFault.AnswerOld);
        looks.ForEach(look => look.Open());
        Assert.Equal(ErrorCode.None, await opening);
        Assert.Equal(["0:a"], await LogBench.ReadAllAsync(reader));
    });

    [Fact]
    public void A_leader_that_was_superseded_does_not_take_what_its_successor_has_deleted_for_damaged() => Run(async bench =>
    {
        bench.Cache = new ObjectCache(0);
        var log = await bench.LeadAsync();
        for (var i = 0; i < 4; i++)
        {
            await LogBench.AppendAsync(log, $"v{i}");
        }

        Assert.Equal(ErrorCode.None, await log.SealAsync());
        await log.Maintenance;
        var next = await bench.LeadAsync();
        Assert.Equal(ErrorCode.None, await next.TrimAsync(new Offset(4)));
        await next.Maintenance;
        Assert.DoesNotContain(bench.Key("chunk/0000000000000001"), bench.Store.Keys);
        Assert.Null(log.CloseReason);
        var step = await log.RewriteAsync(
            Offset.Zero, new Offset(4), batches => Task.FromResult(new RewrittenBatches(ErrorCode.None, [.. batches])), _ => default);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, step.Error);
    });

    [Fact]
    public void A_reader_whose_objects_were_moved_and_that_reads_the_head_from_before_once_does_not_take_them_for_damaged() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        for (var i = 0; i < 12; i++)
        {
            await LogBench.AppendAsync(log, $"v{i}");
        }

        bench.Cache = new ObjectCache(0);
        var reader = await bench.OpenAsync();
        Assert.Equal(ErrorCode.None, await log.MergeAsync());
        bench.Script.On(ReadOf("/head"), StorageFault.AnswerOld);
        Assert.Equal(12, (await LogBench.ReadAllAsync(reader)).Count);
    }, new PartitionLogOptions { TailChunks = 64, WholeChunkBytes = 600, SegmentBytes = 900 });

    [Fact]
    public void A_reader_whose_objects_were_moved_and_that_reads_an_older_head_once_loses_none_of_what_it_had() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        for (var i = 0; i < 12; i++)
        {
            await LogBench.AppendAsync(log, $"v{i}");
        }

        bench.Cache = new ObjectCache(0);
        var reader = await bench.OpenAsync();
        Assert.Equal(12, reader.DurableEndOffset.Value);
        Assert.Equal(ErrorCode.None, await log.MergeAsync());
        bench.Script.On(ReadOf("/head"), StorageFault.None, times: 2).On(ReadOf("/head"), StorageFault.AnswerOld);
        Assert.Equal(12, (await LogBench.ReadAllAsync(reader)).Count);
    }, new PartitionLogOptions { TailChunks = 64, WholeChunkBytes = 600, SegmentBytes = 900 });

    [Fact]
    public void Readers_of_one_object_share_one_read_of_storage() => Run(async bench =>
    {
        var writer = await bench.LeadAsync();
        await LogBench.AppendAsync(writer, "a", "b", "c");
        bench.Cache = new ObjectCache(0);
        var log = await bench.OpenAsync();
        var before = bench.Store.Calls;
        var reads = Enumerable.Range(0, 10).Select(i => log.ReadAsync(new Offset(i % 3), 100, CancellationToken.None).AsTask()).ToList();
        Assert.All(await AllAsync(reads), read => Assert.Equal(ErrorCode.None, read.Error));
        Assert.True(bench.Store.Calls == before + 1 || bench.Store.Calls == before + 10);
    });

    [Theory]
    [InlineData("head")]
    [InlineData("fence")]
    public void Taking_an_epoch_survives_lost_replies_conflicts_and_lost_writes(string which) => Run(async bench =>
    {
        Func<StorageCall, bool> write = which == "head" ? HeadWrite : ChunkCreate;
        StorageFault[] faults = [StorageFault.LoseAnswer(NoAnswer), StorageFault.LoseAnswer(Conflict), StorageFault.Refuse(NoAnswer)];
        var expected = new List<string>();
        foreach (var fault in faults)
        {
            bench.Script.On(write, fault);
            var log = await bench.LeadAsync();
            expected.Add($"{expected.Count}:{expected.Count}");
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, $"{expected.Count - 1}"));
            Assert.Equal(expected.Count - 1, log.Epoch.Value);
        }

        Assert.Equal(expected, await bench.StoredAsync());
    });

    [Theory]
    [InlineData("head")]
    [InlineData("fence")]
    public void A_full_store_refuses_an_epoch_and_may_grant_it_later(string which) => Run(async bench =>
    {
        await LogBench.AppendAsync(await bench.LeadAsync(), "a");
        var log = await bench.OpenAsync();
        bench.Script.On(which == "head" ? HeadWrite : ChunkCreate, StorageFault.Refuse(new StorageFullException("Full.")));
        Assert.Equal(ErrorCode.KafkaStorageError, await log.BecomeLeaderAsync(CancellationToken.None));
        Assert.False(log.IsLeader);
        Assert.Equal(["0:a"], await LogBench.ReadAllAsync(log));
        Assert.Equal(ErrorCode.None, await log.BecomeLeaderAsync(CancellationToken.None));
        Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, "b"));
        Assert.Equal(["0:a", "1:b"], await bench.StoredAsync());
    });

    [Theory]
    [InlineData("head", false)]
    [InlineData("head", true)]
    [InlineData("fence", false)]
    [InlineData("fence", true)]
    public void An_epoch_unknown_at_the_deadline_or_a_broken_store_closes_the_log(string which, bool broken) => Run(async bench =>
    {
        await LogBench.AppendAsync(await bench.LeadAsync(), "a");
        var log = await bench.OpenAsync();
        Exception fault = broken ? new StorageBrokenException("Gone.") : NoAnswer;
        bench.Script.On(which == "head" ? HeadWrite : ChunkCreate, StorageFault.Refuse(fault), times: 10_000);
        var expected = broken ? ErrorCode.KafkaStorageError : ErrorCode.RequestTimedOut;
        Assert.Equal(expected, await log.BecomeLeaderAsync(CancellationToken.None));
        Assert.NotNull(log.CloseReason);
        bench.Script.Clear();
        Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(await bench.LeadAsync(), "b"));
        Assert.Equal(["0:a", "1:b"], await bench.StoredAsync());
    });

    [Fact]
    public void One_of_two_instances_that_take_an_epoch_at_once_leads() => Run(async bench =>
    {
        for (var round = 0; round < 20; round++)
        {
            var (one, two) = (await bench.OpenAsync(), await bench.OpenAsync());
            var errors = await AllAsync([one.BecomeLeaderAsync(CancellationToken.None), two.BecomeLeaderAsync(CancellationToken.None)]);
            Assert.Contains(ErrorCode.None, errors);
            var appends = await AllAsync([LogBench.AppendAsync(one, $"one{round}"), LogBench.AppendAsync(two, $"two{round}")]);
            Assert.Single(appends, error => error == ErrorCode.None);
        }

        Assert.Equal(20, (await bench.StoredAsync()).Count);
    });

    [Fact]
    public void Two_callers_of_one_instance_share_one_epoch() => Run(async bench =>
    {
        var log = await bench.OpenAsync();
        var calls = new[] { log.BecomeLeaderAsync(CancellationToken.None), log.BecomeLeaderAsync(CancellationToken.None) };
        Assert.All(await AllAsync(calls), error => Assert.Equal(ErrorCode.None, error));
        Assert.Equal(ErrorCode.None, await log.BecomeLeaderAsync(CancellationToken.None));
        Assert.Equal(0, log.Epoch.Value);
        Assert.Equal(1, bench.Script.Calls.Count(HeadWrite));
    });

    [Fact]
    public void A_leader_that_stopped_gracefully_leaves_no_fence() => Run(async bench =>
    {
        for (var i = 0; i < 30; i++)
        {
            var log = await bench.LeadAsync();
            await LogBench.AppendAsync(log, $"v{i}");
            await log.DisposeAsync();
        }

        // The first fence, and what the last leaders have not merged yet.
        Assert.InRange(bench.Store.Keys.Count(key => key.Contains("/chunk/", StringComparison.Ordinal)), 1, 1 + bench.Options.TailChunks);
        Assert.Equal(30, (await bench.StoredAsync()).Count);
    }, new PartitionLogOptions { TailChunks = 4 });

    [Fact]
    public void A_leader_that_crashed_leaves_one_fence_and_deleting_the_log_finds_it() => Run(async bench =>
    {
        for (var i = 0; i < 10; i++)
        {
            var log = await bench.LeadAsync();
            await LogBench.AppendAsync(log, $"v{i}");
        }

        Assert.Equal(10, (await bench.StoredAsync()).Count);
        Assert.True(bench.Store.Keys.Count(key => bench.Store.Find(key)!.Length == 128) >= 9);
        Assert.Equal(ErrorCode.None, await bench.New().DeleteAsync(CancellationToken.None));
        Assert.Empty(bench.Store.Keys);
    }, new PartitionLogOptions { TailChunks = 4 });

    [Fact]
    public void A_leader_that_ends_with_a_write_in_doubt_does_not_declare_that_it_has_stopped_writing() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        var arrival = new Gate();
        bench.Script
            .On(ChunkCreate, StorageFault.ArriveLate(NoAnswer, arrival.Opened))
            .On(call => call.GrainKey.Contains("/chunk/", StringComparison.Ordinal), StorageFault.Refuse(NoAnswer), times: 10_000);
        var inDoubt = LogBench.AppendAsync(log, "late");
        await Task.Yield();
        await log.DisposeAsync();
        Assert.Equal(ErrorCode.RequestTimedOut, await inDoubt);

        bench.Script.Clear();
        var next = await bench.LeadAsync();
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(next, $"v{i}"));
        }

        await next.DisposeAsync();
        arrival.Open();
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"{i}:v{i}"), await bench.StoredAsync());
        Assert.Equal(ErrorCode.None, await bench.New().DeleteAsync(CancellationToken.None));
        Assert.Empty(bench.Store.Keys);
    }, new PartitionLogOptions { TailChunks = 4 });
}
