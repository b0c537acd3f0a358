using Loire.Model.Batches;
using Loire.Model.Tests.Golden;

namespace Loire.Model.Tests.Batches;

public sealed class StampTests
{
    public static TheoryData<string> Batches => [.. Fixture.Batches];

    [Theory, MemberData(nameof(Batches))]
    public void A_stamp_sets_offset_and_epoch_and_leaves_the_checksum_valid(string name)
    {
        var bytes = Fixture.Read(name);
        var untouched = bytes.ToArray();
        var stamp = new byte[RecordBatch.StampSize];
        RecordBatch.Stamp(bytes, new Offset(1_000_000_000_000), new LeaderEpoch(42), stamp);
        byte[] stored = [.. stamp, .. bytes[RecordBatch.StampSize..]];

        Assert.Equal(ErrorCode.None, RecordBatch.TryRead(stored, out var batch));
        Assert.True(batch.CrcIsValid());
        Assert.Equal(new Offset(1_000_000_000_000), batch.BaseOffset);
        Assert.Equal(new Offset(1_000_000_000_000 + batch.RecordCount), batch.NextOffset);
        Assert.Equal(new LeaderEpoch(42), batch.LeaderEpoch);
        Assert.Equal(untouched, bytes);

        var lines = BatchText.Lines(stored);
        Assert.StartsWith("1000000000000|", lines[0], StringComparison.Ordinal);
        Assert.Equal(Fields(BatchText.Lines(bytes)), Fields(lines));
    }

    [Theory, MemberData(nameof(Batches))]
    public void A_restamp_also_gives_every_record_the_brokers_time(string name)
    {
        var bytes = Fixture.Read(name);
        var time = new Timestamp(1_800_000_000_123);
        var header = new byte[RecordBatch.HeaderSize];
        RecordBatch.Restamp(bytes, new Offset(77), new LeaderEpoch(3), time, header);
        byte[] stored = [.. header, .. bytes[RecordBatch.HeaderSize..]];

        Assert.Equal(ErrorCode.None, RecordBatch.TryRead(stored, out var batch));
        Assert.True(batch.CrcIsValid());
        Assert.Equal(TimestampType.LogAppendTime, batch.TimestampType);
        Assert.Equal(time, batch.MaxTimestamp);
        Assert.Equal(new Offset(77), batch.BaseOffset);
        Assert.Equal(Fixture.CodecOf(name), batch.Compression);
        Assert.All(BatchText.Lines(stored), line => Assert.Equal("1800000000123", line.Split('|')[1]));
        Assert.Equal(Fields(BatchText.Lines(bytes)), Fields(BatchText.Lines(stored)));
    }

    [Fact]
    public void A_restamp_does_not_make_a_damaged_batch_valid()
    {
        var bytes = Fixture.Read("kafka-python-2.0.2/few-none.bin");
        bytes[100] ^= 1;
        var header = new byte[RecordBatch.HeaderSize];
        RecordBatch.Restamp(bytes, Offset.Zero, new LeaderEpoch(0), new Timestamp(5), header);
        RecordBatch.TryRead([.. header, .. bytes[RecordBatch.HeaderSize..]], out var batch);
        Assert.False(batch.CrcIsValid());
    }

    // Key, value and headers.
    private static IEnumerable<string> Fields(List<string> lines) => lines.Select(line => string.Join('|', line.Split('|')[2..]));
}
