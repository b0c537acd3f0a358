using CsCheck;
using Loire.Model.Batches;
using Loire.Model.Tests.Golden;

namespace Loire.Model.Tests.Batches;

public sealed class BuilderTests
{
    private static readonly Gen<SampleRecord> Records = Gen.Select(
        Gen.Frequency((1, Gen.Const(-1L)), (4, Gen.Long[0, 2_000_000_000_000]), (4, Gen.Long[0, long.MaxValue])),
        Bytes(40).Null(),
        Gen.Frequency((7, Bytes(300)), (1, Bytes(70_000))).Null(),
        Gen.Select(Gen.Char.AlphaNumeric.Array[0, 8].Select(name => new string(name)), Bytes(100).Null()).Array[0, 10],
        (timestamp, key, value, headers) => new SampleRecord(timestamp, key, value, headers));

    public static TheoryData<CompressionType> Codecs => [.. Enum.GetValues<CompressionType>()];

    [Theory]
    [InlineData("few")]
    [InlineData("run")]
    public void Without_compression_our_bytes_are_those_of_a_real_client(string set)
    {
        var ours = Build(set == "few" ? Samples.Few : Samples.Run, CompressionType.None);
        var theirs = Fixture.Read($"kafka-python-2.0.2/{set}-none.bin");

        // kafka-python leaves the leader epoch 0, which means nothing in a batch from a client; we leave it -1 as the Java client does.
        Assert.Equal(-1, System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(ours.AsSpan(12)));
        theirs.AsSpan(12, 4).CopyTo(ours.AsSpan(12));
        Assert.Equal(theirs, ours);
    }

    [Theory, MemberData(nameof(Codecs))]
    public void Any_records_are_read_back_as_they_were(CompressionType codec) => Records.List[1, 60].Sample(records =>
    {
        using var builder = new RecordBatchBuilder();
        Append(builder, records);
        var size = builder.SizeInBytes;
        var batch = builder.Build(codec);

        Assert.True(codec != CompressionType.None || size == batch.Length);
        Assert.Equal(ErrorCode.None, RecordBatch.TryReadProduced(batch.Span, Limits.BatchBytes, out var read, out var problem));
        Assert.Null(problem);
        Assert.Equal(batch.Length, read.SizeInBytes);
        Assert.Equal(codec, read.Compression);
        Assert.Equal(records.Max(r => r.Timestamp), read.MaxTimestamp.Milliseconds);
        Assert.Equal(records.Select((r, n) => r.Line(n)), BatchText.Lines(batch.Span));
    }, iter: 200);

    [Theory, MemberData(nameof(Codecs))]
    public void A_large_record_and_a_million_empty_ones_are_read_back(CompressionType codec)
    {
        using var builder = new RecordBatchBuilder();
        var value = new byte[10_000_000];
        new Random(1).NextBytes(value.AsSpan(0, 5_000_000));
        Assert.True(builder.Append(new Timestamp(1), [], true, value, false));
        Assert.Equal(new SampleRecord(1, null, value).Line(0), Assert.Single(BatchText.Lines(builder.Build(codec).Span)));

        for (var i = 0; i < 1_000_000; i++)
        {
            builder.Append(new Timestamp(1), [], true, [], true);
        }

        var batch = builder.Build(codec);
        RecordBatch.TryRead(batch.Span, out var read);
        using var decompressor = new BatchDecompressor();
        Assert.Equal(ErrorCode.None, decompressor.TryDecompress(read, out var records));
        Assert.Equal(1_000_000, read.RecordCount);
        Assert.Equal(ErrorCode.None, RecordReader.Check(read, records));
    }

    [Fact]
    public void A_builder_is_empty_after_building_and_leaves_what_it_built_alone()
    {
        using var builder = new RecordBatchBuilder();
        Append(builder, Samples.Few);
        var first = builder.Build();
        var copy = first.ToArray();
        Assert.Equal((0, RecordBatch.HeaderSize), (builder.RecordCount, builder.SizeInBytes));
        Append(builder, Samples.Run);
        builder.Build(CompressionType.Lz4);
        Append(builder, Samples.Run);
        builder.Reset();
        Append(builder, Samples.Few);
        Assert.Equal(copy, builder.Build());
        Assert.Equal(copy, first);
    }

    [Fact]
    public void A_record_that_does_not_fit_is_not_appended()
    {
        using var builder = new RecordBatchBuilder(maxBytes: 100);
        Assert.False(builder.Append(new Timestamp(1), [], true, new byte[33], false));
        Assert.Equal(0, builder.RecordCount);
        Assert.True(builder.Append(new Timestamp(1), [], true, new byte[32], false));
        Assert.Equal(100, builder.SizeInBytes);
        Assert.False(builder.Append(new Timestamp(2), [], true, [], true));
        Assert.Equal(100, builder.Build().Length);
        Assert.True(builder.Append(new Timestamp(9), [], true, [], true));
        Assert.Equal("0|9|null|null|", Assert.Single(BatchText.Lines(builder.Build().Span)));
    }

    [Fact]
    public void Producer_and_transaction_are_written()
    {
        using var builder = new RecordBatchBuilder
        {
            ProducerId = 123_456_789_012,
            ProducerEpoch = 12,
            BaseSequence = 345,
            IsTransactional = true,
        };
        builder.Append(Timestamp.None, [], true, [], true);
        Assert.Equal(ErrorCode.None, RecordBatch.TryReadProduced(builder.Build().Span, 1 << 20, out var batch, out _));
        Assert.Equal((123_456_789_012, 12, 345, true), (batch.ProducerId, batch.ProducerEpoch, batch.BaseSequence, batch.IsTransactional));
        Assert.Equal((Timestamp.None, Timestamp.None), (batch.BaseTimestamp, batch.MaxTimestamp));
    }

    [Fact]
    public void Timestamps_at_both_ends_fit_one_batch()
    {
        SampleRecord[] records = [new(-1, null, "a"), new(long.MaxValue, null, "b"), new(0, null, "c")];
        Assert.Equal(records.Select((r, i) => r.Line(i)), BatchText.Lines(Build(records, CompressionType.None)));
    }

    [Fact]
    public void Misuse_is_a_broken_invariant()
    {
        using var builder = new RecordBatchBuilder();
        Assert.Throws<InvariantException>(() => builder.Build());
        Assert.Throws<InvariantException>(() => builder.Append(new Timestamp(-2), [], true, [], true));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RecordBatchBuilder(60));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RecordBatchBuilder(Limits.BatchBytes + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BatchDecompressor(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BatchDecompressor(Limits.BatchBytes + 1));
    }

    [Fact]
    public void Appending_and_reading_allocate_nothing_per_record()
    {
        using var builder = new RecordBatchBuilder();
        RecordHeader[] headers = [new("trace"u8.ToArray(), new byte[16]), new("empty"u8.ToArray(), default, ValueIsNull: true)];
        var value = new byte[100];
        long Round()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1000; i++)
            {
                builder.Append(new Timestamp(i), value.AsSpan(0, 8), false, value, false, headers);
            }

            var batch = builder.Build();
            RecordBatch.TryReadProduced(batch.Span, Limits.BatchBytes, out var read, out _);
            var reader = new RecordReader(read, read.Payload);
            while (reader.MoveNext())
            {
                foreach (var header in reader.Current.Headers)
                {
                    Assert.True(header.Key.Length == 5);
                }
            }

            return GC.GetAllocatedBytesForCurrentThread() - before - batch.Length;
        }

        Round();
        Assert.InRange(Round(), 0, 100);
    }

    internal static byte[] Build(IEnumerable<SampleRecord> records, CompressionType codec)
    {
        using var builder = new RecordBatchBuilder();
        Append(builder, records);
        return builder.Build(codec).ToArray();
    }

    private static void Append(RecordBatchBuilder builder, IEnumerable<SampleRecord> records)
    {
        foreach (var record in records)
        {
            var headers = record.Headers.Select(h => new RecordHeader(Samples.Bytes(h.Key), h.Value, h.Value is null)).ToArray();
            Assert.True(builder.Append(
                new Timestamp(record.Timestamp), record.Key, record.Key is null, record.Value, record.Value is null, headers));
        }
    }

    // Half of it repeats itself.
    private static Gen<byte[]> Bytes(int max) => Gen.Byte.Array[0, max / 2].Select(noise => (byte[])[.. noise, .. new byte[noise.Length]]);
}
