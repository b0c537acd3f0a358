using System.Diagnostics;

namespace Loire.Storage.Benchmarks;

/// <summary>A store of a million small objects: memory for each, and the time to open it with its checkpoint and without.</summary>
internal static class OpenMany
{
    private const int Objects = 1_000_000;
    private const int Writers = 2_000;

    public static async Task RunAsync(string directory)
    {
        var value = new byte[64];
        await using (var store = await Stores.OpenAsync(directory))
        {
            var before = GC.GetTotalMemory(forceFullCollection: true);
            await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
            {
                for (var i = writer; i < Objects; i += Writers)
                {
                    await store.WriteAsync(Stores.Id(i), value);
                }
            })));
            var perObject = (double)store.Statistics.IndexBytes / Objects;
            var measured = (double)(GC.GetTotalMemory(forceFullCollection: true) - before) / Objects;
            var key = $"loire\0{Stores.Id(0)}".Length;
            Stores.Print($"memory per object, keys of {key} B (index / heap)", $"{perObject:F0} B", $"{measured:F0} B", double.NaN, "< 200 B");
        }

        for (var round = 0; round < 2; round++)
        {
            GC.Collect();
            var start = Stopwatch.GetTimestamp();
            var store = await Stores.OpenAsync(directory);
            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            Stores.Print("open 1,000,000 objects, checkpoint", $"{seconds:F2} s", "", double.NaN, "< 2 s");
            await store.DisposeAsync();
        }

        File.Delete(Path.Combine(directory, "store", "index.checkpoint"));
        var scanned = Stopwatch.GetTimestamp();
        await using (await Stores.OpenAsync(directory))
        {
            Stores.Print("  without a checkpoint", $"{Stopwatch.GetElapsedTime(scanned).TotalSeconds:F2} s", "", double.NaN, "");
        }
    }
}
