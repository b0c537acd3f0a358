using Loire.Model.Batches;
using Loire.Model.Tests.Golden;

namespace Loire.Model.Tests.Batches;

public sealed class ReductionTests
{
    public static TheoryData<string> Batches => [.. Fixture.Batches];

    [Theory, MemberData(nameof(Batches))]
    public void What_stays_of_a_batch_of_any_client_is_as_it_was(string name)
    {
        var bytes = Fixture.Read(name);
        var before = BatchText.Lines(bytes);
        foreach (var horizon in new Timestamp?[] { null, new(1_900_000_000_000), Timestamp.None })
        {
            for (var kept = 0; kept < 3; kept++)
            {
                var result = Reduce(bytes, index => index % 3 == kept, horizon);

                Assert.Equal(ErrorCode.None, RecordBatch.TryRead(result.Span, out var batch));
                Assert.True(batch.CrcIsValid());
                Assert.Equal(result.Length, batch.SizeInBytes);
                Assert.Equal(before.Where((_, index) => index % 3 == kept), batch.RecordCount == 0 ? [] : BatchText.Lines(result.ToArray()));
                Assert.Equal(horizon, batch.DeleteHorizon);
                RecordBatch.TryRead(bytes, out var original);
                Assert.Equal(
                    (original.BaseOffset, original.LastOffset, original.LeaderEpoch, original.ProducerId, original.BaseSequence),
                    (batch.BaseOffset, batch.LastOffset, batch.LeaderEpoch, batch.ProducerId, batch.BaseSequence));
                Assert.Equal(batch.RecordCount == 0 ? CompressionType.None : original.Compression, batch.Compression);
            }
        }
    }

    [Fact]
    public void The_greatest_timestamp_is_that_of_what_stays()
    {
        using var builder = new RecordBatchBuilder();
        foreach (var time in new[] { 5, 9, 7 })
        {
            Assert.True(builder.Append(new Timestamp(time), "k"u8, false, "v"u8, false));
        }

        RecordBatch.TryRead(Reduce(builder.Build().ToArray(), index => index != 1, null).Span, out var batch);
        Assert.Equal((new Timestamp(5), new Timestamp(7)), (batch.BaseTimestamp, batch.MaxTimestamp));
    }

    [Fact]
    public void Records_with_the_brokers_time_keep_it()
    {
        using var builder = new RecordBatchBuilder();
        Assert.True(builder.Append(new Timestamp(5), "a"u8, false, "v"u8, false));
        Assert.True(builder.Append(new Timestamp(6), "b"u8, false, default, true));
        var bytes = builder.Build().ToArray();
        var header = new byte[RecordBatch.HeaderSize];
        RecordBatch.Restamp(bytes, new Offset(3), new LeaderEpoch(1), new Timestamp(100), header);
        var result = Reduce([.. header, .. bytes[RecordBatch.HeaderSize..]], index => index == 1, new Timestamp(900));

        var reader = new RecordReader(Read(result), Read(result).Payload);
        Assert.True(reader.MoveNext());
        Assert.Equal((new Offset(4), new Timestamp(100)), (reader.Current.Offset, reader.Current.Timestamp));
        Assert.Equal(new Timestamp(900), Read(result).DeleteHorizon);
    }

    private static RecordBatch Read(ReadOnlyMemory<byte> bytes)
    {
        Assert.Equal(ErrorCode.None, RecordBatch.TryRead(bytes.Span, out var batch));
        return batch;
    }

    private static ReadOnlyMemory<byte> Reduce(byte[] bytes, Func<int, bool> stays, Timestamp? horizon)
    {
        Assert.Equal(ErrorCode.None, RecordBatch.TryRead(bytes, out var batch));
        using var decompressor = new BatchDecompressor();
        Assert.Equal(ErrorCode.None, decompressor.TryDecompress(batch, out var records));
        var index = 0;
        return BatchReduction.Reduce(batch, records, _ => stays(index++), horizon);
    }
}
