using System.Text;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Grains.Benchmarks;

/// <summary>What the benchmarks of nodes write and read.</summary>
internal static class Load
{
    /// <summary>A batch of so many records of so many bytes.</summary>
    public static ReadOnlyMemory<byte> Batch(int records, int recordBytes)
    {
        using var builder = new RecordBatchBuilder();
        var value = Encoding.ASCII.GetBytes(new string('v', recordBytes));
        for (var i = 0; i < records; i++)
        {
            builder.Append(Timestamp.From(DateTimeOffset.UtcNow), default, true, value, false, []);
        }

        return builder.Build();
    }

    /// <summary>A batch of records with random keys of a number and values of so many bytes.</summary>
    public static ReadOnlyMemory<byte> Keyed(Random random, int records, int keys, int valueBytes)
    {
        using var builder = new RecordBatchBuilder();
        var value = new byte[valueBytes];
        for (var i = 0; i < records; i++)
        {
            random.NextBytes(value);
            var key = Encoding.ASCII.GetBytes($"key-{random.Next(keys):D8}");
            builder.Append(Timestamp.From(DateTimeOffset.UtcNow), key, false, value, false, []);
        }

        return builder.Build();
    }

    public static async Task AppendAsync(IPartitionGrain partition, ReadOnlyMemory<byte> batch)
    {
        var result = await partition.Append(new AppendRequest(batch, Acks.All));
        if (result.Error != ErrorCode.None)
        {
            throw new InvalidOperationException($"{result.Error}: {result.Detail}");
        }
    }

    /// <summary>Reads from an offset to the end; returns the bytes.</summary>
    public static async Task<long> ReadAllAsync(IPartitionGrain partition, int maxBytes)
    {
        long bytes = 0;
        for (var from = Offset.Zero; ;)
        {
            var result = await partition.Fetch(new FetchRequest(from, maxBytes, 0, TimeSpan.Zero), default);
            if (result.Error != ErrorCode.None)
            {
                throw new InvalidOperationException($"{result.Error}: {result.Detail}");
            }

            if (result.Batches.Length == 0)
            {
                return bytes;
            }

            bytes += result.Batches.Sum(piece => (long)piece.Length);
            from = result.NextOffset;
        }
    }
}
