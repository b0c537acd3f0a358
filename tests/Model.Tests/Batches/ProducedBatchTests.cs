using System.Buffers.Binary;
using Loire.Model.Batches;
using static Loire.Model.Tests.Batches.HostileBatch;

namespace Loire.Model.Tests.Batches;

/// <summary>What a broker accepts of a client's batch, judged by header and checksum alone.</summary>
public sealed class ProducedBatchTests
{
    // One record: nulls for key and value, no headers.
    private static ReadOnlySpan<byte> OneRecord => [12, 0, 0, 0, 1, 1, 0];

    public static TheoryData<string, int, int, long, ErrorCode> Fields => new()
    {
        // what the row is about, position and size of the field, its value, the verdict
        { "base offset of a log read elsewhere", 0, 8, 1234, ErrorCode.None },
        { "base offset, negative", 0, 8, -1, ErrorCode.CorruptMessage },
        { "base offset, least", 0, 8, long.MinValue, ErrorCode.CorruptMessage },
        { "base offset whose next is no number", 0, 8, long.MaxValue, ErrorCode.CorruptMessage },
        { "leader epoch of a log read elsewhere", 12, 4, 5, ErrorCode.None },
        { "leader epoch, least", 12, 4, int.MinValue, ErrorCode.None },
        { "unused attribute, lowest", Attributes, 2, 0x80, ErrorCode.InvalidRecord },
        { "unused attribute, highest", Attributes, 2, unchecked((short)0x8000), ErrorCode.InvalidRecord },
        { "codec 4", Attributes, 2, 4, ErrorCode.None },
        { "codec 5", Attributes, 2, 5, ErrorCode.UnsupportedCompressionType },
        { "codec 6", Attributes, 2, 6, ErrorCode.UnsupportedCompressionType },
        { "codec 7", Attributes, 2, 7, ErrorCode.UnsupportedCompressionType },
        { "log append time, the broker's to give", Attributes, 2, 8, ErrorCode.InvalidTimestamp },
        { "transaction without a producer", Attributes, 2, 16, ErrorCode.InvalidRecord },
        { "control batch", Attributes, 2, 32, ErrorCode.InvalidRecord },
        { "delete horizon", Attributes, 2, 64, ErrorCode.InvalidRecord },
        { "last offset delta above the count", LastOffsetDelta, 4, 1, ErrorCode.InvalidRecord },
        { "last offset delta, negative", LastOffsetDelta, 4, -1, ErrorCode.InvalidRecord },
        { "last offset delta, greatest", LastOffsetDelta, 4, int.MaxValue, ErrorCode.InvalidRecord },
        { "last offset delta, least", LastOffsetDelta, 4, int.MinValue, ErrorCode.InvalidRecord },
        { "count 0", Count, 4, 0, ErrorCode.InvalidRecord },
        { "count 2", Count, 4, 2, ErrorCode.InvalidRecord },
        { "count -1", Count, 4, -1, ErrorCode.InvalidRecord },
        { "count, greatest", Count, 4, int.MaxValue, ErrorCode.InvalidRecord },
        { "count, least", Count, 4, int.MinValue, ErrorCode.InvalidRecord },
        { "no timestamp, though a greatest one", BaseTimestamp, 8, -1, ErrorCode.None },
        { "first timestamp negative", BaseTimestamp, 8, -2, ErrorCode.InvalidTimestamp },
        { "first timestamp after the greatest", BaseTimestamp, 8, 1, ErrorCode.InvalidTimestamp },
        { "first timestamp, least", BaseTimestamp, 8, long.MinValue, ErrorCode.InvalidTimestamp },
        { "greatest timestamp, absent", MaxTimestamp, 8, -1, ErrorCode.InvalidTimestamp },
        { "greatest timestamp, least", MaxTimestamp, 8, long.MinValue, ErrorCode.InvalidTimestamp },
        { "greatest timestamp, greatest", MaxTimestamp, 8, long.MaxValue, ErrorCode.None },
        { "producer id without epoch and sequence", ProducerId, 8, 7, ErrorCode.InvalidRecord },
        { "producer id -2", ProducerId, 8, -2, ErrorCode.InvalidRecord },
        { "producer id, least", ProducerId, 8, long.MinValue, ErrorCode.InvalidRecord },
        { "epoch without a producer id, as KafkaJS sends", ProducerEpoch, 2, 0, ErrorCode.None },
        { "sequence without a producer id, as KafkaJS sends", BaseSequence, 4, 0, ErrorCode.None },
    };

    [Theory, MemberData(nameof(Fields))]
    public void A_fields_value_decides(string about, int position, int size, long value, ErrorCode verdict)
    {
        var batch = Of(OneRecord);
        Assert.Equal(ErrorCode.None, RecordBatch.TryReadProduced(batch, Limits.DefaultMaxMessageBytes, out _, out _));
        Put(batch, position, size, value);
        FixCrc(batch);

        var error = RecordBatch.TryReadProduced(batch, Limits.DefaultMaxMessageBytes, out var read, out var problem);
        Assert.True(verdict == error, $"{about}: {error}");
        Assert.Equal(verdict == ErrorCode.None ? batch.Length : 0, read.SizeInBytes);
        Assert.Equal(verdict == ErrorCode.None, problem is null);
    }

    [Theory]
    [InlineData(7, 0, 0, false, ErrorCode.None)]
    [InlineData(7, 0, 0, true, ErrorCode.None)]
    [InlineData(long.MaxValue, short.MaxValue, int.MaxValue, false, ErrorCode.None)]
    [InlineData(7, -1, 0, false, ErrorCode.None)]
    [InlineData(7, -2, 0, false, ErrorCode.InvalidRecord)]
    [InlineData(7, 0, -1, false, ErrorCode.InvalidRecord)]
    [InlineData(7, short.MinValue, int.MinValue, true, ErrorCode.InvalidRecord)]
    [InlineData(-1, 3, 4, true, ErrorCode.InvalidRecord)]
    public void A_producer_id_comes_with_a_sequence_and_may_lack_an_epoch(long id, short epoch, int sequence, bool transactional, ErrorCode verdict)
    {
        var batch = Of(OneRecord);
        Put(batch, ProducerId, 8, id);
        Put(batch, ProducerEpoch, 2, epoch);
        Put(batch, BaseSequence, 4, sequence);
        Put(batch, Attributes, 2, transactional ? 16 : 0);
        FixCrc(batch);

        Assert.Equal(verdict, RecordBatch.TryReadProduced(batch, Limits.DefaultMaxMessageBytes, out var read, out _));
        if (verdict == ErrorCode.None)
        {
            Assert.Equal((id, epoch, sequence), (read.ProducerId, read.ProducerEpoch, read.BaseSequence));
            Assert.Equal(transactional, read.IsTransactional);
        }
    }

    [Theory]
    [InlineData(0, ErrorCode.UnsupportedForMessageFormat)]
    [InlineData(1, ErrorCode.UnsupportedForMessageFormat)]
    [InlineData(3, ErrorCode.CorruptMessage)]
    [InlineData(127, ErrorCode.CorruptMessage)]
    [InlineData(255, ErrorCode.CorruptMessage)]
    public void Only_format_2_is_accepted(byte magic, ErrorCode verdict)
    {
        var batch = Of(OneRecord);
        batch[16] = magic;
        Assert.Equal(verdict, RecordBatch.TryReadProduced(batch, Limits.DefaultMaxMessageBytes, out _, out _));
        Assert.Equal(verdict, RecordBatch.TryRead(batch, out _));
    }

    [Fact]
    public void The_smallest_message_of_an_old_format_is_told_from_damage()
    {
        // Format 0: offset, size, CRC, magic, attributes, key -1, value -1.
        var message = new byte[26];
        message[11] = 14;
        message.AsSpan(18).Fill(0xff);
        Assert.Equal(ErrorCode.UnsupportedForMessageFormat, RecordBatch.TryReadProduced(message, 1 << 20, out _, out _));
    }

    [Theory]
    [InlineData(48, ErrorCode.CorruptMessage)]
    [InlineData(49, ErrorCode.CorruptMessage)]
    [InlineData(0, ErrorCode.CorruptMessage)]
    [InlineData(-1, ErrorCode.CorruptMessage)]
    [InlineData(int.MinValue, ErrorCode.CorruptMessage)]
    [InlineData(57, ErrorCode.CorruptMessage)]
    [InlineData((1 << 20) - 12, ErrorCode.CorruptMessage)]
    [InlineData((1 << 20) - 11, ErrorCode.MessageTooLarge)]
    [InlineData(int.MaxValue, ErrorCode.MessageTooLarge)]
    public void A_length_that_does_not_fit_the_bytes_is_refused(int length, ErrorCode verdict)
    {
        var batch = Of(OneRecord);
        Assert.Equal(68, batch.Length);
        Put(batch, 8, 4, length);
        Assert.Equal(verdict, RecordBatch.TryReadProduced(batch, 1 << 20, out _, out _));
    }

    [Fact]
    public void A_batch_may_be_as_large_as_the_topic_allows_and_not_a_byte_larger()
    {
        var batch = Of(new byte[1000]);
        Assert.Equal(ErrorCode.None, RecordBatch.TryReadProduced(batch, 1061, out _, out _));
        Assert.Equal(ErrorCode.MessageTooLarge, RecordBatch.TryReadProduced(batch, 1060, out _, out var problem));
        Assert.Contains("max.message.bytes", problem, StringComparison.Ordinal);
        Assert.Equal(ErrorCode.MessageTooLarge, RecordBatch.TryReadProduced(batch, 0, out _, out _));
    }

    [Fact]
    public void A_checksum_over_other_bytes_than_those_it_covers_is_wrong()
    {
        foreach (var from in new[] { 0, 8, 12, 16, 20, 22, 23, 61 })
        {
            var batch = Of(OneRecord);
            Put(batch, 17, 4, (int)Crc32C.Compute(batch.AsSpan(from)));
            Assert.Equal(ErrorCode.CorruptMessage, RecordBatch.TryReadProduced(batch, 1 << 20, out _, out _));
        }
    }

    [Fact]
    public void What_follows_a_batch_is_not_looked_at()
    {
        byte[] bytes = [.. Of(OneRecord), 1, 2, 3];
        Assert.Equal(ErrorCode.None, RecordBatch.TryReadProduced(bytes, 1 << 20, out var batch, out _));
        Assert.Equal(ErrorCode.CorruptMessage, RecordBatch.TryReadProduced(bytes.AsSpan(batch.SizeInBytes), 1 << 20, out _, out _));
        Assert.Equal(ErrorCode.CorruptMessage, RecordBatch.TryReadProduced([], 1 << 20, out _, out _));
    }

    [Fact]
    public void Compaction_may_leave_gaps_and_empty_batches_which_no_client_may_send()
    {
        var batch = Of([], count: 5);
        Put(batch, Count, 4, 0);
        FixCrc(batch);
        Assert.Equal(ErrorCode.None, RecordBatch.TryRead(batch, out var read));
        Assert.Equal(new Offset(4), read.LastOffset);
        Assert.Equal(0, read.RecordCount);
        Assert.Equal(ErrorCode.InvalidRecord, RecordBatch.TryReadProduced(batch, 1 << 20, out _, out _));
        Put(batch, Count, 4, 6);
        Assert.Equal(ErrorCode.CorruptMessage, RecordBatch.TryRead(batch, out _));
    }

    private static void Put(byte[] batch, int position, int size, long value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        bytes.AsSpan(8 - size).CopyTo(batch.AsSpan(position));
    }
}
