using System.Diagnostics;

namespace Loire.Storage.Benchmarks;

/// <summary>How many syncs a second one busy key costs, and 1,000 at once.</summary>
internal static class Keys
{
    public static async Task RunAsync(string directory)
    {
        await using var store = await Stores.OpenAsync(directory);
        var (one, oneWrites) = await MeasureAsync(store, 1, 2_000_000);
        var (many, manyWrites) = await MeasureAsync(store, 1_000, 4_000_000);
        Stores.Print("syncs/s with 1,000 busy keys / with one", $"{many:F0}", $"{one:F0}", many / one, "<= about 1");
        Stores.Print("  writes/s", $"{manyWrites:F0}", $"{oneWrites:F0}", manyWrites / oneWrites, "");
    }

    private static async Task<(double Syncs, double Writes)> MeasureAsync(FileGrainStorage store, int keys, long firstNumber)
    {
        var value = new byte[1024];
        var before = store.Statistics;
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, keys).Select(key => Task.Run(async () =>
        {
            for (var i = 0; Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(2); i++)
            {
                await store.WriteAsync(Stores.Id(firstNumber + (key * 100_000L) + i), value);
            }
        })));
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return ((store.Statistics.Syncs - before.Syncs) / seconds, (store.Statistics.Records - before.Records) / seconds);
    }
}
