using Loire.Model.Batches;
using Loire.Model.Transactions;

namespace Loire.Model.Tests.Batches;

/// <summary>Markers that end transactions, against those of a real Kafka broker.</summary>
public class EndMarkerTests
{
    [Theory]
    [InlineData(true, 2, 0x1a223c2d5fd, "000000000000000200000042000000000257559aa0003000000000000001a223c2d5fd000001a223c2d5fd00000000000000080000ffffffff000000012000000008000000010c00000000000000")]
    [InlineData(false, 4, 0x1a223c2d72b, "0000000000000004000000420000000002b597780c003000000000000001a223c2d72b000001a223c2d72b00000000000000080000ffffffff000000012000000008000000000c00000000000000")]
    public void Markers_have_the_bytes_of_kafka_and_are_read_again(bool commits, long offset, long time, string golden)
    {
        var stored = new byte[golden.Length / 2];
        EndMarkerBatch.Build(new ProducerIdentity(8, 0), commits, new Timestamp(time)).Span.CopyTo(stored);
        RecordBatch.Stamp(stored, new Offset(offset), new LeaderEpoch(0), stored);
        Assert.Equal(golden, Convert.ToHexStringLower(stored));
        Assert.Equal(ErrorCode.None, RecordBatch.TryRead(stored, out var batch));
        Assert.True(batch is { IsControl: true, IsTransactional: true } && batch.CrcIsValid());
        Assert.True(EndMarkerBatch.TryRead(batch, out var read));
        Assert.Equal(commits, read);
    }

    [Fact]
    public void What_is_no_marker_is_not_read_as_one()
    {
        using var builder = new RecordBatchBuilder { ProducerId = 1 };
        builder.Append(Timestamp.None, [0, 0, 0, 1], false, [], false);
        Assert.Equal(ErrorCode.None, RecordBatch.TryRead(builder.Build().Span, out var batch));
        Assert.False(EndMarkerBatch.TryRead(batch, out _));

        var marker = EndMarkerBatch.Build(new ProducerIdentity(1, 0), true, Timestamp.None).ToArray();
        marker[^9] = 2;
        Assert.Equal(ErrorCode.None, RecordBatch.TryRead(marker, out var unknown));
        Assert.False(EndMarkerBatch.TryRead(unknown, out _));
    }
}
