using Loire.Coordination.Transactions;
using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Coordination.Tests.Transactions;

public class TransactionRecordCodecTests
{
    private const string Id = "00000001000200030000000000000000";
    private static readonly PartitionKey _partition = TestTransactionalId.Partition(5, "te");
    private static readonly ProducerIdentity _producer = new(7, 3);

    public static TheoryData<string, TransactionRecord> Golden => new()
    {
        {
            "0101" + "00000000000003E8" + "0000000000000007" + "0003" + "FFFFFFFFFFFFFFFF" + "FFFF" + "0000EA60",
            new TransactionRecord.Initialized(new Timestamp(1_000), _producer, ProducerIdentity.None, TimeSpan.FromMinutes(1))
        },
        { "0102" + "00000000000003E9", new TransactionRecord.Begun(new Timestamp(1_001)) },
        {
            "0103" + "00000001" + "00027465" + Id + "00000005" + "00000002" + "000167" + "000168",
            new TransactionRecord.Added([_partition], ["g", "h"])
        },
        {
            "0104" + "00000000000003EA" + "03" + "0000000000000007" + "0003",
            new TransactionRecord.Prepared(new Timestamp(1_002), true, true, false, _producer)
        },
        {
            "0104" + "00000000000003EA" + "06" + "0000000000000007" + "0003",
            new TransactionRecord.Prepared(new Timestamp(1_002), false, true, true, _producer)
        },
        { "0105" + "00000000000003EB", new TransactionRecord.Completed(new Timestamp(1_003)) },
        {
            "0106" + "02" + "02" + "0000000000000007" + "0003" + "0000000000000007" + "0002" + "0000000000000007" + "0003" + "0000EA60"
            + "0000000000000009" + "00000000000003E9" + "00000000000003EA" + "00000001" + "00027465" + Id + "00000005" + "00000001" + "000167",
            new TransactionRecord.Snapshot(
                TransactionStatus.PrepareCommit, _producer, new ProducerIdentity(7, 2), _producer, true, false, TimeSpan.FromMinutes(1), 9,
                new Timestamp(1_001), new Timestamp(1_002), [_partition], ["g"])
        },
    };

    [Theory]
    [MemberData(nameof(Golden))]
    public void A_record_has_the_bytes_that_it_always_had(string bytes, TransactionRecord record)
    {
        Assert.Equal(bytes, Convert.ToHexString(TransactionRecordCodec.Write(record).Span));
        var whole = Convert.FromHexString(bytes);
        Assert.True(TransactionRecordCodec.TryRead(whole, out var read));
        Assert.Equal(bytes, Convert.ToHexString(TransactionRecordCodec.Write(read).Span));
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.False(TransactionRecordCodec.TryRead(whole.AsSpan(0, length), out _), $"cut at {length}");
        }

        Assert.False(TransactionRecordCodec.TryRead([.. whole, 0], out _));
    }

    [Theory]
    [InlineData("020200000000000003E9", "a layout of the future")]
    [InlineData("010700000000000003E9", "an unknown kind")]
    [InlineData("0102FFFFFFFFFFFFFFFF", "no time")]
    [InlineData("01037FFFFFFF00000000", "more partitions than bytes")]
    [InlineData("0103000000007FFFFFFF", "more groups than bytes")]
    [InlineData("0103" + "00000001" + "000174" + Id + "FFFFFFFF" + "00000000", "a negative partition")]
    [InlineData("0103" + "00000001" + "00012F" + Id + "00000000" + "00000000", "a topic that is not legal")]
    [InlineData("0103" + "00000000" + "00000001" + "00010A", "a group that is not legal")]
    [InlineData("0104" + "00000000000003EA" + "08" + "0000000000000007" + "0003", "an unknown flag")]
    [InlineData("0104" + "00000000000003EA" + "00" + "FFFFFFFFFFFFFFFF" + "FFFF", "no producer")]
    [InlineData("0104" + "00000000000003EA" + "00" + "0000000000000007" + "FFFF", "half a producer")]
    public void Bytes_that_are_no_record_are_refused(string bytes, string reason) =>
        Assert.False(TransactionRecordCodec.TryRead(Convert.FromHexString(bytes), out _), reason);
}
