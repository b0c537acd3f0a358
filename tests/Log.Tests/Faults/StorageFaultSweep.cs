using Loire.Log.Chains;
using Loire.Log.Partitions;
using Loire.Log.Tests.Lives;
using Loire.TestKit;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Loire.Log.Tests.Faults;

/// <summary>
/// The life of a log, once for each of its calls of storage and each way in which that call can go wrong: opening, leading, appending, merging,
/// paging, reading, retention, deleting records, compaction, resigning, taking over, and deletion. The log works again, nothing that was
/// acknowledged is lost or doubled, nothing that was removed comes back, and no object is left that nothing refers to.
/// </summary>
public sealed class StorageFaultSweep(ITestOutputHelper output)
{
    private const string LogId = "faulty/0";

    private static PartitionLogOptions Options(int unmergedChunks, Meters meters) => new()
    {
        SegmentBytes = 900,
        WholeChunkBytes = 600,
        TailChunks = 4,
        HeadSegments = unmergedChunks == 0 ? 2 : 12,
        RewriteBytes = 1500,
        UnmergedChunks = unmergedChunks,
        ReadAheadBytes = 1500,
        Metrics = new LogMetrics(meters),
    };

    [Theory]
    [InlineData(0, "every full tail is merged")]
    [InlineData(8, "chunks wait to be merged")]
    public void One_call_that_goes_wrong_loses_nothing_and_leaves_a_log_that_works(int unmergedChunks, string because)
    {
        _ = because;
        var (calls, ofLife) = Record(unmergedChunks);
        Assert.InRange(calls.Count, 150, 600);
        var (runs, problems) = (0, new List<string>());
        foreach (var fault in CallFault.All)
        {
            // Without any deletion the log's own never ends.
            foreach (var at in Sweep.Points(1, fault.IsPermanent ? ofLife : calls.Count, every: 4))
            {
                if (fault.AppliesTo(calls[at - 1]))
                {
                    runs++;
                    var problem = ProblemOf(unmergedChunks, fault, at);
                    problems.AddRange(problem is null ? [] : [$"call {at}, the {calls[at - 1].Operation} of {calls[at - 1].Key}, {fault.Name}: {problem}"]);
                }
            }
        }

        output.WriteLine($"{calls.Count} calls, {runs} runs");
        Assert.True(problems.Count == 0, $"{problems.Count} of {runs} runs:\n{string.Join('\n', problems.Take(12))}");
    }

    /// <summary>The calls without faults, and how many of them come before the deletion.</summary>
    private static (List<StorageCall> Calls, int OfLife) Record(int unmergedChunks)
    {
        using var meters = new Meters();
        var (calls, ofLife) = (new List<StorageCall>(), 0);
        LiveAndEnd(
            new LogWorld(LogId, Options(unmergedChunks, meters)),
            call =>
            {
                calls.Add(call);
                return Task.FromResult(StorageFault.None);
            },
            mayLeak: false,
            () => ofLife = calls.Count);
        return (calls, ofLife);
    }

    /// <summary>What is wrong after a fault of one call; null for nothing.</summary>
    private static string? ProblemOf(int unmergedChunks, CallFault fault, int at)
    {
        using var meters = new Meters();
        var options = Options(unmergedChunks, meters);
        var world = new LogWorld(LogId, options);
        try
        {
            var (faults, isOver) = (fault.At(at, world.Time), false);
            LiveAndEnd(world, call => isOver ? Task.FromResult(StorageFault.None) : faults(call), fault.IsPast, () =>
            {
                if (fault.IsPermanent)
                {
                    world.Run(() => AssertSaysSoAsync(world, options.Metrics));
                    isOver = true;
                }
            });
        }
        catch (Exception problem)
        {
            return problem is XunitException ? problem.Message : problem.ToString();
        }

        return world.Store.Keys.Count > 0 ? $"left are {string.Join(' ', world.Store.Keys)}"
            : world.Violations.Count > 0 ? string.Join('\n', world.Violations.Take(5)) : null;
    }

    /// <summary>The life and the deletion of a log; between them nothing goes wrong.</summary>
    /// <param name="world">The log's world.</param>
    /// <param name="faults">What goes wrong.</param>
    /// <param name="mayLeak">Whether objects may stay until the log is deleted and the store swept.</param>
    /// <param name="between">Called between them, while the faults last.</param>
    private static void LiveAndEnd(LogWorld world, Func<StorageCall, Task<StorageFault>> faults, bool mayLeak, Action between)
    {
        world.Store.Faults = faults;
        world.Run(() => new LogLife(world).LiveAsync(world.LeaveParts));
        between();
        world.VerifyNow("after it");
        if (!mayLeak)
        {
            world.RunToEnd(world.AssertNothingLeaksAsync);
        }

        world.Store.Faults = faults;
        world.Run(() => new LogLife(world).EndAsync(world.Store, world.Store));
    }

    /// <summary>Appends go on, and the operator is told that storage deletes nothing.</summary>
    private static async Task AssertSaysSoAsync(LogWorld world, LogMetrics metrics)
    {
        var log = await world.LeadAsync();
        Assert.Equal(ErrorCode.None, await world.AppendAsync(log));
        await Task.Delay(TimeSpan.FromMinutes(2), world.Time);
        Assert.Equal(1, metrics.LogsWithRefusedDeletions);
        Assert.Equal(ErrorCode.None, await world.AppendAsync(log));
        await log.DisposeAsync();
    }
}
