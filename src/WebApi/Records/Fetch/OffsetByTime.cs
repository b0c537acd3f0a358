using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.Model.Batches;
using Loire.WebApi.Errors;

namespace Loire.WebApi.Records.Fetch;

/// <summary>The first record at or after a moment. The partition finds the batch; which record of it is decided here, where records are decoded.</summary>
internal readonly record struct OffsetByTime(Offset Offset, Timestamp Timestamp)
{
    /// <summary>The record, or null if every one is older.</summary>
    public static async ValueTask<(OffsetByTime? Found, ApiProblem? Problem)> FindAsync(IPartitionGrain grain, Timestamp time)
    {
        var result = await grain.FindBatch(time);
        if (result.Error != ErrorCode.None)
        {
            return (null, new ApiProblem(result.Error));
        }

        return new BatchPieces(result.Batch).TryTake(out var bytes, out var pooled) ? Find(bytes.Span, pooled, time) : (null, null);
    }

    private static (OffsetByTime? Found, ApiProblem? Problem) Find(ReadOnlySpan<byte> bytes, byte[]? pooled, Timestamp time)
    {
        try
        {
            using var decompressor = new BatchDecompressor();
            RecordBatch.TryRead(bytes, out var batch);
            if (decompressor.TryDecompress(batch, out var decompressed) != ErrorCode.None)
            {
                // The batch is known to reach the moment; without its records its start is the latest offset that misses none.
                return (new OffsetByTime(batch.BaseOffset, batch.MaxTimestamp), null);
            }

            var records = new RecordReader(batch, decompressed);
            while (records.MoveNext())
            {
                if (records.Current.Timestamp >= time)
                {
                    return (new OffsetByTime(records.Current.Offset, records.Current.Timestamp), null);
                }
            }

            return (new OffsetByTime(batch.BaseOffset, batch.MaxTimestamp), null);
        }
        finally
        {
            if (pooled is not null)
            {
                System.Buffers.ArrayPool<byte>.Shared.Return(pooled);
            }
        }
    }
}
