using System.Buffers.Binary;
using Loire.Model.Batches;

namespace Loire.Model.Tests.Batches;

/// <summary>Records as bytes by hand, well-formed and not.</summary>
public sealed class RecordReaderTests
{
    private const string Good = "0c 00 00 00 01 01 00";

    public static TheoryData<string, string> Malformed => new()
    {
        { "nothing where a record should be", "" },
        { "length 0", "00" },
        { "length -1", "01" },
        { "length past the end", "0e 00 00 00 01 01 00" },
        { "length 2^31-1", "fe ff ff ff 0f 00 00 00 01 01 00" },
        { "length overlong", "8c 80 00 00 00 00 01 01 00" },
        { "length without its last byte", "8c" },
        { "length only", "0c" },
        { "record without a timestamp", "02 00" },
        { "record without an offset", "04 00 00" },
        { "record without a key", "06 00 00 00" },
        { "record without a value", "08 00 00 00 01" },
        { "record without headers", "0a 00 00 00 01 01" },
        { "a byte left over in the record", "0e 00 00 00 01 01 00 00" },
        { "a byte left over after the last record", Good + " 00" },
        { "a record too many", Good + Good },
        { "key length -2", "0c 00 00 00 03 01 00" },
        { "key past the end of the record", "0c 00 00 00 08 01 00" },
        { "key into the next record", "0c 00 00 00 0e 01 00 0c 00 00 02 01 01 00" },
        { "value length -2", "0c 00 00 00 01 03 00" },
        { "value past the end of the record", "0c 00 00 00 01 04 00" },
        { "value length least", "14 00 00 00 01 ff ff ff ff 0f 00" },
        { "header count -1", "0c 00 00 00 01 01 01" },
        { "header count without headers", "0c 00 00 00 01 01 02" },
        { "header count 10^9", "14 00 00 00 01 01 80 a8 d6 b9 07" },
        { "header with a null key", "10 00 00 00 01 01 02 01 01" },
        { "header with a key past the end", "10 00 00 00 01 01 02 04 01" },
        { "header value length -2", "10 00 00 00 01 01 02 00 03" },
        { "header value past the end", "10 00 00 00 01 01 02 00 04" },
        { "offset delta -1", "0c 00 00 01 01 01 00" },
        { "offset delta beyond the last", "0c 00 00 02 01 01 00" },
        { "timestamp -2", "0c 00 03 00 01 01 00" },
        { "timestamp delta beyond 64 bits", "20 00 ff ff ff ff ff ff ff ff ff 02 00 01 01 00" },
    };

    [Theory, MemberData(nameof(Malformed))]
    public void Malformed_records_end_the_reading_with_an_error(string about, string hex)
    {
        var payload = Bytes(hex);
        RecordBatch.TryRead(HostileBatch.Of(payload), out var batch);
        var reader = new RecordReader(batch, payload);
        var read = 0;
        while (reader.MoveNext())
        {
            read++;
        }

        Assert.True(reader.Error == ErrorCode.InvalidRecord, about);
        Assert.InRange(read, 0, 1);
        Assert.False(reader.MoveNext());
        Assert.Equal(ErrorCode.InvalidRecord, RecordReader.Check(batch, payload));
    }

    [Fact]
    public void The_record_that_the_malformed_ones_are_made_of_is_well_formed()
    {
        var payload = Bytes(Good);
        RecordBatch.TryRead(HostileBatch.Of(payload), out var batch);
        var reader = new RecordReader(batch, payload);
        Assert.True(reader.MoveNext());
        var record = reader.Current;
        Assert.True(record.KeyIsNull && record.ValueIsNull);
        Assert.Equal(0, record.Headers.Count);
        Assert.False(reader.MoveNext());
        Assert.Equal(ErrorCode.None, reader.Error);
    }

    [Theory]
    [InlineData("00 00", "twice the same offset")]
    [InlineData("02 00", "backwards")]
    [InlineData("00 06", "beyond the last offset")]
    [InlineData("01 02", "before the batch")]
    public void Offsets_that_do_not_grow_within_the_batch_are_an_error(string deltas, string reason)
    {
        var payload = TwoRecords(deltas);
        RecordBatch.TryRead(HostileBatch.Of(payload, count: 2), out var batch);
        Assert.True(ErrorCode.InvalidRecord == RecordReader.Check(batch, payload), reason);
    }

    [Fact]
    public void Offsets_may_have_the_gaps_that_compaction_leaves()
    {
        var payload = TwoRecords("04 08");
        var bytes = HostileBatch.Of(payload, count: 2);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(HostileBatch.LastOffsetDelta), 4);
        BinaryPrimitives.WriteInt64BigEndian(bytes, 100);
        RecordBatch.TryRead(bytes, out var batch);
        var reader = new RecordReader(batch, payload);
        Assert.True(reader.MoveNext());
        Assert.Equal(new Offset(102), reader.Current.Offset);
        Assert.True(reader.MoveNext());
        Assert.Equal(new Offset(104), reader.Current.Offset);
        Assert.False(reader.MoveNext());
        Assert.Equal(ErrorCode.None, reader.Error);
    }

    [Theory]
    [InlineData(0, ErrorCode.InvalidRecord)]
    [InlineData(1, ErrorCode.InvalidRecord)]
    [InlineData(2, ErrorCode.None)]
    [InlineData(3, ErrorCode.InvalidRecord)]
    [InlineData(int.MaxValue, ErrorCode.InvalidRecord)]
    public void A_batch_holds_as_many_records_as_it_states(int count, ErrorCode verdict)
    {
        var payload = TwoRecords("00 02");
        var bytes = HostileBatch.Of(payload, count: count);
        if (count == 0)
        {
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(HostileBatch.LastOffsetDelta), 1);
        }

        Assert.Equal(ErrorCode.None, RecordBatch.TryRead(bytes, out var batch));
        Assert.Equal(verdict, RecordReader.Check(batch, payload));
    }

    [Fact]
    public void A_timestamp_at_the_end_of_time_is_read_and_one_beyond_it_is_an_error()
    {
        var bytes = HostileBatch.Of(Bytes("0c 00 02 00 01 01 00"));
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(HostileBatch.BaseTimestamp), long.MaxValue - 1);
        RecordBatch.TryRead(bytes, out var batch);
        Assert.Equal(ErrorCode.None, RecordReader.Check(batch, batch.Payload));
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(HostileBatch.BaseTimestamp), long.MaxValue);
        Assert.Equal(ErrorCode.InvalidRecord, RecordReader.Check(batch, batch.Payload));
    }

    [Fact]
    public void Unused_attributes_of_a_record_are_passed_over()
    {
        var payload = Bytes("0c ff 00 00 01 01 00");
        RecordBatch.TryRead(HostileBatch.Of(payload), out var batch);
        Assert.Equal(ErrorCode.None, RecordReader.Check(batch, payload));
    }

    private static byte[] TwoRecords(string deltas) =>
        Bytes($"0c 00 00 {deltas.Split(' ')[0]} 01 01 00 0c 00 00 {deltas.Split(' ')[1]} 01 01 00");

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    [Fact]
    public void A_reader_goes_on_where_another_one_stood()
    {
        using var builder = new RecordBatchBuilder();
        for (var number = 0; number < 300; number++)
        {
            builder.Append(new Timestamp(number), [(byte)number], false, new byte[number], false);
        }

        RecordBatch.TryRead(builder.Build().Span, out var batch);
        var whole = new RecordReader(batch, batch.Payload);
        var at = default(RecordPosition);
        while (whole.MoveNext())
        {
            var next = new RecordReader(batch, batch.Payload, at);
            Assert.True(next.MoveNext());
            Assert.Equal(whole.Current.Offset, next.Current.Offset);
            Assert.Equal(whole.Current.Timestamp, next.Current.Timestamp);
            Assert.True(whole.Current.Value == next.Current.Value);
            at = next.Position;
            Assert.Equal(whole.Position, at);
        }

        var last = new RecordReader(batch, batch.Payload, at);
        Assert.False(last.MoveNext());
        Assert.Equal(ErrorCode.None, last.Error);
    }
}
