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
            var (offset, timestamp) = TimeSearch.FirstIn(bytes, time);
            return (new OffsetByTime(offset, timestamp), null);
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
