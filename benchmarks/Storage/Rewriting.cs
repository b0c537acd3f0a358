using Loire.Log;
using Loire.Storage.Objects;
using Microsoft.Extensions.Logging.Abstractions;

namespace Loire.Storage.Benchmarks;

/// <summary>
/// How many bytes of live objects the store rewrites for each byte that is written, once as much has been written as makes it steady, and how much space
/// it takes. Without syncs and in small files: what is rewritten depends on neither.
/// </summary>
internal static class Rewriting
{
    private const int ValueBytes = 8 * 1024;
    private const long FileBytes = 4L << 20;
    private const int LiveObjects = 24_000;
    private const int UnderWay = 64;

    public static async Task RunAsync(string directory)
    {
        await MeasureAsync(directory, "retention, the same of all 32 topics", _ => Retention([1]));
        await MeasureAsync(directory, "retention, a week of half of the topics, a day of the others", _ => Retention([1, 7]));
        await MeasureAsync(directory, "retention of 1 h, 1 day, 7 and 30 days", _ => Retention([1, 24, 168, 720]));
        await MeasureAsync(directory, "random deaths, as of compaction", random => Random(random, hotShare: 1, hotWrites: 1));
        await MeasureAsync(directory, "random deaths, 80 % of them of 20 %", random => Random(random, hotShare: 0.2, hotWrites: 0.8));
        await MeasureAsync(directory, "journals: ten records, then a snapshot instead", Journals);
    }

    /// <summary>Topics that write in turns, each with one of the retentions; the longest decides how much is live.</summary>
    private static Func<int, int[]> Retention(int[] ratios)
    {
        const int Topics = 32;
        var kept = new Queue<int>[Topics];
        var perTopic = LiveObjects / (double)Topics / ratios.Average();
        return step =>
        {
            var topic = step % Topics;
            var queue = kept[topic] ??= new Queue<int>();
            queue.Enqueue(step);
            return queue.Count > perTopic * ratios[topic % ratios.Length] ? [queue.Dequeue()] : [];
        };
    }

    private static Func<int, int[]> Random(Random random, double hotShare, double hotWrites)
    {
        var newest = new int[LiveObjects];
        Array.Fill(newest, -1);
        return step =>
        {
            var hot = (int)(LiveObjects * hotShare);
            var key = step < LiveObjects ? step : random.NextDouble() < hotWrites ? random.Next(hot) : random.Next(hot, LiveObjects);
            var old = newest[key];
            newest[key] = step;
            return old < 0 ? [] : [old];
        };
    }

    private static Func<int, int[]> Journals(Random random)
    {
        // Half full on average.
        const int Records = 10;
        var journals = new List<int>[LiveObjects / 6];
        return step =>
        {
            var journal = journals[random.Next(journals.Length)] ??= [];
            int[] dies = journal.Count > Records ? [.. journal] : [];
            if (dies.Length > 0)
            {
                journal.Clear();
            }

            journal.Add(step);
            return dies;
        };
    }

    private static async Task MeasureAsync(string directory, string what, Func<Random, Func<int, int[]>> load)
    {
        var options = new FileStoreOptions
        {
            Directory = Path.Combine(directory, Guid.NewGuid().ToString("N")),
            FileBytes = FileBytes,
            CheckpointBytes = FileBytes / 2,
            SyncInterval = TimeSpan.FromMinutes(10),
            BackgroundBytesPerSecond = 100_000_000_000,
        };
        await using (var store = await FileGrainStorage.OpenAsync(options, TimeProvider.System, NullLogger.Instance))
        {
            var next = load(new Random(1));
            var objects = new Dictionary<int, (GrainState<StoredObject> State, Task Written)>();
            var underWay = new List<Task>();
            ReadOnlyMemory<byte> value = new byte[ValueBytes];
            var (before, spaces) = (store.Statistics, new List<double>());
            for (var step = 0; step < LiveObjects * 8; step++)
            {
                if (step == LiveObjects * 4)
                {
                    before = store.Statistics;
                }

                var state = new GrainState<StoredObject> { State = new StoredObject { Pieces = [value] } };
                var written = store.WriteStateAsync("loire", Stores.Id(step), state);
                objects.Add(step, (state, written));
                underWay.Add(written);
                foreach (var gone in next(step))
                {
                    objects.Remove(gone, out var old);
                    await old.Written;
                    underWay.Add(store.ClearStateAsync("loire", Stores.Id(gone), old.State));
                }

                if (underWay.Count >= UnderWay)
                {
                    await Task.WhenAll(underWay);
                    underWay.Clear();

                    // A device takes writes no faster than maintenance keeps up with.
                    await store.MaintainAsync(checkpoint: false);
                }

                if (step >= LiveObjects * 4 && step % 1_000 == 0)
                {
                    var now = store.Statistics;
                    spaces.Add((double)now.FileBytes / now.LiveBytes);
                }
            }

            await Task.WhenAll(underWay);
            var after = store.Statistics;
            var moved = after.BytesMoved - before.BytesMoved;
            var users = after.BytesWritten - before.BytesWritten - moved;
            Stores.Print(what, $"{(double)moved / users:F2} B", $"{Stores.Median(spaces):F2} x", double.NaN, "");
        }

        Directory.Delete(options.Directory, recursive: true);
    }
}
