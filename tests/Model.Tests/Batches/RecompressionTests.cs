using Loire.Model.Batches;
using Loire.Model.Tests.Golden;

namespace Loire.Model.Tests.Batches;

public sealed class RecompressionTests
{
    public static TheoryData<string> Batches => [.. Fixture.Batches];

    [Theory, MemberData(nameof(Batches))]
    public void A_batch_of_any_client_has_the_same_records_and_header_in_every_codec(string name)
    {
        var bytes = Fixture.Read(name);
        var untouched = bytes.ToArray();
        Assert.Equal(ErrorCode.None, RecordBatch.TryRead(bytes, out var batch));
        using var decompressor = new BatchDecompressor();
        Assert.Equal(ErrorCode.None, decompressor.TryDecompress(batch, out var records));
        foreach (var codec in Enum.GetValues<CompressionType>())
        {
            Assert.Equal(ErrorCode.None, BatchRecompression.TryRecompress(batch, records, codec, Limits.BatchBytes, out var result));

            Assert.Equal(ErrorCode.None, RecordBatch.TryRead(result.Span, out var stored));
            Assert.Equal((codec, result.Length), (stored.Compression, stored.SizeInBytes));
            Assert.True(stored.CrcIsValid());
            Assert.Equal(BatchText.Lines(bytes), BatchText.Lines(result.Span.ToArray()));
            Assert.Equal(Kept(bytes), Kept(result.Span));
        }

        Assert.Equal(untouched, bytes);
    }

    [Fact]
    public void The_fields_of_a_transactional_producer_are_kept()
    {
        using var builder = new RecordBatchBuilder { ProducerId = 7, ProducerEpoch = 3, BaseSequence = 11, IsTransactional = true };
        Assert.True(builder.Append(new Timestamp(5), "k"u8, false, "v"u8, false));
        RecordBatch.TryRead(builder.Build().Span, out var batch);
        BatchRecompression.TryRecompress(batch, batch.Payload, CompressionType.Lz4, Limits.BatchBytes, out var result);

        RecordBatch.TryRead(result.Span, out var stored);
        Assert.True(stored.IsTransactional);
        Assert.Equal((7L, (short)3, 11), (stored.ProducerId, stored.ProducerEpoch, stored.BaseSequence));
    }

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    public void A_result_beyond_the_maximum_is_refused(CompressionType codec)
    {
        RecordBatch.TryRead(Fixture.Read("kafka-python-2.0.2/few-none.bin"), out var batch);
        BatchRecompression.TryRecompress(batch, batch.Payload, codec, Limits.BatchBytes, out var result);

        Assert.Equal(ErrorCode.None, BatchRecompression.TryRecompress(batch, batch.Payload, codec, result.Length, out _));
        Assert.Equal(ErrorCode.MessageTooLarge, BatchRecompression.TryRecompress(batch, batch.Payload, codec, result.Length - 1, out var none));
        Assert.Equal(0, none.Length);
    }

    /// <summary>The header but for length, checksum and codec.</summary>
    private static byte[] Kept(ReadOnlySpan<byte> batch) =>
        [.. batch[..8], .. batch[12..17], batch[21], (byte)(batch[22] & ~7), .. batch[23..RecordBatch.HeaderSize]];
}
