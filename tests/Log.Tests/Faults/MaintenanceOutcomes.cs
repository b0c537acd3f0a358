using Loire.Log.Chains;
using Loire.Log.Partitions;
using Loire.Log.Tests.LogSuite;
using Loire.Model;
using Loire.TestKit;
using Orleans.Storage;
using static Loire.Log.Tests.Faults.FaultBench;

namespace Loire.Log.Tests.Faults;

/// <summary>Merging, listing and deleting in the background, with and without failures of storage.</summary>
public sealed class MaintenanceOutcomes
{
    private static readonly PartitionLogOptions Small = new()
    {
        ChunkBytes = 1000,
        SegmentBytes = 1500,
        WholeChunkBytes = 1200,
        TailChunks = 8,
        HeadSegments = 4,
    };

    private static PartitionLogOptions OptionsOf(Meters meters) => new()
    {
        ChunkBytes = Small.ChunkBytes,
        SegmentBytes = Small.SegmentBytes,
        WholeChunkBytes = Small.WholeChunkBytes,
        TailChunks = Small.TailChunks,
        HeadSegments = Small.HeadSegments,
        Metrics = new LogMetrics(meters),
    };

    private static readonly Exception NoAnswer = new TimeoutException("No answer.");

    private static InconsistentStateException Conflict => new("The client's own retry met its first attempt.", "?", "?");

    [Theory]
    [InlineData("part")]
    [InlineData("head")]
    public void Lost_replies_conflicts_and_lost_writes_change_nothing(string which) => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        StorageFault[] faults = [StorageFault.LoseAnswer(NoAnswer), StorageFault.LoseAnswer(Conflict), StorageFault.Refuse(NoAnswer)];
        for (var i = 0; i < 90; i++)
        {
            if (i % 5 == 0)
            {
                bench.Script.On(which == "part" ? PartCreate : HeadWrite, faults[i / 5 % 3]);
            }

            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, $"v{i}"));
        }

        Assert.Equal(Enumerable.Range(0, 90).Select(i => $"{i}:v{i}"), await bench.StoredAsync());
    }, Small);

    [Fact]
    public void What_a_trim_drops_is_deleted_sixteen_objects_at_once() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, new string('x', 1024)));
        }

        await log.Maintenance;
        var answers = bench.Hold(Clear);
        Assert.Equal(ErrorCode.None, await log.TrimAsync(new Offset(90)));
        for (var rounds = 0; rounds < 5; rounds++)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), bench.Time);
            Assert.Equal(16, answers.Count);
            answers.ToList().ForEach(answer => answer.Open());
            answers.Clear();
        }

        await Task.Delay(TimeSpan.FromSeconds(1), bench.Time);
        Assert.InRange(answers.Count, 5, 12);
    }, new PartitionLogOptions { WholeChunkBytes = 500, TailChunks = 8, HeadSegments = 200 });

    [Fact]
    public void Appends_continue_while_maintenance_waits_for_storage() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        var gate = new Gate();
        bench.Script.On(PartCreate, StorageFault.AnswerLate(gate.Opened));
        for (var i = 0; i < Small.TailChunks - 1; i++)
        {
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, $"v{i}"));
        }

        Assert.Equal(1, bench.Script.Calls.Count(PartCreate));
        gate.Open();
        Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, "last"));
        Assert.Equal(Small.TailChunks, (await bench.StoredAsync()).Count);
    }, Small);

    [Fact]
    public void At_the_bound_of_the_tail_a_chunk_waits_for_maintenance() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        var gate = new Gate();
        bench.Script.On(PartCreate, StorageFault.AnswerLate(gate.Opened));
        var appends = new List<Task<ErrorCode>>();
        for (var i = 0; i < 3 * Small.TailChunks; i++)
        {
            appends.Add(LogBench.AppendAsync(log, $"v{i}", new string('x', 900)));
        }

        for (var i = 0; i < 2000; i++)
        {
            await Task.Yield();
        }

        Assert.Equal(Small.TailChunks - 1, appends.Count(append => append.IsCompleted));
        gate.Open();
        Assert.All(await AllAsync(appends), error => Assert.Equal(ErrorCode.None, error));
        Assert.Equal(6 * Small.TailChunks, (await bench.StoredAsync()).Count);
    }, Small);

    [Fact]
    public void A_store_too_full_for_maintenance_refuses_appends_at_the_bound_of_the_tail_until_there_is_space() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        bench.Script.On(PartCreate, StorageFault.Refuse(new StorageFullException("Full.")), times: 10_000);
        var errors = new List<ErrorCode>();
        for (var i = 0; i < 2 * Small.TailChunks; i++)
        {
            errors.Add(await LogBench.AppendAsync(log, $"v{i}"));
        }

        Assert.Equal(Small.TailChunks - 1, errors.Count(error => error == ErrorCode.None));
        Assert.All(errors.Skip(Small.TailChunks - 1), error => Assert.Equal(ErrorCode.KafkaStorageError, error));
        Assert.True(log.IsLeader);
        bench.Script.Clear();
        await Task.Delay(TimeSpan.FromSeconds(10), bench.Time);
        Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, "after"));
        Assert.Equal(Small.TailChunks, (await bench.StoredAsync()).Count);
    }, Small);

    [Fact]
    public void Maintenance_with_an_unknown_outcome_at_the_deadline_closes_the_log() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        bench.Script.On(PartCreate, StorageFault.Refuse(NoAnswer), times: 10_000);
        for (var i = 0; i < 6; i++)
        {
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, $"v{i}"));
        }

        await Task.Delay(TimeSpan.FromMinutes(1), bench.Time);
        Assert.NotNull(log.CloseReason);
        Assert.Equal(6, (await bench.StoredAsync()).Count);
    }, Small);

    [Fact]
    public void A_failed_deletion_of_an_object_is_retried_later() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        bench.Script.On(Clear, StorageFault.Refuse(NoAnswer), times: 7);
        for (var i = 0; i < 60; i++)
        {
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, $"v{i}"));
        }

        await log.DisposeAsync();
        Assert.InRange(bench.Store.Keys.Count(key => key.Contains("/chunk/", StringComparison.Ordinal)), 1, 1 + Small.TailChunks);
        Assert.Equal(60, (await bench.StoredAsync()).Count);
    }, Small);

    [Fact]
    public void Appends_continue_while_storage_refuses_deletions_and_the_garbage_stays_bounded_until_it_allows_them() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        bench.Script.On(Clear, StorageFault.Refuse(NoAnswer), times: int.MaxValue);
        var largest = 0;
        for (var i = 0; i < 1600; i++)
        {
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, $"v{i}"));
            largest = Math.Max(largest, bench.Store.Find(bench.Key("head"))!.Length);
        }

        Assert.InRange(largest, 1, 16_000);
        Assert.Equal(1, bench.Options.Metrics.LogsWithRefusedDeletions);
        var before = bench.Store.Keys.Count;
        bench.Script.Clear();
        await Task.Delay(TimeSpan.FromMinutes(1), bench.Time);
        Assert.Equal(0, bench.Options.Metrics.LogsWithRefusedDeletions);
        Assert.InRange(bench.Store.Keys.Count, 1, before - 300);
        Assert.Equal(Enumerable.Range(0, 1600).Select(i => $"{i}:v{i}"), await bench.StoredAsync());

        await log.DisposeAsync();
        Assert.Equal(ErrorCode.None, await bench.New().DeleteAsync(CancellationToken.None));
        Assert.Empty(bench.Store.Keys);
    }, OptionsOf(new Meters()));

    [Fact]
    public void Objects_that_cannot_be_deleted_keep_no_others_from_being_deleted() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        bench.Script.On(
            call => Clear(call) && call.GrainKey.Contains("/chunk/", StringComparison.Ordinal)
                && call.GrainKey.EndsWith('2') && string.CompareOrdinal(call.GrainKey[^2..], "70") < 0,
            StorageFault.Refuse(NoAnswer),
            times: int.MaxValue);
        for (var i = 0; i < 500; i++)
        {
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, $"v{i}"));
        }

        Assert.InRange(bench.Store.Keys.Count(key => key.Contains("/chunk/", StringComparison.Ordinal)), 30, 170);
        Assert.Equal(1, bench.Options.Metrics.LogsWithRefusedDeletions);
        await log.DisposeAsync();
        Assert.Equal(0, bench.Options.Metrics.LogsWithRefusedDeletions);
    }, OptionsOf(new Meters()));

    [Fact]
    public void A_successor_deletes_what_a_leader_could_not_delete() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        bench.Script.On(Clear, StorageFault.Refuse(NoAnswer), times: 10_000);
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, $"v{i}"));
        }

        await log.DisposeAsync();
        var before = bench.Store.Keys.Count;
        bench.Script.Clear();
        log = await bench.LeadAsync();
        await LogBench.AppendAsync(log, "v20");
        await log.DisposeAsync();
        Assert.InRange(bench.Store.Keys.Count, 3, before - 15);
        Assert.Equal(21, (await bench.StoredAsync()).Count);
    }, Small);

    [Fact]
    public void A_part_listed_by_no_head_is_deleted_by_the_next_leader() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        bench.Script.On(call => HeadWrite(call) && call.ETag is not null, _ => new TaskCompletionSource<StorageFault>().Task);
        for (var i = 0; i < 3; i++)
        {
            await LogBench.AppendAsync(log, $"v{i}");
        }

        for (var i = 0; i < 50; i++)
        {
            await Task.Yield();
        }

        var orphan = bench.Script.Calls.Single(PartCreate).Key;
        Assert.Contains(orphan, bench.Store.Keys);
        bench.Script.Clear();
        var next = await bench.LeadAsync();
        await LogBench.AppendAsync(next, "v3");
        await next.DisposeAsync();
        Assert.DoesNotContain(orphan, bench.Store.Keys);
        Assert.Equal(4, (await bench.StoredAsync()).Count);
    }, Small);

    [Fact]
    public void A_damaged_chunk_stays_as_it_is_and_everything_around_it_is_merged_and_served() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        await LogBench.AppendAsync(log, "v0");
        await LogBench.AppendAsync(log, "v1");
        var key = bench.Key("chunk/0000000000000002");
        var bytes = bench.Store.Find(key)!;
        bytes[^1] ^= 1;
        bench.Store.Replace(key, bytes);
        bench.Cache = new ObjectCache(0);
        log = await bench.LeadAsync();
        for (var i = 2; i < 60; i++)
        {
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, $"v{i}"));
        }

        var damaged = await log.ReadAsync(new Offset(1), 100, CancellationToken.None);
        Assert.Equal((ErrorCode.CorruptMessage, 2L, 0), (damaged.Error, damaged.NextOffset.Value, damaged.Pieces.Length));
        var first = await log.ReadAsync(Offset.Zero, 1000, CancellationToken.None);
        Assert.Equal(["0:v0"], TestBatches.Records(TestBatches.Join(first.Pieces)));
        Assert.Equal(Enumerable.Range(2, 58).Select(i => $"{i}:v{i}"), await LogBench.ReadAllAsync(log, 2));
    }, Small);

    [Fact]
    public void Opening_reads_a_bounded_amount_and_the_head_stays_small_however_long_the_log_is() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        var (mostReads, mostHead) = (0, 0);
        for (var i = 0; i < 1500; i++)
        {
            await LogBench.AppendAsync(log, $"v{i}", new string('x', i % 400));
            if (i % 500 == 499)
            {
                var before = bench.Store.Calls;
                await bench.OpenAsync();
                mostReads = Math.Max(mostReads, bench.Store.Calls - before);
                mostHead = Math.Max(mostHead, bench.Store.Find(bench.Key("head"))!.Length);
            }
        }

        Assert.InRange(mostReads, 1, 2 + (2 * Small.TailChunks) + 8);
        Assert.InRange(mostHead, 1, 6000);
        Assert.Equal(3000, (await LogBench.ReadAllAsync(log)).Count);
        bench.Cache = new ObjectCache(0);
        var cold = await bench.OpenAsync();
        for (var i = 0; i < 3000; i += 313)
        {
            var calls = bench.Store.Calls;
            var read = await cold.ReadAsync(new Offset(i), 1, CancellationToken.None);
            Assert.Equal(ErrorCode.None, read.Error);
            Assert.InRange(bench.Store.Calls - calls, 1, 12);
        }
    }, Small);

    [Fact]
    public void Deleting_a_log_makes_sixteen_calls_at_once_however_deep_its_pages_are() => Run(async bench =>
    {
        var log = await bench.LeadAsync();
        for (var i = 0; i < 500; i++)
        {
            Assert.Equal(ErrorCode.None, await LogBench.AppendAsync(log, $"v{i}", new string('x', 900)));
        }

        await log.DisposeAsync();
        var (underWay, most) = (0, 0);
        bench.Script.On(_ => true, async _ =>
        {
            most = Math.Max(most, ++underWay);
            await Task.Delay(TimeSpan.FromMilliseconds(1), bench.Time).ConfigureAwait(false);
            underWay--;
            return StorageFault.None;
        }, times: int.MaxValue);
        Assert.Equal(ErrorCode.None, await bench.New().DeleteAsync(CancellationToken.None));
        Assert.Empty(bench.Store.Keys);
        Assert.InRange(most, 2, 16);
    }, new PartitionLogOptions { ChunkBytes = 1000, SegmentBytes = 1000, WholeChunkBytes = 900, TailChunks = 8, HeadSegments = 16 });
}
