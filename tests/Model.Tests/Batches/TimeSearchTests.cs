using System.Text;
using Loire.Model.Batches;

namespace Loire.Model.Tests.Batches;

public sealed class TimeSearchTests
{
    [Theory]
    [InlineData(0, 0, 0L)]
    [InlineData(10, 0, 0L)]
    [InlineData(11, 0, 1L)]
    [InlineData(30, 0, 1L)]
    [InlineData(31, 0, 3L)]
    [InlineData(99, 0, 0L)]
    [InlineData(11, 2, 2L)]
    [InlineData(21, 2, 3L)]
    [InlineData(41, 2, null)]
    public void The_first_record_not_older_than_the_moment_is_found_or_the_start_of_the_batch(long time, long start, long? expected)
    {
        using var builder = new RecordBatchBuilder();
        foreach (var timestamp in new[] { 10, 30, 20, 40 })
        {
            builder.Append(new Timestamp(timestamp), default, true, Encoding.UTF8.GetBytes("v"), false);
        }

        Assert.Equal(expected, TimeSearch.FirstIn(builder.Build(CompressionType.Lz4).Span, new Timestamp(time), new Offset(start))?.Offset.Value);
    }

    [Fact]
    public void A_batch_whose_records_cannot_be_read_is_found_by_its_start()
    {
        using var builder = new RecordBatchBuilder();
        builder.Append(new Timestamp(10), default, true, default, false);
        var batch = builder.Build(CompressionType.Lz4).ToArray();
        batch.AsSpan(RecordBatch.HeaderSize).Fill(0xFF);
        Assert.Equal(Offset.Zero, TimeSearch.FirstIn(batch, new Timestamp(10), Offset.Zero)?.Offset);
    }
}
