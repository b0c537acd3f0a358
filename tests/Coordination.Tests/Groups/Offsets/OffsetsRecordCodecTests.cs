using Loire.Model;
using Loire.Coordination.Groups.Offsets;
using Loire.Model.Groups;
using Loire.Model.Transactions;

namespace Loire.Coordination.Tests.Groups.Offsets;

public class OffsetsRecordCodecTests
{
    private const string Topic = "00112233445566778899AABBCCDDEEFF";

    private static readonly CommittedOffset First =
        Commit.Of("t", 3, 258, at: 1_000, epoch: 7, metadata: "é") with { TopicId = new TopicId(Guid.Parse(Topic)) };

    private static readonly CommittedOffset Second = Commit.Of("u-1", 0, 0, at: 1_000);

    private static readonly OpenTransaction Transaction = new("é-1", new ProducerIdentity(258, 3), 9);

    /// <summary>Bytes in users' journals: every record ever written must remain readable.</summary>
    public static TheoryData<string, OffsetsRecord> Golden => new()
    {
        {
            "0201" + "00000000000003E8" + "00000002"
            + "000174" + "00000003" + "0000000000000102" + "00000007" + "0002C3A9" + Topic
            + "0003752D31" + "00000000" + "0000000000000000" + "FFFFFFFF" + "0000" + "00000000000000000000000000000000",
            new OffsetsRecord.Committed(new Timestamp(1_000), [First, Second])
        },
        { "0202" + "00000001" + "000174" + "00000003", new OffsetsRecord.Removed([First.Partition]) },
        { "0203" + "00000000000003E8", new OffsetsRecord.Emptied(new Timestamp(1_000)) },
        {
            "0204" + "FFFFFFFFFFFFFFFF" + "00000001"
            + "000174" + "00000003" + "0000000000000102" + "00000007" + "0002C3A9" + Topic + "00000000000003E8",
            new OffsetsRecord.Snapshot(Timestamp.None, [First], [], 0)
        },
        {
            "0205" + "00000000000003E8" + "0004C3A92D31" + "0000000000000102" + "0003" + "0000000000000009" + "00000002"
            + "000174" + "00000003" + "0000000000000102" + "00000007" + "0002C3A9" + Topic
            + "0003752D31" + "00000000" + "0000000000000000" + "FFFFFFFF" + "0000" + "00000000000000000000000000000000",
            new OffsetsRecord.Pended(new Timestamp(1_000), Transaction, [First, Second])
        },
        {
            "0206" + "00000000000003E8" + "0000000000000102" + "0004" + "03" + "0000000000000009",
            new OffsetsRecord.Ended(new Timestamp(1_000), new TransactionEnd(Transaction.Producer with { Epoch = 4 }, true, true, 9))
        },
        {
            "0206" + "00000000000003E8" + "0000000000000102" + "0003" + "00" + "0000000000000009",
            new OffsetsRecord.Ended(new Timestamp(1_000), new TransactionEnd(Transaction.Producer, false, false, 9))
        },
        {
            "0207" + "FFFFFFFFFFFFFFFF" + "00000001"
            + "000174" + "00000003" + "0000000000000102" + "00000007" + "0002C3A9" + Topic + "00000000000003E8"
            + "0000000000000005" + "00000001" + "0004C3A92D31" + "0000000000000102" + "0003" + "0000000000000009" + "00000002"
            + "000174" + "00000003" + "0000000000000102" + "00000007" + "0002C3A9" + Topic + "00000000000003E8" + "0000000000000002" + "01"
            + "0003752D31" + "00000000" + "0000000000000000" + "FFFFFFFF" + "0000" + "00000000000000000000000000000000"
            + "00000000000003E8" + "0000000000000004" + "00",
            new OffsetsRecord.Snapshot(
                Timestamp.None, [First],
                [new PendingTransaction(Transaction, [new PendingOffset(First, 2, true), new PendingOffset(Second, 4, false)])], 5)
        },
    };

    [Theory]
    [InlineData("0101" + "00000000000003E8" + "00000001" + "000174" + "00000003" + "0000000000000102" + "00000007" + "0002C3A9")]
    [InlineData("0104" + "FFFFFFFFFFFFFFFF" + "00000001" + "000174" + "00000003" + "0000000000000102" + "00000007" + "0002C3A9" + "00000000000003E8")]
    public void Records_from_before_offsets_had_topic_ids_are_read(string bytes)
    {
        Assert.True(OffsetsRecordCodec.TryRead(Convert.FromHexString(bytes), out var read));
        var state = new OffsetsState();
        state.Apply(read);
        Assert.Equal(First with { TopicId = default }, Assert.Single(state.All));
    }

    [Theory]
    [MemberData(nameof(Golden))]
    public void A_record_has_the_bytes_that_it_always_had(string bytes, OffsetsRecord record)
    {
        Assert.Equal(bytes, Convert.ToHexString(OffsetsRecordCodec.Write(record).Span));
        Assert.True(OffsetsRecordCodec.TryRead(Convert.FromHexString(bytes), out var read));
        Assert.Equal(record.GetType(), read.GetType());
        Assert.Equal(bytes, Convert.ToHexString(OffsetsRecordCodec.Write(read).Span));
    }

    [Theory]
    [MemberData(nameof(Golden))]
    public void A_record_that_is_cut_longer_or_flipped_is_at_worst_another_record(string bytes, OffsetsRecord record)
    {
        Assert.NotNull(record);
        var whole = Convert.FromHexString(bytes);
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.False(OffsetsRecordCodec.TryRead(whole.AsSpan(0, length), out _), $"cut at {length}");
        }

        Assert.False(OffsetsRecordCodec.TryRead([.. whole, 0], out _));
        for (var bit = 0; bit < whole.Length * 8; bit++)
        {
            var flipped = (byte[])whole.Clone();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            if (OffsetsRecordCodec.TryRead(flipped, out var other))
            {
                new OffsetsState().Apply(other);
            }
        }
    }

    [Theory]
    [InlineData("030300000000000003E8", "a layout of the future")]
    [InlineData("010500000000000003E8", "an unknown kind")]
    [InlineData("0103FFFFFFFFFFFFFFFF", "a group that became empty at no time")]
    [InlineData("01027FFFFFFF", "more partitions than bytes")]
    [InlineData("0102FFFFFFFF", "a negative count")]
    [InlineData("01020000000100012F00000000", "a topic's name that is not legal")]
    [InlineData("010200000001000174FFFFFFFF", "a negative partition")]
    [InlineData("010100000000000003E800000001000174000000030000000000000001FFFFFFFE0000", "a negative epoch")]
    [InlineData("010600000000000003E80000000000000001000000" + "0000000000000009", "an end of a transaction in the layout before there were any")]
    [InlineData("020600000000000003E80000000000000001000004" + "0000000000000009", "an unknown bit of an end")]
    [InlineData("020600000000000003E80000000000000001FFFF00" + "0000000000000009", "a negative epoch")]
    [InlineData("020600000000000003E8FFFFFFFFFFFFFFFF000000" + "0000000000000009", "no producer")]
    [InlineData("020600000000000003E80000000000000001000000" + "FFFFFFFFFFFFFFFF", "a negative number")]
    [InlineData("0207FFFFFFFFFFFFFFFF00000000" + "0000000000000000" + "00000000", "a snapshot of the second form without pending offsets")]
    [InlineData("0207FFFFFFFFFFFFFFFF00000000" + "0000000000000000" + "00000002" + "000178" + "0000000000000001" + "0000" + "0000000000000001" + "00000000"
        + "000178" + "0000000000000001" + "0000" + "0000000000000002" + "00000000", "two transactions of one producer")]
    public void Bytes_that_are_no_record_are_refused(string bytes, string reason) =>
        Assert.False(OffsetsRecordCodec.TryRead(Convert.FromHexString(bytes), out _), reason);
}
