using System.Diagnostics;

namespace Loire.Storage.Benchmarks;

/// <summary>64 KiB objects from 16 writers at once, against bare writes of groups of the same size.</summary>
internal static class Throughput
{
    private const int Writers = 16;
    private const int Rounds = 6;
    private const int PerWriter = 100;

    public static async Task RunAsync(string directory)
    {
        var value = new byte[64 * 1024];
        Random.Shared.NextBytes(value);
        await using var store = await Stores.OpenAsync(directory);
        using var bare = new Bare(directory);
        List<double> ratios = [], ours = [], theirs = [];
        long number = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var before = store.Statistics;
            var start = Stopwatch.GetTimestamp();
            await Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => Task.Run(async () =>
            {
                for (var i = 0; i < PerWriter; i++)
                {
                    await store.WriteAsync(Stores.Id(Interlocked.Increment(ref number)), value);
                }
            })));
            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            const long Bytes = (long)Writers * PerWriter * 64 * 1024;
            var groups = store.Statistics.Groups - before.Groups;
            var perGroup = (int)Math.Round((double)Writers * PerWriter / groups);
            List<ReadOnlyMemory<byte>> pieces = [.. Enumerable.Repeat<ReadOnlyMemory<byte>>(value, perGroup)];
            double bareSeconds = 0;
            for (var i = 0; i < Writers * PerWriter / perGroup; i++)
            {
                bareSeconds += bare.WriteAndSync(pieces).TotalSeconds;
            }

            ours.Add(Bytes / seconds / 1e6);
            theirs.Add((double)(Writers * PerWriter / perGroup * perGroup) * 64 * 1024 / bareSeconds / 1e6);
            ratios.Add(ours[^1] / theirs[^1]);
            Console.WriteLine($"  round {round}: {perGroup} objects a group, {ours[^1]:F0} MB/s, bare {theirs[^1]:F0} MB/s");
        }

        Stores.Print("64 KiB objects, 16 writers", $"{Stores.Median(ours):F0} MB/s", $"{Stores.Median(theirs):F0} MB/s", Stores.Median(ratios), ">= 0.8");
    }
}
