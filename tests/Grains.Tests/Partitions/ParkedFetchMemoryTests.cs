using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Tests.Benches;
using Loire.Model;

namespace Loire.Grains.Tests.Partitions;

/// <summary>The memory of a process is measured, so nothing else may run in it.</summary>
[Collection(nameof(ByThemselves))]
public class ParkedFetchMemoryTests
{
    [Fact]
    public void Parked_fetches_take_little_memory_and_those_beyond_the_bound_get_a_retriable_error()
    {
        var bench = new PartitionBench();
        bench.Appended("a");
        var request = new FetchRequest(new Offset(1), 1024, 1, TimeSpan.FromSeconds(60));
        var cancellation = new CancellationTokenSource();
        var before = SettledMemory();
        var fetches = new List<Task<FetchResult>>(Limits.WaitingFetchesPerPartition);
        for (var i = 0; i < Limits.WaitingFetchesPerPartition; i++)
        {
            fetches.Add(bench.Thread.Start(() => bench.Driver.FetchAsync(request, cancellation.Token).AsTask()));
        }

        var perFetch = (GC.GetTotalMemory(forceFullCollection: true) - before) / Limits.WaitingFetchesPerPartition;

        // What else is collected meanwhile may be more than they take.
        Assert.True(perFetch <= 2_500, $"A fetch that waits takes {perFetch} bytes.");
        var refused = bench.Thread.Finish(() => bench.Driver.FetchAsync(request, default).AsTask());
        Assert.Equal(ErrorCode.ThrottlingQuotaExceeded, refused.Error);
        Assert.True(ErrorCodes.Describe(refused.Error).Retriable);
        Assert.Equal("0:a", Batch.Text(bench.Fetched(0)));

        bench.Thread.After(cancellation.Cancel);
        Assert.All(fetches, fetch => Assert.True(fetch.IsCanceled));
        Assert.Equal(0, bench.Driver.WaitingFetches);
    }

    /// <summary>
    /// The memory in use once what earlier tests have left is gone: finalizers of one collection release what the next one takes, as often as it takes.
    /// </summary>
    private static long SettledMemory()
    {
        for (var (before, rounds) = (long.MaxValue, 0); ; rounds++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            var now = GC.GetTotalMemory(forceFullCollection: true);
            if (rounds >= 3 && (before - now < 64 * 1024 || rounds == 20))
            {
                return now;
            }

            before = now;
        }
    }
}

/// <summary>Tests that run while no others do.</summary>
[CollectionDefinition(nameof(ByThemselves), DisableParallelization = true)]
public sealed class ByThemselves;
