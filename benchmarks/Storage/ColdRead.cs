using System.Diagnostics;
using Loire.Log;

namespace Loire.Storage.Benchmarks;

/// <summary>Reads of objects that only the page cache holds, against pread into a new array and one pass over it.</summary>
internal static class ColdRead
{
    private const int Objects = 512;

    public static async Task RunAsync(string directory)
    {
        foreach (var size in new[] { 4 * 1024, 64 * 1024, 1024 * 1024 })
        {
            await MeasureAsync(Directory.CreateDirectory(Path.Combine(directory, $"{size}")).FullName, size);
        }
    }

    private static async Task MeasureAsync(string directory, int size)
    {
        var value = new byte[size];
        Random.Shared.NextBytes(value);
        await using var store = await Stores.OpenAsync(directory);
        await Task.WhenAll(Enumerable.Range(0, Objects).Select(i => store.WriteAsync(Stores.Id(i), value)));
        var path = Path.Combine(directory, "bare.bin");
        await using (var bare = File.Create(path))
        {
            for (var i = 0; i < Objects; i++)
            {
                await bare.WriteAsync(value);
            }
        }

        using var file = File.OpenHandle(path);
        var copy = new byte[size];
        List<double> ours = [], theirs = [];
        for (var round = 0; round < 8; round++)
        {
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < Objects; i++)
            {
                var state = new GrainState<StoredObject>();
                await store.ReadStateAsync("loire", Stores.Id(i), state);
            }

            ours.Add((double)size * Objects / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9);
            start = Stopwatch.GetTimestamp();
            for (var i = 0; i < Objects; i++)
            {
                var array = GC.AllocateUninitializedArray<byte>(size);
                RandomAccess.Read(file, array, (long)i * size);
                array.CopyTo(copy, 0);
            }

            theirs.Add((double)size * Objects / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9);
        }

        var median = Stores.Median(ours);
        Stores.Print($"read {size / 1024} KiB from the page cache / pread + copy", $"{median:F2} GB/s", $"{Stores.Median(theirs):F2} GB/s", median / Stores.Median(theirs), ">= 1 GB/s");
    }
}
