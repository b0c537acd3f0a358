using System.Diagnostics;
using System.Text;
using Loire.Grains.Benchmarks;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Model;
using Loire.Peers.Benchmarks.Measuring;
using Loire.Storage.Benchmarks;
using static Loire.Grains.Benchmarks.Rows;

// Measures the partition grain on a file store beside bare writes of the same sizes, all in one run; medians of rounds.
//   dotnet run -c Release --project benchmarks/Grains [directory on the disk to measure] [part of a name, to measure only those]
var directory = Path.Combine(args.ElementAtOrDefault(0) ?? Path.GetTempPath(), "loire-bench-" + Guid.NewGuid().ToString("N"));
var only = args.ElementAtOrDefault(1) ?? "";
Directory.CreateDirectory(directory);
var runtime = typeof(IGrain).Assembly.GetName().Name;
Console.WriteLine($"{Environment.ProcessorCount} processors, {runtime}, .NET {Environment.Version}, {directory}");
Console.WriteLine();
Head();
try
{
    await Run("append", AppendThroughput);
    await Run("single", SingleLatency);
    await Run("syncs", SyncsPerSecond);
    await Run("fetch", Fetch);
    await Run("memory", IdleMemory);
    await Run("sweep", RetentionSweep);
    await Run("compaction-alone", CompactionMemory.RunAsync);
    await Run("lookup", Lookup);
    await Run("written", WrittenBytes);
    await Run("long", LongLog.RunAsync);
    await Run("producers", ManyProducers.RunAsync);
    await Run("transactional-ids", ManyTransactionalIds.RunAsync);
    await Run("beside-retention", BesideMaintenance.RetentionAsync);
    await Run("beside-compaction", BesideMaintenance.CompactionAsync);
}
finally
{
    Directory.Delete(directory, recursive: true);
}

async Task Run(string name, Func<string, Task> measure)
{
    if (name.Contains(only, StringComparison.Ordinal))
    {
        var own = Path.Combine(directory, name);
        Directory.CreateDirectory(own);
        await measure(own);
        Directory.Delete(own, recursive: true);
    }
}

// 64 KB batches of 1 KB records into 16 partitions, each with a few appends under way, against bare writes of groups of the same size.
async Task AppendThroughput(string own)
{
    const int Partitions = 16, UnderWay = 4, PerRound = 60, Rounds = 7;
    await using var node = await Node.StartAsync(own);
    var partitions = await node.CreateTopicAsync("append", Partitions);
    var batch = Load.Batch(62, 1_024);
    using var bare = new Bare(own);
    await Round();
    List<double> ours = [], theirs = [], ratios = [], allocated = [], perGroup = [];
    for (var round = 0; round < Rounds; round++)
    {
        var before = node.Store.Statistics;
        var bytesBefore = GC.GetTotalAllocatedBytes();
        var start = Stopwatch.GetTimestamp();
        await Round();
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        allocated.Add((GC.GetTotalAllocatedBytes() - bytesBefore) / (double)(Partitions * UnderWay * PerRound * 62));
        var after = node.Store.Statistics;
        var bytes = (double)Partitions * UnderWay * PerRound * batch.Length;
        var groups = after.Groups - before.Groups;
        var batchesPerGroup = Math.Max(1, (int)Math.Round(bytes / groups / batch.Length));
        perGroup.Add(batchesPerGroup);
        List<ReadOnlyMemory<byte>> group = [.. Enumerable.Repeat(batch, batchesPerGroup)];
        double bareSeconds = 0;
        var bareGroups = (int)(bytes / batch.Length / batchesPerGroup);
        for (var i = 0; i < bareGroups; i++)
        {
            bareSeconds += bare.WriteAndSync(group).TotalSeconds;
        }

        ours.Add(bytes / seconds / 1e6);
        theirs.Add((double)bareGroups * batchesPerGroup * batch.Length / bareSeconds / 1e6);
        ratios.Add(ours[^1] / theirs[^1]);
    }

    Print($"durable append, 1 KB records in 64 KB batches, 16 partitions ({Median(perGroup):F0} batches a sync)", $"{Median(ours):F0} MB/s",
        $"bare {Median(theirs):F0} MB/s", Median(ratios), ">= 0.6");
    Print("  bytes allocated per record", $"{Median(allocated):F1} B", "", double.NaN, "");

    Task Round() => Task.WhenAll(partitions.SelectMany(partition => Enumerable.Range(0, UnderWay).Select(async _ =>
    {
        for (var i = 0; i < PerRound; i++)
        {
            await Load.AppendAsync(partition, batch);
        }
    })));
}

// One record of 100 bytes with acks=all after the other, against a bare 4 KB append and sync, taking turns.
async Task SingleLatency(string own)
{
    await using var node = await Node.StartAsync(own);
    var partition = (await node.CreateTopicAsync("single", 1))[0];
    var record = Load.Batch(1, 100);
    var block = new byte[4_096];
    using var bare = new Bare(own);
    List<double> ours = [], theirs = [];
    for (var i = 0; i < 2_200; i++)
    {
        var start = Stopwatch.GetTimestamp();
        await Load.AppendAsync(partition, record);
        var elapsed = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        var bareElapsed = bare.WriteAndSync([block]).TotalMicroseconds;
        if (i >= 200)
        {
            ours.Add(elapsed);
            theirs.Add(bareElapsed);
        }
    }

    Print("single 100-byte record, acks=all, median", $"{Median(ours):F0} us", $"bare 4 KB {Median(theirs):F0} us",
        Median(ours) / Median(theirs), "<= 1.5");
    Print("  p99", $"{ours[ours.Count * 99 / 100]:F0} us", $"bare {theirs[theirs.Count * 99 / 100]:F0} us", double.NaN, "");
}

// Small appends to 1 and to 1,000 partitions at once.
async Task SyncsPerSecond(string own)
{
    await using var node = await Node.StartAsync(own);
    var many = await node.CreateTopicAsync("many", 1_000);
    var record = Load.Batch(1, 100);
    await Task.WhenAll(many.Select(partition => Load.AppendAsync(partition, record)));
    var one = await Measure(many[..1], 2_000);
    var thousand = await Measure(many, 20);
    Print("1,000 partitions at once against 1: syncs per second", $"{thousand.Syncs:F0}", $"1: {one.Syncs:F0}", thousand.Syncs / one.Syncs,
        "about 1");
    Print("  appends per second", $"{thousand.Appends:F0}", $"1: {one.Appends:F0}", thousand.Appends / one.Appends, "");
    Print("  processor time per append", $"{thousand.Cpu:F1} us", $"1: {one.Cpu:F1} us", double.NaN, "");

    async Task<(double Syncs, double Appends, double Cpu)> Measure(IPartitionGrain[] partitions, int each)
    {
        var before = node.Store.Statistics.Syncs;
        var cpu = Environment.CpuUsage.TotalTime;
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(partitions.Select(async partition =>
        {
            for (var i = 0; i < each; i++)
            {
                await Load.AppendAsync(partition, record);
            }
        }));
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var appends = (double)partitions.Length * each;
        var cpuEach = (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / appends;
        return ((node.Store.Statistics.Syncs - before) / seconds, appends / seconds, cpuEach);
    }
}

// The same partition read again and again from memory, and once after a restart from the page cache.
async Task Fetch(string own)
{
    const int Batches = 1_500, MaxBytes = 1024 * 1024;
    var batch = Load.Batch(62, 1_024);
    await using (var node = await Node.StartAsync(own))
    {
        var partition = (await node.CreateTopicAsync("fetch", 1))[0];
        for (var i = 0; i < Batches; i += 50)
        {
            await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Load.AppendAsync(partition, batch)));
        }

        await Load.ReadAllAsync(partition, MaxBytes);
        List<double> rates = [], allocated = [];
        for (var round = 0; round < 20; round++)
        {
            var bytesBefore = GC.GetTotalAllocatedBytes();
            var start = Stopwatch.GetTimestamp();
            var bytes = await Load.ReadAllAsync(partition, MaxBytes);
            rates.Add(bytes / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9);
            allocated.Add((GC.GetTotalAllocatedBytes() - bytesBefore) / (Batches * 62.0));
        }

        Print("hot fetch, 1 MB at a time", $"{Median(rates):F2} GB/s", "", double.NaN, ">= 2 GB/s");
        Print("  bytes allocated per record", $"{Median(allocated):F2} B", "", double.NaN, "");
    }

    List<double> cold = [], coldAllocated = [], coldCpu = [], bare = [];
    for (var round = 0; round < 5; round++)
    {
        await using var node = await Node.StartAsync(own);
        var partition = (await node.FindTopicAsync("fetch"))[0];
        await partition.Offsets();
        var bytesBefore = GC.GetTotalAllocatedBytes();
        var cpu = Environment.CpuUsage.TotalTime;
        var start = Stopwatch.GetTimestamp();
        var bytes = await Load.ReadAllAsync(partition, MaxBytes);
        cold.Add(bytes / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9);
        coldCpu.Add(bytes / (Environment.CpuUsage.TotalTime - cpu).TotalSeconds / 1e9);
        coldAllocated.Add((GC.GetTotalAllocatedBytes() - bytesBefore) / (Batches * 62.0));
    }

    var buffer = new byte[MaxBytes];
    foreach (var path in Directory.GetFiles(Path.Combine(own, "store")).Where(path => new FileInfo(path).Length > 50_000_000))
    {
        using var file = File.OpenHandle(path);
        var (start, at) = (Stopwatch.GetTimestamp(), 0L);
        for (int read; (read = RandomAccess.Read(file, buffer, at)) > 0; at += read)
        {
        }

        bare.Add(at / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9);
    }

    Print(
        "cold fetch from the page cache, 1 MB at a time", $"{Median(cold):F2} GB/s", $"bare read {Median(bare):F2} GB/s",
        Median(cold) / Median(bare), ">= 1 GB/s");
    Print("  per second of processor time", $"{Median(coldCpu):F2} GB", "", double.NaN, "");
    Print("  bytes allocated per record (1 KB each)", $"{Median(coldAllocated):F0} B", "", double.NaN, "");
}

// Partitions that were written and read once and then do nothing.
async Task IdleMemory(string own)
{
    const int Partitions = 2_000;
    await using var node = await Node.StartAsync(own, cacheBytes: 0);
    var partitions = await node.CreateTopicAsync("idle", Partitions);
    var record = Load.Batch(1, 100);
    await Load.AppendAsync(partitions[0], record);
    var before = GC.GetTotalMemory(forceFullCollection: true);
    await Task.WhenAll(partitions.Select(async partition =>
    {
        await Load.AppendAsync(partition, record);
        await partition.Fetch(new FetchRequest(Offset.Zero, 1_000, 1, TimeSpan.Zero), default);
    }));
    var each = (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)Partitions / 1024;
    Print("memory per idle active partition (store index included)", $"{each:F1} KB", "", double.NaN, "< 20 KB");
}

// The check of retention of 100,000 closed partitions with records that are kept for longer: of a node that has just started, then of the same one.
async Task RetentionSweep(string own)
{
    const int Topics = 1_000, Partitions = 100;
    await using (var node = await Node.StartAsync(own))
    {
        var now = Timestamp.From(DateTimeOffset.UtcNow);
        await Task.WhenAll(Enumerable.Range(0, 10).Select(async lane =>
        {
            for (var number = lane; number < Topics; number += 10)
            {
                var topic = node.Grains.GetGrain<ITopicGrain>($"sweep-{number}");
                var created = await topic.Create(new CreateTopicRequest(Partitions, 1, [], false));
                var error = await topic.Report(created.Topic!.Id, [.. Enumerable.Range(0, Partitions).Select(partition => new PartitionReport(
                    partition, Offset.Zero, new Offset(100), 10_000, 5_000, now, 0, IsOpen: false, Timestamp.None))]);
                Require(created.Error == ErrorCode.None && error == ErrorCode.None);
            }
        }));
    }

    await using var restarted = await Node.StartAsync(own);
    foreach (var what in (string[])["first after a start", "next"])
    {
        var (reads, cpu) = (restarted.Reads, Environment.CpuUsage.TotalTime);
        await restarted.Grains.GetGrain<ICatalogGrain>(ICatalogGrain.Key).Retain();
        var seconds = (Environment.CpuUsage.TotalTime - cpu).TotalSeconds;
        var active = await restarted.Grains.GetGrain<IManagementGrain>(0).GetSimpleGrainStatistics();
        var partitions = active.Where(grain => grain.GrainType.Contains("PartitionGrain", StringComparison.Ordinal)).Sum(grain => grain.ActivationCount);
        Print($"check of {Topics * Partitions:N0} closed partitions of {Topics:N0} topics, {what}: processor time", $"{seconds:F2} s", "", double.NaN, "< 5 s");
        Print("  reads of storage, partitions opened", $"{restarted.Reads - reads:N0}, {partitions:N0}", "", double.NaN, "0 opened");
    }

    static void Require(bool isMet)
    {
        if (!isMet)
        {
            throw new InvalidOperationException("A topic could not be prepared.");
        }
    }
}

// The last record of a key among 200,000, in a log that is compacted as it would be after a while, and with the keys that a pass of compaction has stored:
// the first lookup, then answers from the cache and from storage.
async Task Lookup(string own)
{
    const int Records = 400_000, Keys = 200_000, InBatch = 500, Rounds = 7, PerRound = 2_000;
    await using (var filled = await Node.StartAsync(own))
    {
        var random = new Random(1);
        var partition = (await filled.CreateTopicAsync("keys", 1, new KeyValuePair<string, string>("cleanup.policy", "compact")))[0];
        for (var batch = 0; batch < Records / InBatch; batch += 8)
        {
            await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Load.AppendAsync(partition, Load.Keyed(random, InBatch, Keys, 100))));
        }
    }

    await MeasureAsync("learned");
    await using (var compacted = await Node.StartAsync(own, configure: options => options.CompactionCheckInterval = TimeSpan.FromMilliseconds(100)))
    {
        using var progress = new CompactionProgress();
        await compacted.Grains.GetGrain<ITopicGrain>("keys").AlterConfigs(new AlterConfigsRequest([new("min.cleanable.dirty.ratio", "0")], false));
        await Find((await compacted.FindTopicAsync("keys"))[0], 0);
        while (!progress.HasEnded)
        {
            await Task.Delay(20);
        }
    }

    await MeasureAsync("stored");

    async Task MeasureAsync(string keys)
    {
        foreach (var cacheBytes in (long[])[256 * 1024 * 1024, 0])
        {
            await using var node = await Node.StartAsync(own, cacheBytes);
            var partition = (await node.FindTopicAsync("keys"))[0];
            _ = await partition.Offsets();
            var (start, readBefore) = (Stopwatch.GetTimestamp(), node.Reads);
            await Find(partition, 0);
            var (first, readFirst) = (Stopwatch.GetElapsedTime(start), node.Reads - readBefore);
            var name = cacheBytes > 0 ? "objects in memory" : "objects in storage";
            Print($"lookup of a key of {Keys:N0}, {keys} keys, {name}: first; reads of storage", $"{first.TotalMilliseconds:F0} ms; {readFirst}", "", double.NaN, "");
            await Find(partition, 1);
            List<double> ours = [], bounds = [], reads = [];
            for (var round = 0; round < Rounds; round++)
            {
                readBefore = node.Reads;
                ours.Add(await Each(i => Find(partition, (i * 97) % Keys)));
                reads.Add((node.Reads - readBefore) / (double)PerRound);
                bounds.Add(await Each(_ => partition.Offsets().AsTask()));
            }

            Print("  next, one after the other", $"{Median(ours) * 1e6:F0} us", $"asking for the bounds {Median(bounds) * 1e6:F0} us", Median(ours) / Median(bounds), "< 1 ms");
            Print("  reads of storage for each", $"{Median(reads):F1}", "", double.NaN, "");
        }
    }

    static async Task<double> Each(Func<int, Task> call)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < PerRound; i++)
        {
            await call(i);
        }

        return Stopwatch.GetElapsedTime(start).TotalSeconds / PerRound;
    }

    static async Task Find(IPartitionGrain partition, int key)
    {
        var found = await partition.Latest(Encoding.ASCII.GetBytes($"key-{key:D8}"));
        if (found.Error != ErrorCode.None)
        {
            throw new InvalidOperationException($"{found.Error}: {found.Detail}");
        }
    }
}

// Where the bytes go that a record costs on disk, while it is appended and in the long run, when the store has rewritten its files. Small files, so that
// it does.
async Task WrittenBytes(string own)
{
    var alone = Load.Batch(1, 1_024);
    await Measure("1 KB alone, 1 partition, 2,000 records", 1, alone, 1, 2_000);
    await Measure("1 KB alone, 1 partition, 60,000 records", 1, alone, 1, 60_000);
    await Measure("1 KB alone, 16 partitions, 500 records each", 16, alone, 1, 500);
    await Measure("100 B alone, 1 partition, 2,000 records", 1, Load.Batch(1, 100), 1, 2_000);
    await Measure("1 KB, 16 partitions, batches of 64 KB", 16, Load.Batch(62, 1_024), 62, 200);
    await Measure("1 KB, 16 partitions, batches of 32 KB", 16, Load.Batch(31, 1_024), 31, 400);
    await Measure("1 KB, 16 partitions, batches of 16 KB", 16, Load.Batch(15, 1_024), 15, 800);

    async Task Measure(string what, int partitions, ReadOnlyMemory<byte> batch, int records, int appends)
    {
        var directory = Directory.CreateDirectory(Path.Combine(own, Guid.NewGuid().ToString("N"))).FullName;
        await using (var node = await Node.StartAsync(directory, fileBytes: 16L * 1024 * 1024))
        {
            var grains = await node.CreateTopicAsync("written", partitions);
            await Task.WhenAll(grains.Select(grain => Load.AppendAsync(grain, batch)));
            await Task.Delay(1_000);
            var growth = new DiskGrowth(Path.Combine(directory, "store"));
            var (onDisk, before, store) = (0L, node.Written, node.Store.Statistics);
            growth.Take();

            // Rounds of a megabyte or two: no file may appear and be reclaimed between two looks.
            var round = Math.Clamp(1_000_000 / (partitions * batch.Length), 1, 100);
            for (var done = 0; done < appends; done += round)
            {
                await Task.WhenAll(grains.Select(async grain =>
                {
                    for (var i = 0; i < round; i++)
                    {
                        await Load.AppendAsync(grain, batch);
                    }
                }));
                onDisk += growth.Take();
            }

            // What follows in the background.
            long more;
            do
            {
                await Task.Delay(1_000);
                onDisk += more = growth.Take();
            }
            while (more > 0);

            var (written, after, each) = (node.Written - before, node.Store.Statistics, (double)partitions * ((appends + round - 1) / round * round) * records);
            var moved = after.BytesMoved - store.BytesMoved;
            var rest = onDisk - written.Chunks - written.Segments - written.Pages - written.Heads - moved;
            Print($"bytes on disk a record, {what}", $"{onDisk / each:F0}", "", double.NaN, "");
            Print(
                "  chunks, segments, pages, heads; moved by the store; its records, keys and deletes; files beside live bytes",
                $"{written.Chunks / each:F0}, {written.Segments / each:F0}, {written.Pages / each:F0}, {written.Heads / each:F0}; {moved / each:F0}; "
                + $"{rest / each:F0}; {(double)after.FileBytes / after.LiveBytes:F2}", "", double.NaN, "");
        }

        Directory.Delete(directory, recursive: true);
    }
}
