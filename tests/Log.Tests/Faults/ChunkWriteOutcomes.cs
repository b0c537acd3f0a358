using Loire.Log.Chains;
using Loire.Log.Objects;
using Loire.Log.Partitions;
using Loire.Log.Tests.LogSuite;
using Loire.Model;
using Loire.TestKit;
using Orleans.Storage;
using static Loire.Log.Tests.Faults.FaultBench;

namespace Loire.Log.Tests.Faults;

/// <summary>The outcome of an append for each way in which storage can answer, or not answer, the creation of its chunk.</summary>
public sealed class ChunkWriteOutcomes
{
    private static readonly Exception NoAnswer = new TimeoutException("No answer.");

    private static InconsistentStateException Conflict => new("The client's own retry met its first attempt.", "?", "?");

    [Fact]
    public void Nothing_is_acknowledged_before_storage_answers() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        var answer = new Gate();
        bench.Script.On(ChunkCreate, StorageFault.AnswerLate(answer.Opened));
        var append = LogBench.AppendAsync(log, "a");
        await Turns();
        Assert.NotNull(bench.Store.Find(bench.Key("chunk/0000000000000001")));
        Assert.False(append.IsCompleted);
        Assert.Equal(0, log.DurableEndOffset.Value);
        answer.Open();
        Assert.Equal(ErrorCode.None, await append);
        Assert.Equal(1, log.DurableEndOffset.Value);
    });

    [Fact]
    public void A_lost_reply_is_resolved_by_reading_back() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        bench.Script.On(ChunkCreate, StorageFault.LoseAnswer(NoAnswer));
        Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, "a"));
        Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, "b"));
        Assert.Equal(["0:a", "1:b"], await bench.StoredAsync());
    });

    [Fact]
    public void A_conflict_with_our_own_write_is_a_success() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        bench.Script.On(ChunkCreate, StorageFault.LoseAnswer(Conflict));
        Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, "a"));
        Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, "b"));
        Assert.Equal(["0:a", "1:b"], await bench.StoredAsync());
        Assert.Equal(1, bench.Script.Calls.Count(call => ChunkCreate(call) && call.Bytes.Length > 128 && call.GrainKey.EndsWith('1')));
    });

    [Fact]
    public void A_write_that_never_arrived_is_repeated_with_the_same_bytes() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        bench.Script.On(ChunkCreate, StorageFault.Refuse(NoAnswer), times: 3);
        var append = LogBench.AppendAsync(log, "a");
        await Turns();
        var meanwhile = LogBench.AppendAsync(log, "b");
        Assert.Equal(ErrorCode.None, await append);
        Assert.Equal(ErrorCode.None, await meanwhile);
        var attempts = bench.Script.Calls.FindAll(call => ChunkCreate(call) && call.GrainKey.EndsWith("01", StringComparison.Ordinal));
        Assert.Equal(4, attempts.Count);
        Assert.All(attempts, attempt => Assert.True(attempt.Bytes.Span.SequenceEqual(attempts[0].Bytes.Span)));
        Assert.Equal(["0:a", "1:b"], await bench.StoredAsync());
    });

    [Fact]
    public void A_write_that_arrives_after_it_was_repeated_changes_nothing() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        var arrival = new Gate();
        bench.Script.On(ChunkCreate, StorageFault.ArriveLate(NoAnswer, arrival.Opened));
        Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, "a"));
        Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, "b"));
        arrival.Open();
        Assert.Equal(["0:a", "1:b"], await bench.StoredAsync());
    });

    [Fact]
    public void Reading_back_damaged_bytes_once_is_inconclusive_and_is_repeated() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        byte[]? whole = null;
        bench.Script
            .On(ChunkCreate, StorageFault.LoseAnswer(NoAnswer))
            .On(ReadOf("chunk/0000000000000001"), call =>
            {
                whole = bench.Store.Find(call.Key)!;
                bench.Store.Replace(call.Key, [.. whole[..^3], 0, 0, 0]);
                return Task.FromResult(StorageFault.None);
            })
            .On(ReadOf("chunk/0000000000000001"), call =>
            {
                bench.Store.Replace(call.Key, whole);
                return Task.FromResult(StorageFault.None);
            });
        Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, "a"));
        Assert.Equal(["0:a"], await bench.StoredAsync());
    });

    [Fact]
    public void A_chunk_of_a_newer_leader_under_our_key_closes_the_log() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        var (closed, announced) = (new List<ErrorCode>(), 0);
        (log.Closed, log.Advanced) = (closed.Add, () => announced++);
        await bench.LeadAsync();
        var (first, second) = (LogBench.AppendAsync(log, "a"), LogBench.AppendAsync(log, "b"));
        Assert.Equal((ErrorCode.NotLeaderOrFollower, ErrorCode.NotLeaderOrFollower), (await first, await second));
        Assert.Equal([ErrorCode.NotLeaderOrFollower], closed);
        Assert.Equal(0, announced);
        Assert.Empty(await bench.StoredAsync());
    });

    [Fact]
    public void A_full_store_refuses_everything_pending_and_the_log_continues() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        await LogBench.AppendAsync(log, "a");
        bench.Script.On(ChunkCreate, StorageFault.Refuse(new StorageFullException("Full.")));
        var refused = new[] { LogBench.AppendAsync(log, "x"), LogBench.AppendAsync(log, "y") };
        await Turns();
        Assert.All(await AllAsync(refused), error => Assert.Equal(ErrorCode.KafkaStorageError, error));
        Assert.Equal(new PositionsOf(0, 1, 1), PositionsOf.The(log));
        Assert.Equal(0, log.PendingBytes);
        Assert.True(log.IsLeader);
        Assert.Null(log.CloseReason);
        Assert.Equal(["0:a"], await LogBench.ReadAllAsync(log));

        var next = log.Append([TestBatches.ToAppend(TestBatches.Of(1, "b"))]);
        Assert.Equal(1, next.BaseOffset.Value);
        Assert.Equal(ErrorCode.None, await next.Committed);
        Assert.Equal(["0:a", "1:b"], await bench.StoredAsync());
    });

    [Theory]
    [InlineData("chunk")]
    [InlineData("fence")]
    [InlineData("head")]
    public void A_write_that_damage_in_storage_keeps_from_being_checked_is_refused_at_once(string which) => Run(async bench =>
    {
        await LogBench.AppendAsync(await bench.LeadAsync(), "a");
        var log = which == "chunk" ? await bench.LeadAsync() : await bench.OpenAsync();
        bench.Script.On(
            which == "head" ? HeadWrite : ChunkCreate, StorageFault.Refuse(new StorageDamagedException("Unknown keys are lost.")), times: 3);
        var started = bench.Time.GetUtcNow();
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(
                ErrorCode.KafkaStorageError,
                which == "chunk" ? await LogBench.AppendAsync(log, "x") : await log.BecomeLeaderAsync(CancellationToken.None));
        }

        Assert.Equal(started, bench.Time.GetUtcNow());
        Assert.Null(log.CloseReason);
        Assert.Equal(ErrorCode.None, await log.BecomeLeaderAsync(CancellationToken.None));
        Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, "b"));
        Assert.Equal(["0:a", "1:b"], await bench.StoredAsync());
    });

    [Fact]
    public void A_refusal_after_an_unknown_outcome_proves_nothing() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        var arrival = new Gate();
        bench.Script
            .On(ChunkCreate, StorageFault.ArriveLate(NoAnswer, arrival.Opened))
            .On(ChunkCreate, call =>
            {
                arrival.Open();
                return Task.FromResult(StorageFault.Refuse(new StorageFullException("Full.")));
            });
        Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, "a"));
        Assert.Equal(["0:a"], await bench.StoredAsync());
    });

    [Fact]
    public void A_broken_store_closes_the_log() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        var closed = new List<ErrorCode>();
        log.Closed = closed.Add;
        bench.Script.On(ChunkCreate, StorageFault.Refuse(new StorageBrokenException("The disk is gone.")), times: 100);
        Assert.Equal(ErrorCode.KafkaStorageError, await LogBench.AppendAsync(log, "a"));
        Assert.Equal([ErrorCode.KafkaStorageError], closed);
        Assert.Contains("The disk is gone.", log.CloseReason, StringComparison.Ordinal);
        Assert.Equal(ErrorCode.KafkaStorageError, await LogBench.AppendAsync(log, "b"));
        Assert.Equal(ErrorCode.KafkaStorageError, (await log.ReadAsync(Offset.Zero, 1, CancellationToken.None)).Error);
    });

    [Theory]
    [InlineData(false, "the store fails every call")]
    [InlineData(true, "the store never answers")]
    public void An_outcome_unknown_at_the_deadline_times_out_and_closes_the_log(bool silent, string because) => Run(async bench =>
    {
        _ = because;
        var log = await bench.LeadAsync();
        await LogBench.AppendAsync(log, "a");
        var closed = new List<ErrorCode>();
        log.Closed = closed.Add;
        var never = new TaskCompletionSource<StorageFault>();
        bench.Script.On(_ => true, _ => silent ? never.Task : Task.FromResult(StorageFault.Refuse(NoAnswer)), times: 10_000);
        var started = bench.Time.GetUtcNow();
        var inFlight = LogBench.AppendAsync(log, "b");
        await Turns();
        var behind = LogBench.AppendAsync(log, "c");
        Assert.Equal(ErrorCode.RequestTimedOut, await inFlight);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, await behind);
        Assert.Equal(bench.Options.UnknownOutcomeDeadline, bench.Time.GetUtcNow() - started);
        Assert.Equal([ErrorCode.RequestTimedOut], closed);

        bench.Script.Clear();
        var next = await bench.LeadAsync();
        Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(next, "d"));
        Assert.Equal(["0:a", "1:d"], await bench.StoredAsync());
    });

    [Fact]
    public void A_write_that_arrives_after_its_log_has_closed_is_adopted_or_fenced_as_a_whole() => Run(async bench =>
    {
        foreach (var early in new[] { true, false })
        {
            var log = await bench.LeadAsync();
            var before = log.DurableEndOffset.Value;
            var arrival = new Gate();
            bench.Script
                .On(ChunkCreate, StorageFault.ArriveLate(NoAnswer, arrival.Opened))
                .On(_ => true, StorageFault.Refuse(NoAnswer), times: 10_000);
            Assert.Equal(ErrorCode.RequestTimedOut, await LogBench.AppendAsync(log, "x", "y"));
            bench.Script.Clear();
            if (early)
            {
                arrival.Open();
            }

            var next = await bench.LeadAsync();
            Assert.Equal(before + (early ? 2 : 0), next.DurableEndOffset.Value);
            if (!early)
            {
                arrival.Open();
            }

            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(next, "z"));
            Assert.Equal(before + (early ? 3 : 1), (await bench.StoredAsync()).Count);
        }
    });

    [Fact]
    public void Waiting_for_room_ends_in_order_as_chunks_become_durable() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        var batch = TestBatches.ToAppend(TestBatches.Of(1, new string('x', 600)));
        var answers = new Gate();
        bench.Script.On(ChunkCreate, StorageFault.AnswerLate(answers.Opened));
        _ = log.Append([batch, batch, batch]);
        var order = new List<int>();
        async Task Wait(int number, long bytes)
        {
            Assert.Equal(ErrorCode.None, await log.WaitForRoomAsync(bytes, CancellationToken.None));
            order.Add(number);
        }

        using var cancelled = new CancellationTokenSource();
        var waits = new[] { Wait(1, 1500), Wait(2, 10) };
        var givenUp = log.WaitForRoomAsync(5, cancelled.Token).AsTask();
        var tooLarge = Wait(3, 1_000_000);
        await Turns();
        Assert.Empty(order);
        cancelled.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givenUp);
        answers.Open();
        await waits[0];
        await waits[1];
        Assert.Equal([1, 2], order);
        Assert.False(tooLarge.IsCompleted);
        Assert.Equal(ErrorCode.None, await log.Append([batch]).Committed);
        await tooLarge;
    }, new PartitionLogOptions { PendingBytes = 2000, ChunkBytes = 1000 });

    [Fact]
    public void A_wait_for_room_that_is_cancelled_leaves_nothing_behind_and_frees_the_place_before_others() => Run(async bench =>
    {
        var queue = new AppendQueue(bench.Options, bench.Time);
        queue.Add([new Item(new byte[900], default, 1, Timestamp.None)]);
        using var cancelled = new CancellationTokenSource();
        var waits = Enumerable.Range(0, 100).Select(_ => queue.WaitForRoomAsync(500, cancelled.Token).AsTask()).ToList();
        var small = queue.WaitForRoomAsync(50, CancellationToken.None).AsTask();
        Assert.Equal(101, queue.WaitingForRoom);
        cancelled.Cancel();
        foreach (var wait in waits)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
        }

        Assert.Equal(ErrorCode.None, await small);
        Assert.Equal(0, queue.WaitingForRoom);
    }, new PartitionLogOptions { PendingBytes = 1000, ChunkBytes = 1000 });

    [Fact]
    public void Everything_appended_during_a_write_shares_the_next_one_within_its_bound() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        var answers = new Gate();
        bench.Script.On(ChunkCreate, StorageFault.AnswerLate(answers.Opened));
        var first = LogBench.AppendAsync(log, "first");
        await Turns();
        var appends = Enumerable.Range(0, 30).Select(i => LogBench.AppendAsync(log, $"v{i}", new string('x', 100))).ToList();
        answers.Open();
        Assert.All(await AllAsync(appends), error => Assert.Equal(ErrorCode.None, error));
        var writes = bench.Script.Calls.Where(ChunkCreate).ToList();
        Assert.InRange(writes.Count, 2 + 5, 2 + 8);
        Assert.All(writes, write => Assert.InRange(write.Bytes.Length, 128, 1300));
    }, new PartitionLogOptions { ChunkBytes = 1000 });

    /// <summary>Lets everything happen that needs neither storage nor time.</summary>
    private static async Task Turns()
    {
        for (var i = 0; i < 20; i++)
        {
            await Task.Yield();
        }
    }
}
