using Loire.Coordination.Groups.Membership;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Tests.Groups.Membership;

public class GroupRecordCodecTests
{
    private const string TermsBytes = "0002" + "000161" + "000162" + "FFFF" + "01" + "000572616E6765" + "0000AFC8" + "000493E0" + "FFFF";
    private const string ProfileBytes = "00026D31" + "FFFF" + "0003617070" + "00026831" + TermsBytes;
    private const string StaticBytes =
        "00026D32" + "000169" + "0000" + "0000" + "0000" + "0003612E2B" + "02" + "000178" + "000179" + "00001770" + "00000001" + "00027B7D";

    private static readonly MemberSubscription Terms = new(
        [TopicName.Parse("a"), TopicName.Parse("b")], null, ["range"], TimeSpan.FromSeconds(45), TimeSpan.FromMinutes(5));

    private static readonly MemberProfile Profile = new("m1", null, "app", "h1", Terms);

    private static readonly MemberProfile Static = new(
        "m2", "i", "", "", new MemberSubscription([], "a.+", ["x", "y"], TimeSpan.FromSeconds(6), TimeSpan.FromMilliseconds(1), "{}"));

    private const string ClassicBytes = "01" + "000572616E6765" + "00000002AABB";

    private static readonly MemberProfile Classic =
        Profile with { Subscription = Terms with { Classic = [new ClassicProtocol("range", new byte[] { 0xAA, 0xBB })] } };

    /// <summary>Bytes in users' journals: every record ever written must remain readable.</summary>
    public static TheoryData<string, GroupRecord> Golden => new()
    {
        { "0201" + ProfileBytes, new GroupRecord.Joined(Profile) },
        { "0202" + "00026D31" + StaticBytes, new GroupRecord.Replaced("m1", Static) },
        { "0203" + "00026D31" + "02", new GroupRecord.Departed("m1", DepartureCause.SessionExpired) },
        { "0204" + "00026D31" + TermsBytes, new GroupRecord.Resubscribed("m1", Terms) },
        {
            "0205" + "00026D31" + "00000002" + "000161" + "00000002" + "00000000" + "00000007" + "000162" + "00000001" + "00000001",
            new GroupRecord.Released("m1", [.. TestGroup.PartitionsOf("a-0 a-7 b-1")])
        },
        {
            "0206" + "00000009" + "000572616E6765" + "00" + "00000001" + "00026D31" + "00000001" + "000161" + "00000001" + "00000003"
                + "00000001" + "000162" + "00000001" + "00000000",
            new GroupRecord.Targeted(
                9, "range", false, [new MemberPartitions("m1", [.. TestGroup.PartitionsOf("a-3")])], [.. TestGroup.PartitionsOf("b-0")])
        },
        { "0206" + "00000009" + "000178" + "01" + "00000000" + "00000000", new GroupRecord.Targeted(9, "x", true, [], []) },
        {
            "0207" + "00000009" + "00000008" + "000178" + "01" + "00000001" + ProfileBytes + "00000002" + "00000007"
                + "00000001" + "000161" + "00000002" + "00000000" + "00000005" + "00000000" + "00000001" + "00000005" + "00000008"
                + "00000001" + "000161" + "00000001" + "00000000",
            new GroupRecord.Snapshot(9, 8, "x", true,
            [
                new MemberSnapshot(
                    Profile, 2, 7,
                    [new HeldPartition(TestGroup.PartitionsOf("a-0")[0], 5, 0), new HeldPartition(TestGroup.PartitionsOf("a-1")[0], 5, 8)],
                    [.. TestGroup.PartitionsOf("a-0")]),
            ])
        },
        { "0207" + "00000009" + "00000009" + "0000" + "01" + "00000000", new GroupRecord.Snapshot(9, 9, "", true, []) },
        { "0301" + ProfileBytes + ClassicBytes, new GroupRecord.Joined(Classic) },
        { "0302" + "00026D32" + ProfileBytes + ClassicBytes, new GroupRecord.Replaced("m2", Classic) },
        { "0304" + "00026D31" + TermsBytes + ClassicBytes, new GroupRecord.Resubscribed("m1", Classic.Subscription) },
        {
            "0307" + "00000009" + "00000009" + "000178" + "01" + "00000002" + ProfileBytes + ClassicBytes + "00000002" + "00000007" + "00000000" + "00000000"
                + StaticBytes + "00" + "00000002" + "00000007" + "00000000" + "00000000",
            new GroupRecord.Snapshot(9, 9, "x", true, [new MemberSnapshot(Classic, 2, 7, [], []), new MemberSnapshot(Static, 2, 7, [], [])])
        },
    };

    [Theory]
    [MemberData(nameof(Golden))]
    public void A_record_has_the_bytes_that_it_always_had(string bytes, GroupRecord record)
    {
        Assert.Equal(bytes, Convert.ToHexString(GroupRecordCodec.Write(record).Span));
        Assert.True(GroupRecordCodec.TryRead(Convert.FromHexString(bytes), out var read));
        Assert.Equal(record.GetType(), read.GetType());
        Assert.Equal(bytes, Convert.ToHexString(GroupRecordCodec.Write(read).Span));
    }

    [Theory]
    [InlineData("0101")]
    [InlineData("0104" + "00026D31")]
    public void A_record_of_the_first_layout_has_no_user_data(string start)
    {
        var terms = TermsBytes[..^4];
        var bytes = start == "0101" ? start + ProfileBytes[..^TermsBytes.Length] + terms : start + terms;
        Assert.True(GroupRecordCodec.TryRead(Convert.FromHexString(bytes), out var read));
        Assert.True(Terms.SameAs(read is GroupRecord.Joined joined ? joined.Member.Subscription : ((GroupRecord.Resubscribed)read).Subscription));
    }

    [Theory]
    [MemberData(nameof(Golden))]
    public void A_record_that_is_cut_or_longer_is_no_record(string bytes, GroupRecord record)
    {
        Assert.NotNull(record);
        var whole = Convert.FromHexString(bytes);
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.False(GroupRecordCodec.TryRead(whole.AsSpan(0, length), out _), $"cut at {length}");
        }

        Assert.False(GroupRecordCodec.TryRead([.. whole, 0], out _));
    }

    [Theory]
    [InlineData("040300016D01", "a layout of the future")]
    [InlineData("020800016D01", "an unknown kind")]
    [InlineData("010300016D04", "an unknown cause")]
    [InlineData("0103FFFF01", "a member without an id")]
    [InlineData("010500016D" + "7FFFFFFF", "more topics than bytes")]
    [InlineData("010500016D" + "FFFFFFFF", "less than no topics")]
    [InlineData("010500016D" + "00000001" + "000161" + "00000000", "a topic without partitions")]
    [InlineData("010500016D" + "00000001" + "000161" + "7FFFFFFF" + "00000000", "more partitions than bytes")]
    [InlineData("010500016D" + "00000001" + "000161" + "00000002" + "00000001" + "00000001", "a partition twice")]
    [InlineData("010500016D" + "00000001" + "000161" + "00000001" + "FFFFFFFF", "a partition below zero")]
    [InlineData("010500016D" + "00000001" + "00012F" + "00000001" + "00000000", "a name that is no topic's")]
    [InlineData("0206" + "00000009" + "000178" + "02" + "00000000" + "00000000", "neither eager nor cooperative")]
    [InlineData("0206" + "00000009" + "000178" + "01" + "7FFFFFFF" + "00000000", "more members than bytes")]
    [InlineData("010400016D" + "0000" + "FFFF" + "00" + "00000000" + "00000001", "no session timeout")]
    public void Bytes_that_are_no_record_are_refused(string bytes, string reason)
    {
        Assert.False(GroupRecordCodec.TryRead(Convert.FromHexString(bytes), out _), reason);
    }

    [Fact]
    public void Flipped_bits_never_do_worse_than_another_record()
    {
        foreach (var row in Golden)
        {
            var bytes = Convert.FromHexString((string)((object[])row)[0]);
            for (var bit = 0; bit < bytes.Length * 8; bit++)
            {
                var flipped = (byte[])bytes.Clone();
                flipped[bit / 8] ^= (byte)(1 << (bit % 8));
                GroupRecordCodec.TryRead(flipped, out _);
            }
        }
    }
}
