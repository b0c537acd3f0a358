using Loire.Edge.Offsets;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.Model.Batches;
using Loire.TestKit;

namespace Loire.Edge.Tests.Offsets;

/// <summary>The record that a search by time finds in the answer of a partition.</summary>
public sealed class OffsetLookupTests
{
    [Theory]
    [InlineData(0, 0L)]
    [InlineData(1, 2L)]
    [InlineData(2, 2L)]
    [InlineData(3, 3L)]
    [InlineData(4, null)]
    public void Deleted_records_are_not_found(long start, long? found)
    {
        // The batch between them is older.
        ReadOnlyMemory<byte>[] batches = [.. Stamped(0, TestBatches.Of(100, "a")), .. Stamped(2, TestBatches.Of(100, "c", "d"))];
        var bounds = new PartitionOffsets(ErrorCode.None, new Offset(start), new(4), new(4), new(4), LeaderEpoch.None);
        var answer = new FindBatchResult(ErrorCode.None, batches, bounds);
        var record = OffsetLookup.Find(answer, new Timestamp(50));
        Assert.Equal((found is not null, found ?? -1), (record.IsFound, record.Offset.Value));
    }

    private static ReadOnlyMemory<byte>[] Stamped(long offset, ReadOnlyMemory<byte> bytes)
    {
        Assert.Equal(ErrorCode.None, RecordBatch.TryRead(bytes.Span, out var batch));
        var stamp = new byte[RecordBatch.StampSize];
        RecordBatch.Stamp(batch.Bytes, new Offset(offset), LeaderEpoch.None, stamp);
        return [stamp, bytes[RecordBatch.StampSize..]];
    }
}
