using System.Diagnostics;
using Loire.Grains.Interfaces.Topics;
using Loire.Storage.Benchmarks;
using static Loire.Grains.Benchmarks.Rows;

namespace Loire.Grains.Benchmarks;

/// <summary>
/// Compaction of ten million records with a million keys, beside the same bytes written once with bare calls; and the memory that it takes, with the
/// object cache of a node and with one that is too small to matter.
/// </summary>
internal static class CompactionMemory
{
    private const int Records = 10_000_000;
    private const int Keys = 1_000_000;
    private const int InBatch = 500;
    private const int UnderWay = 32;

    public static async Task RunAsync(string own)
    {
        foreach (var cacheMegabytes in (int[])[16, 256])
        {
            var directory = Directory.CreateDirectory(Path.Combine(own, $"{cacheMegabytes}")).FullName;
            await RunAsync(directory, cacheMegabytes);
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task RunAsync(string own, int cacheMegabytes)
    {
        await using var node = await Node.StartAsync(own, cacheMegabytes * 1024L * 1024, options =>
        {
            options.CompactionCheckInterval = TimeSpan.FromMilliseconds(100);
            options.CompactionBytesPerSecond = 1_000_000_000_000;
        });
        var partition = (await node.CreateTopicAsync(
            "compacted", 1, new("cleanup.policy", "compact"), new("min.cleanable.dirty.ratio", "0"), new("min.compaction.lag.ms", "3600000")))[0];
        var random = new Random(1);
        for (var batch = 0; batch < Records / InBatch; batch += UnderWay)
        {
            await Task.WhenAll(Enumerable.Range(0, UnderWay).Select(_ => Load.AppendAsync(partition, Load.Keyed(random, InBatch, Keys, 100))));
        }

        var written = new DirectoryInfo(Path.Combine(own, "store")).EnumerateFiles().Sum(file => file.Length);
        using var progress = new CompactionProgress();
        var before = Memory.Settled();
        var (peak, collections) = (before, GC.CollectionCount(2));
        var (start, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        await node.Grains.GetGrain<ITopicGrain>("compacted").AlterConfigs(new AlterConfigsRequest([new("min.compaction.lag.ms", "0")], false));
        while (!progress.HasEnded)
        {
            await Task.Delay(20);
            peak = peak.Max(Memory.Now());
        }

        var (seconds, used) = (Stopwatch.GetElapsedTime(start).TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds);
        (var atEnd, collections) = (Memory.Now(), GC.CollectionCount(2) - collections);
        var after = Memory.Settled();
        using var bare = new Bare(own);
        var (block, bareSeconds) = (new byte[4 * 1024 * 1024], 0.0);
        for (var at = 0L; at < progress.Read; at += block.Length)
        {
            bareSeconds += bare.WriteAndSync([block]).TotalSeconds;
        }

        Print(
            $"compaction of {Records:N0} records of 100 bytes, {Keys:N0} keys ({written / 1e6:F0} MB), object cache of {cacheMegabytes} MB",
            $"{progress.Read / seconds / 1e6:F0} MB/s", $"bare writes of as much {progress.Read / bareSeconds / 1e6:F0} MB/s", bareSeconds / seconds,
            ">= 50 MB/s");
        Print("  records removed, bytes written", $"{progress.Removed:N0}, {progress.Written / 1e6:F0} MB");
        Print("  processor time a record", $"{used / Records * 1e6:F2} us");
        Print("  memory beyond that before it, at most", $"{peak.Resident - before.Resident:F0} MB", "", double.NaN, "< 200 MB");
        Print("  resident before; at most; at its end; after a full collection", string.Join("; ", Each(memory => memory.Resident)) + " MB");
        Print("  the same of objects in use and not yet collected", string.Join("; ", Each(memory => memory.Managed)) + " MB");
        Print("  the same of what the heap has committed", string.Join("; ", Each(memory => memory.Committed)) + " MB");
        Print("  of it large objects after the last collection", string.Join("; ", Each(memory => memory.Large)) + $" MB; {collections} full collections");

        IEnumerable<string> Each(Func<Memory, double> figure) => new[] { before, peak, atEnd, after }.Select(memory => $"{figure(memory):F0}");
    }

    /// <summary>Megabytes of the process.</summary>
    private readonly record struct Memory(double Resident, double Managed, double Committed, double Large)
    {
        public static Memory Now()
        {
            var heap = GC.GetGCMemoryInfo(GCKind.Any);
            return new Memory(
                Environment.WorkingSet / 1e6, GC.GetTotalMemory(false) / 1e6, heap.TotalCommittedBytes / 1e6, heap.GenerationInfo[3].SizeAfterBytes / 1e6);
        }

        /// <summary>After everything that is not in use was given back.</summary>
        public static Memory Settled()
        {
            GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            return Now();
        }

        public Memory Max(Memory other) => new(
            Math.Max(Resident, other.Resident), Math.Max(Managed, other.Managed), Math.Max(Committed, other.Committed), Math.Max(Large, other.Large));
    }
}
