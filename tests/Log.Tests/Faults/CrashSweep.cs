using Loire.Log.Partitions;
using Loire.Model;
using Loire.TestKit;

namespace Loire.Log.Tests.Faults;

/// <summary>
/// The process ends at each call of storage in turn, while it opens, leads, appends, merges, deletes and stops. The call under way has then
/// taken effect, or not, or takes it only after the next owner has recovered. That owner finds everything acknowledged, loses its process
/// as well at some call, and the one after it still finds everything.
/// </summary>
public sealed class CrashSweep
{
    private const string LogId = "crash/0";

    private static readonly PartitionLogOptions Small = new()
    {
        SegmentBytes = 900,
        WholeChunkBytes = 600,
        TailChunks = 4,
        HeadSegments = 2,
        RewriteBytes = 1500,
    };

    private static readonly PartitionLogOptions Unmerged = new()
    {
        SegmentBytes = 900,
        WholeChunkBytes = 600,
        TailChunks = 4,
        HeadSegments = 12,
        UnmergedChunks = 8,
    };

    /// <summary>The effect of the crash on the call in flight.</summary>
    public enum Call
    {
        NeverArrives,
        TakesEffect,
        ArrivesAfterRecovery,
    }

    [Theory]
    [InlineData(Call.NeverArrives)]
    [InlineData(Call.TakesEffect)]
    [InlineData(Call.ArrivesAfterRecovery)]
    public void A_crash_at_any_call_loses_nothing_that_was_acknowledged(Call call)
    {
        var calls = new World().RunToEnd(AppendAndStop);
        Assert.InRange(calls, 60, 400);
        foreach (var at in Sweep.Points(1, calls, every: 3))
        {
            var world = new World();
            world.CrashAt(at, call, AppendAndStop);
            world.LoseOwnerAt(1 + (at % 13), AppendAndStop);
            world.Verify($"{call} at call {at} of {calls}");
        }
    }

    [Theory]
    [InlineData(Call.NeverArrives)]
    [InlineData(Call.TakesEffect)]
    [InlineData(Call.ArrivesAfterRecovery)]
    public void A_crash_while_the_start_of_the_log_moves_loses_nothing_after_it_and_brings_nothing_back(Call call)
    {
        var calls = new World().RunToEnd(AppendTrimAndStop);
        Assert.InRange(calls, 60, 600);
        foreach (var at in Sweep.Points(1, calls, every: 3))
        {
            var world = new World();
            world.CrashAt(at, call, AppendTrimAndStop);
            world.LoseOwnerAt(1 + (at % 13), AppendTrimAndStop);
            world.Verify($"{call} at call {at} of {calls}");

            // What a crash has left of the dropped objects is deleted by a later leader.
            world.RunToEnd(world => world.TrimToEndAsync());
            Assert.InRange(world.Store.Keys.Count, 1, 8);
        }
    }

    [Theory]
    [InlineData(Call.NeverArrives)]
    [InlineData(Call.TakesEffect)]
    [InlineData(Call.ArrivesAfterRecovery)]
    public void A_crash_while_the_log_is_compacted_loses_nothing_that_stays_and_brings_nothing_back(Call call)
    {
        var calls = new World().RunToEnd(AppendCompactAndStop);
        Assert.InRange(calls, 100, 1000);
        foreach (var at in Sweep.Points(1, calls, every: 3))
        {
            var world = new World();
            world.CrashAt(at, call, AppendCompactAndStop);
            world.LoseOwnerAt(1 + (at % 29), AppendCompactAndStop);
            world.Verify($"{call} at call {at} of {calls}");

            // A later owner completes the pass, and nothing of the ones before is left.
            world.RunToEnd(world => world.CompactToEndAsync());
            world.Verify($"{call} at call {at} of {calls}, compacted");
            if (call != Call.ArrivesAfterRecovery)
            {
                // A part that arrives after it was looked for stays until the log is deleted.
                world.RunToEnd(world => world.AssertNothingLeaksAsync());
            }
        }
    }

    [Theory]
    [InlineData(Call.NeverArrives)]
    [InlineData(Call.TakesEffect)]
    [InlineData(Call.ArrivesAfterRecovery)]
    public void A_crash_while_chunks_wait_to_be_merged_loses_nothing_and_leaves_nothing(Call call)
    {
        var calls = new World(Unmerged).RunToEnd(AppendMergeAndStop);
        Assert.InRange(calls, 60, 400);
        foreach (var at in Sweep.Points(1, calls, every: 3))
        {
            var world = new World(Unmerged);
            world.CrashAt(at, call, AppendMergeAndStop);
            world.LoseOwnerAt(1 + (at % 23), AppendMergeAndStop);
            world.Verify($"{call} at call {at} of {calls}");
            if (call != Call.ArrivesAfterRecovery)
            {
                // A part that arrives after it was looked for stays until the log is deleted.
                world.RunToEnd(world => world.AssertNothingLeaksAsync());
            }
        }
    }

    [Theory]
    [InlineData(Call.NeverArrives)]
    [InlineData(Call.TakesEffect)]
    public void A_deletion_that_crashed_at_any_call_is_completed_by_the_next_one(Call call)
    {
        static Task Delete(World world) => world.New().DeleteAsync(CancellationToken.None);

        var calls = new World().RunToEnd(AppendAndStop, Delete);
        foreach (var at in Sweep.Points(1, calls, every: 3))
        {
            var world = new World();
            world.RunToEnd(AppendAndStop);
            world.CrashAt(at, call, Delete);
            world.RunToEnd(async world =>
            {
                var error = await world.New().OpenAsync(CancellationToken.None);
                Assert.True(error is ErrorCode.None or ErrorCode.UnknownTopicOrPartition, $"{call} at call {at}: {error}");
                Assert.Equal(ErrorCode.None, await world.New().DeleteAsync(CancellationToken.None));
            });
            Assert.True(world.Store.Keys.Count == 0, $"{call} at call {at} of {calls} leaves {string.Join(' ', world.Store.Keys)}");
        }
    }

    /// <summary>Two owners append enough to merge segments and to turn a page.</summary>
    private static Task AppendAndStop(World world) =>
        TwoOwnersAsync(world, 8, static i => i == 5 ? 500 : 1, static (_, _) => Task.CompletedTask);

    /// <summary>Like the other, and each owner moves the start again and again: within the tail, within the head, within a page.</summary>
    private static Task AppendTrimAndStop(World world) => TwoOwnersAsync(world, 12, LongEachThird, async (log, i) =>
    {
        if (i % 4 == 3)
        {
            await world.TrimAsync(log, new Offset(log.DurableEndOffset.Value - (i == 11 ? 0 : 3)));
        }
    });

    /// <summary>Two owners append enough for pages of pages, and compact the log at the end and between.</summary>
    private static Task AppendCompactAndStop(World world) => TwoOwnersAsync(world, 12, LongEachThird, async (log, i) =>
    {
        if (i % 6 == 5)
        {
            await world.CompactAsync(log, i == 11 ? int.MaxValue : 2);
        }
    });

    /// <summary>Two owners append so much that chunks are listed and merged, and merge the rest in the end.</summary>
    private static Task AppendMergeAndStop(World world) => TwoOwnersAsync(world, 14, static i => i == 5 ? 600 : 1, static async (log, i) =>
    {
        if (i == 13)
        {
            await log.MergeAsync();
        }
    });

    private static int LongEachThird(int i) => i % 3 == 0 ? 600 : 1;

    /// <summary>Two owners, one after the other, append values, with something else after each; both stop in good order.</summary>
    private static async Task TwoOwnersAsync(World world, int appends, Func<int, int> padding, Func<PartitionLog, int, Task> then)
    {
        for (var owner = 0; owner < 2; owner++)
        {
            var log = world.New();
            if (await log.OpenAsync(CancellationToken.None) != ErrorCode.None
                || await log.BecomeLeaderAsync(CancellationToken.None) != ErrorCode.None)
            {
                return;
            }

            for (var i = 0; i < appends; i++)
            {
                await world.AppendAsync(log, padding(i));
                await then(log, i);
            }

            await log.DisposeAsync();
        }
    }

    /// <summary>A world whose owners' processes end.</summary>
    private sealed class World(PartitionLogOptions? options = null) : LogWorld(CrashSweep.LogId, options ?? Small)
    {
        private readonly Gate _recovered = new();

        /// <summary>Runs something until its process ends at a call.</summary>
        public void CrashAt(int at, Call call, Func<World, Task> work)
        {
            var crashed = new Gate();
            var calls = 0;
            Store.Faults = stored =>
            {
                calls++;
                if (calls < at)
                {
                    return Task.FromResult(StorageFault.None);
                }

                if (calls == at)
                {
                    crashed.Open();
                }

                return call switch
                {
                    Call.TakesEffect when calls == at => Task.FromResult(StorageFault.AnswerLate(new TaskCompletionSource().Task)),
                    Call.ArrivesAfterRecovery when calls == at => AfterRecoveryAsync(),
                    _ => new TaskCompletionSource<StorageFault>().Task,
                };
            };
            Run(() => work(this), crashed);
        }

        /// <summary>The next owner's process ends as well.</summary>
        public void LoseOwnerAt(int at, Func<World, Task> work) => CrashAt(at, Call.NeverArrives, work);

        /// <summary>Runs something without faults, each step as one owner; returns how many calls of storage the last step made.</summary>
        public int RunToEnd(params Func<World, Task>[] steps)
        {
            var calls = 0;
            foreach (var step in steps)
            {
                calls = RunToEnd(() => step(this));
            }

            return calls;
        }

        /// <summary>The last owner finds what it must, now and after what was under way has arrived.</summary>
        public void Verify(string what)
        {
            VerifyNow(what);
            if (!_recovered.Opened.IsCompleted)
            {
                _recovered.Open();
            }

            VerifyNow(what);
        }

        private async Task<StorageFault> AfterRecoveryAsync()
        {
            await _recovered.Opened.ConfigureAwait(false);
            return StorageFault.None;
        }
    }
}
