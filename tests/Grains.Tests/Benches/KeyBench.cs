using System.Text;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Partitions;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.Model.Batches;
using Loire.TestKit;

namespace Loire.Grains.Tests.Benches;

/// <summary>Partitions of compacted topics that are asked for keys. Records are written as "key=value", or "key" for a deletion.</summary>
internal static class KeyBench
{
    public static readonly PartitionLogOptions Small = new() { TailChunks = 4, WholeChunkBytes = 1, HeadSegments = 4, RewriteBytes = 3_000 };

    public static readonly PartitionSettings Compacted = PartitionBench.Defaults with
    {
        RequiresKeys = true,
        Compaction = new CompactionSettings(0.01, TimeSpan.Zero, TimeSpan.MaxValue, TimeSpan.FromHours(1)),
    };

    /// <summary>Whether an object is a page of a table of keys.</summary>
    public static bool IsKeys(PartitionBench bench, string key) => KindOf(bench, key) == 5;

    /// <summary>Whether an object is an index page.</summary>
    public static bool IsPage(PartitionBench bench, string key) => KindOf(bench, key) == 3;

    // The kind of an object is the sixth byte of its header.
    private static int KindOf(PartitionBench bench, string key) => key.EndsWith("/head", StringComparison.Ordinal) ? 0 : bench.Storage.Find(key)![5];

    /// <summary>The objects that are read from now on, heads left out.</summary>
    public static List<string> Reads(PartitionBench bench)
    {
        var reads = new List<string>();
        bench.Storage.Faults = call =>
        {
            if (call.Operation == StorageOperation.Read && bench.Storage.Find(call.Key) is not null && !call.Key.EndsWith("/head", StringComparison.Ordinal))
            {
                reads.Add(call.Key);
            }

            return Task.FromResult(StorageFault.None);
        };
        return reads;
    }

    public static KeyIndexMemory Memory(int slots) => new(slots * 24L, new PartitionMetrics(new Meters()));

    public static PartitionBench With(
        PartitionSettings settings, LossyGrainStorage? storage = null, KeyIndexMemory? keyIndex = null, DriverThread? computations = null,
        long cacheBytes = 1 << 24, Func<bool>? storesKeys = null)
    {
        var bench = new PartitionBench(
            storage, Small, keyIndex: keyIndex, computations: computations, cacheBytes: cacheBytes, storesTables: storesKeys);
        bench.Topic = () => Task.FromResult(new PartitionSettingsResult(ErrorCode.None, settings));
        return bench;
    }

    /// <summary>Appends values of a number of keys in turn, each in a batch of its own.</summary>
    public static void Fill(PartitionBench bench, int records, int keys = 10)
    {
        for (var i = 0; i < records; i++)
        {
            Append(bench, $"k{i % keys}={i}");
        }
    }

    public static void Append(PartitionBench bench, string record)
    {
        using var builder = new RecordBatchBuilder();
        var at = record.IndexOf('=', StringComparison.Ordinal);
        var key = Encoding.UTF8.GetBytes(at < 0 ? record : record[..at]);
        builder.Append(Timestamp.From(bench.Time.GetUtcNow()), key, false, Encoding.UTF8.GetBytes(record[(at + 1)..]), at < 0);
        Assert.Equal(ErrorCode.None, bench.Appended(builder.Build()).Error);
    }

    public static void Compact(PartitionBench bench) => bench.Thread.Finish(async () =>
    {
        await bench.Driver.CompactAsync();
        return true;
    });

    public static void SealAndCompact(PartitionBench bench)
    {
        Assert.Equal(ErrorCode.None, bench.Thread.Finish(bench.Log.SealAsync));
        Compact(bench);
    }

    public static void Run(PartitionBench bench, DriverThread elsewhere)
    {
        for (var i = 0; i < 1_000; i++)
        {
            elsewhere.Run();
            bench.Thread.Run();
        }
    }

    public static T Finish<T>(PartitionBench bench, DriverThread elsewhere, Task<T> call)
    {
        Run(bench, elsewhere);
        return call.Now();
    }

    public static string Found(PartitionBench bench, params string[] keys) => string.Join(' ', keys.Select(key => Text(bench.Latest(key).Now())));

    public static string Text(LatestRecordResult found)
    {
        Assert.Equal(ErrorCode.None, found.Error);
        if (found.Offset == Offset.None)
        {
            Assert.Empty(found.Batch);
            return "none";
        }

        using var decompressor = new BatchDecompressor();
        var bytes = Batch.Join(found.Batch).Span;
        Assert.Equal(ErrorCode.None, RecordBatch.TryRead(bytes, out var batch));
        Assert.Equal(batch.SizeInBytes, bytes.Length);
        Assert.Equal(ErrorCode.None, decompressor.TryDecompress(batch, out var records));
        var reader = new RecordReader(batch, records);
        while (reader.MoveNext())
        {
            if (reader.Current.Offset == found.Offset)
            {
                var key = Encoding.UTF8.GetString(reader.Current.Key);
                return reader.Current.ValueIsNull ? $"{found.Offset}:{key}" : $"{found.Offset}:{key}={Encoding.UTF8.GetString(reader.Current.Value)}";
            }
        }

        return "none";
    }
}
