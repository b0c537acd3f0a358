using Loire.Coordination.Groups.Classic;
using Loire.Model.Groups;

namespace Loire.Coordination.Tests.Groups.Classic;

public class ClassicRecordCodecTests
{
    private const string MemberBytes =
        "00026D31" + "FFFF" + "0003617070" + "00026831" + "0000AFC8" + "000493E0" + "01" + "000572616E6765" + "00000002AABB" + "00000001CC";

    private const string StaticBytes = "00026D32" + "000169" + "0000" + "0000" + "00001770" + "00000001" + "02" + "00017800000000" + "00017900000000" + "00000000";

    private static readonly ClassicProfile Member = new(
        "m1", null, "app", "h1", TimeSpan.FromSeconds(45), TimeSpan.FromMinutes(5), [new ClassicProtocol("range", new byte[] { 0xAA, 0xBB })], new byte[] { 0xCC });

    private static readonly ClassicProfile Static = new(
        "m2", "i", "", "", TimeSpan.FromSeconds(6), TimeSpan.FromMilliseconds(1), [new ClassicProtocol("x", default), new ClassicProtocol("y", default)], default);

    /// <summary>Bytes in users' journals: every record ever written must remain readable.</summary>
    public static TheoryData<string, ClassicRecord> Golden => new()
    {
        { "0101" + "00000007", new ClassicRecord.Begun(7) },
        {
            "0102" + "00000009" + "00000008" + "0008636F6E73756D6572" + "000572616E6765" + "00026D31" + "00000002" + MemberBytes + StaticBytes,
            new ClassicRecord.Formed(new ClassicGeneration(9, 8, "consumer", "range", "m1", [Member, Static]))
        },
        { "0102" + "00000000" + "00000000" + "FFFF" + "FFFF" + "FFFF" + "00000000", new ClassicRecord.Formed(ClassicGeneration.None) },
        { "0103" + "00026D31" + StaticBytes, new ClassicRecord.Replaced("m1", Static) },
        { "0104", new ClassicRecord.Ended() },
    };

    [Theory]
    [MemberData(nameof(Golden))]
    public void A_record_has_the_bytes_that_it_always_had(string bytes, ClassicRecord record)
    {
        Assert.Equal(bytes, Convert.ToHexString(ClassicRecordCodec.Write(record).Span));
        Assert.True(ClassicRecordCodec.TryRead(Convert.FromHexString(bytes), out var read));
        Assert.Equal(record.GetType(), read.GetType());
        Assert.Equal(bytes, Convert.ToHexString(ClassicRecordCodec.Write(read).Span));
    }

    [Theory]
    [MemberData(nameof(Golden))]
    public void A_record_that_is_cut_or_longer_is_no_record_and_flipped_bits_do_no_harm(string bytes, ClassicRecord record)
    {
        Assert.NotNull(record);
        var whole = Convert.FromHexString(bytes);
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.False(ClassicRecordCodec.TryRead(whole.AsSpan(0, length), out _), $"cut at {length}");
            for (var bit = 0; bit < 8; bit++)
            {
                byte[] flipped = [.. whole];
                flipped[length] ^= (byte)(1 << bit);
                _ = ClassicRecordCodec.TryRead(flipped, out _);
            }
        }

        Assert.False(ClassicRecordCodec.TryRead([.. whole, 0], out _));
    }

    [Theory]
    [InlineData("0204", "a layout of the future")]
    [InlineData("0105", "an unknown kind")]
    [InlineData("0102" + "00000007" + "00000008" + "FFFF" + "FFFF" + "FFFF" + "00000000", "a generation with an unused number")]
    [InlineData("0102" + "00000008" + "00000008" + "FFFF" + "FFFF" + "FFFF" + "7FFFFFFF", "more members than bytes")]
    [InlineData("0102" + "00000008" + "00000008" + "FFFF" + "FFFF" + "00026D31" + "00000000", "a leader without members")]
    [InlineData("0102" + "00000008" + "00000008" + "FFFF" + "000178" + "00026D33" + "00000001" + MemberBytes, "a leader that is no member")]
    [InlineData("0102" + "00000008" + "00000008" + "FFFF" + "000178" + "00026D31" + "00000002" + MemberBytes + MemberBytes, "a member twice")]
    [InlineData("0103" + "00026D31" + "00026D32" + "FFFF" + "0000" + "0000" + "00001770" + "00000001" + "00" + "00000000", "a member without protocols")]
    public void Bytes_that_are_no_record_are_refused(string bytes, string reason) =>
        Assert.False(ClassicRecordCodec.TryRead(Convert.FromHexString(bytes), out _), reason);
}
