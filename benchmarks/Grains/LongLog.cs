using System.Diagnostics;
using Loire.Grains.Interfaces.Partitions;
using Loire.Log.Chains;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.Model.Batches;
using Loire.Storage;
using Loire.Storage.Objects;
using Loire.TestKit;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Storage;
using static Loire.Grains.Benchmarks.Rows;

namespace Loire.Grains.Benchmarks;

/// <summary>
/// A log that lists 100,000 segments in its head and its index pages: how soon another owner has opened it after its leader has died, and finds
/// something in it. Each segment is one small batch, so writing them takes seconds; what is opened and searched is the same as with large ones.
/// </summary>
internal static class LongLog
{
    private const int Segments = 100_000;
    private const int RecordsInSegment = 4;
    private const int Rounds = 9;
    private const string Id = "0a1b2c3d4e5f60718293a4b5c6d7e8f9/0";

    // As on a local disk, but that every chunk stays as it is, as a segment of its own.
    private static readonly PartitionLogOptions _options = new() { WholeChunkBytes = 1, UnmergedChunks = 4_096 };

    public static async Task RunAsync(string own)
    {
        var memory = new LossyGrainStorage();
        await OnOneThread(() => FillAsync(memory, Segments));
        await MeasureAsync(memory, "in memory", Segments);

        // A log of 100 beside it shows what the length costs.
        var few = new LossyGrainStorage();
        await OnOneThread(() => FillAsync(few, 100));
        await MeasureAsync(few, "in memory", 100);

        var options = new FileStoreOptions { Directory = Path.Combine(own, "store") };
        await using (var filled = await FileGrainStorage.OpenAsync(options, TimeProvider.System, NullLogger.Instance))
        {
            await OnOneThread(() => FillAsync(filled, Segments));
        }

        await using (var files = await FileGrainStorage.OpenAsync(options, TimeProvider.System, NullLogger.Instance))
        {
            await MeasureAsync(files, "on files", Segments);
        }

        await MeasureNodeAsync(Directory.CreateDirectory(Path.Combine(own, "node")).FullName);
    }

    /// <summary>The whole way to a partition of a node that has just started: its grain, its topic, its log, and the first record.</summary>
    private static async Task MeasureNodeAsync(string own)
    {
        await using (var node = await StartAsync(own))
        {
            foreach (var (topic, segments) in ((string, int)[])[("warm", 100), ("few", 100), ("many", Segments)])
            {
                var partition = (await node.CreateTopicAsync(topic, 1))[0];
                var batch = Load.Batch(RecordsInSegment, 20);
                for (var i = 0; i < segments; i++)
                {
                    await Load.AppendAsync(partition, batch);
                }
            }
        }

        List<double> many = [], few = [];
        var reads = 0L;
        for (var round = 0; round < Rounds; round++)
        {
            await using var node = await StartAsync(own);
            await FirstRecordAsync(node, "warm");
            few.Add(await FirstRecordAsync(node, "few"));
            var before = node.Reads;
            many.Add(await FirstRecordAsync(node, "many"));
            reads = node.Reads - before;
        }

        Print(
            $"a partition of {Segments:N0} segments of a node that has just started: first record (reads of storage)", $"{Median(many):F1} ms ({reads:N0})",
            $"one of 100 segments {Median(few):F1} ms", Median(many) / Median(few), "< 200 ms");

        static async Task<double> FirstRecordAsync(Node node, string topic)
        {
            var partition = (await node.FindTopicAsync(topic))[0];
            var start = Stopwatch.GetTimestamp();
            var fetched = await partition.Fetch(new FetchRequest(Offset.Zero, 1, 0, TimeSpan.Zero), default);
            return fetched is { Error: ErrorCode.None, Batches.Length: > 0 }
                ? Stopwatch.GetElapsedTime(start).TotalMilliseconds : throw new InvalidOperationException($"{fetched.Error}");
        }

        static Task<Node> StartAsync(string own) => Node.StartAsync(own, configure: options => options.PartitionLog = _options);
    }

    private static async Task MeasureAsync(IGrainStorage storage, string where, int segments)
    {
        var times = new Dictionary<string, List<double>>();
        var reads = new Dictionary<string, long>();
        for (var round = 0; round < Rounds; round++)
        {
            await OnOneThread(() => RoundAsync(storage, segments, times, reads));
        }

        foreach (var (what, each) in times)
        {
            Print(
                $"a log of {segments:N0} segments {where}: {what} (reads of storage)", $"{Median(each):F1} ms ({reads[what]:N0})", "", double.NaN,
                what == "opened" ? "< 200 ms" : "");
        }
    }

    private static async Task RoundAsync(IGrainStorage storage, int segments, Dictionary<string, List<double>> times, Dictionary<string, long> reads)
    {
        // What one owner finds, the next has to read again.
        var counted = new CountedStorage(storage);
        var log = Create(counted);
        await Step("opened", () => log.OpenAsync(default));
        var end = log.DurableEndOffset.Value;
        await Step("first read at the start", () => ReadAsync(Offset.Zero));
        await Step("in the middle", () => ReadAsync(new Offset(end / 2)));
        await Step("at the end", () => ReadAsync(new Offset(end - 1)));
        foreach (var part in (int[])[4, 2])
        {
            await Step($"search by time, at 1/{part} of the log", async () =>
            {
                var found = await log.FindBatchAsync(TimeOf(segments / part), default);
                return found.Bytes > 0 ? found.Error : ErrorCode.InvalidTimestamp;
            });
        }

        await Step("its size, as the first check of retention needs it", async () => (await log.SizeAsync()).Error);
        await Step("its size, again", async () => (await log.SizeAsync()).Error);

        async Task<ErrorCode> ReadAsync(Offset from)
        {
            var read = await log.ReadAsync(from, 1, default);
            return read.Bytes > 0 ? read.Error : ErrorCode.OffsetOutOfRange;
        }

        async Task Step(string what, Func<Task<ErrorCode>> step)
        {
            var (before, start) = (counted.Reads, Stopwatch.GetTimestamp());
            var error = await step();
            if (error != ErrorCode.None)
            {
                throw new InvalidOperationException($"{what}: {error}");
            }

            times.TryAdd(what, []);
            times[what].Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            reads[what] = counted.Reads - before;
        }
    }

    /// <summary>Writes the log, and leaves it as a leader does that dies.</summary>
    private static async Task FillAsync(IGrainStorage storage, int segments)
    {
        var log = Create(storage);
        Require(await log.OpenAsync(default));
        Require(await log.BecomeLeaderAsync(default));
        var value = new byte[20];
        for (var i = 0; i < segments; i++)
        {
            using var builder = new RecordBatchBuilder();
            for (var record = 0; record < RecordsInSegment; record++)
            {
                builder.Append(TimeOf(i), default, true, value, false, []);
            }

            Require(await log.Append([new BatchToAppend(builder.Build(), RecordsInSegment, TimeOf(i))]).Committed);
        }

        static void Require(ErrorCode error)
        {
            if (error != ErrorCode.None)
            {
                throw new InvalidOperationException($"The log could not be written: {error}");
            }
        }
    }

    private static PartitionLog Create(IGrainStorage storage) =>
        new(storage, Id, Guid.NewGuid(), _options, new ObjectCache(64 * 1024 * 1024), TimeProvider.System);

    private static Timestamp TimeOf(int segment) => new(1_800_000_000_000 + (segment * 1_000L));

    // A log runs on the scheduler of its owner, one step at a time.
    private static Task OnOneThread(Func<Task> run) => Task.Factory.StartNew(
        run, CancellationToken.None, TaskCreationOptions.None, new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler).Unwrap();
}
