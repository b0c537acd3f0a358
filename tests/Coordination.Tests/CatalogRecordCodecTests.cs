using Loire.Model;
using Loire.Coordination.Topics;

namespace Loire.Coordination.Tests;

public class CatalogRecordCodecTests
{
    /// <summary>Bytes in users' journals: every record ever written must remain readable.</summary>
    public static TheoryData<string, CatalogRecord> Golden => new()
    {
        { "0101" + "0003" + "612E62", new CatalogRecord.Announced(TopicName.Parse("a.b")) },
        { "0102" + "0001" + "78", new CatalogRecord.Exists(TopicName.Parse("x")) },
        { "0103" + "0001" + "78", new CatalogRecord.Gone(TopicName.Parse("x")) },
        {
            "0104" + "00000002" + "000161" + "000162" + "00000001" + "00022D5F",
            new CatalogRecord.Snapshot([TopicName.Parse("a"), TopicName.Parse("b")], [TopicName.Parse("-_")])
        },
        { "0104" + "00000000" + "00000000", new CatalogRecord.Snapshot([], []) },
    };

    [Theory]
    [MemberData(nameof(Golden))]
    public void A_record_has_the_bytes_that_it_always_had(string bytes, CatalogRecord record)
    {
        Assert.Equal(bytes, Convert.ToHexString(CatalogRecordCodec.Write(record).Span));
        Assert.True(CatalogRecordCodec.TryRead(Convert.FromHexString(bytes), out var read));
        Assert.Equal(record.GetType(), read.GetType());
        Assert.Equal(bytes, Convert.ToHexString(CatalogRecordCodec.Write(read).Span));
    }

    [Theory]
    [MemberData(nameof(Golden))]
    public void A_record_that_is_cut_longer_or_flipped_is_at_worst_another_record(string bytes, CatalogRecord record)
    {
        Assert.NotNull(record);
        var whole = Convert.FromHexString(bytes);
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.False(CatalogRecordCodec.TryRead(whole.AsSpan(0, length), out _), $"cut at {length}");
        }

        Assert.False(CatalogRecordCodec.TryRead([.. whole, 0], out _));
        for (var bit = 0; bit < whole.Length * 8; bit++)
        {
            var flipped = (byte[])whole.Clone();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            CatalogRecordCodec.TryRead(flipped, out _);
        }
    }

    [Theory]
    [InlineData("0201000161", "a layout of the future")]
    [InlineData("0105000161", "an unknown kind")]
    [InlineData("010100012F", "a name that is not legal")]
    [InlineData("0101FFFF", "no name")]
    [InlineData("01047FFFFFFF00000000", "more names than bytes")]
    [InlineData("0104FFFFFFFF00000000", "a negative count")]
    public void Bytes_that_are_no_record_are_refused(string bytes, string reason)
    {
        Assert.False(CatalogRecordCodec.TryRead(Convert.FromHexString(bytes), out _), reason);
    }
}
