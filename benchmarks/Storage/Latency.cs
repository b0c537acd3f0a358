using System.Diagnostics;

namespace Loire.Storage.Benchmarks;

/// <summary>One writer, one small object after the other.</summary>
internal static class Latency
{
    private const int Rounds = 10;
    private const int PerRound = 200;

    public static async Task RunAsync(string directory)
    {
        var small = new byte[100];
        var block = new byte[4096];
        Random.Shared.NextBytes(small);
        Random.Shared.NextBytes(block);
        await using var store = await Stores.OpenAsync(directory);
        using var append = new Bare(Directory.CreateDirectory(Path.Combine(directory, "append")).FullName);
        using var overwrite = new Bare(Directory.CreateDirectory(Path.Combine(directory, "zeros")).FullName, true, 64 << 20);
        List<double> ours = [], appended = [], overwritten = [];
        long number = 0;
        for (var round = 0; round < Rounds; round++)
        {
            for (var i = 0; i < PerRound; i++)
            {
                var start = Stopwatch.GetTimestamp();
                await store.WriteAsync(Stores.Id(number++), small);
                ours.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
            }

            for (var i = 0; i < PerRound; i++)
            {
                appended.Add(append.WriteAndSync([block]).TotalMicroseconds);
                overwritten.Add(overwrite.WriteAndSync([block]).TotalMicroseconds);
            }
        }

        var median = Stores.Median(ours);
        Stores.Print("100 B write, 1 writer: p90", $"{ours[ours.Count * 9 / 10]:F0} us", "", double.NaN, "");
        Stores.Print("100 B write, 1 writer: median / 4 KB append", $"{median:F0} us", $"{Stores.Median(appended):F0} us", median / Stores.Median(appended), "<= 1.5");
        Stores.Print("  the same / 4 KB overwrite of zeros", $"{median:F0} us", $"{Stores.Median(overwritten):F0} us", median / Stores.Median(overwritten), "");
    }
}
