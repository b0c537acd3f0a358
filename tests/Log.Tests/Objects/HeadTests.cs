using Loire.Log.Objects;
using Loire.Model;

namespace Loire.Log.Tests.Objects;

/// <summary>The layout of the head, byte by byte.</summary>
public sealed class HeadTests
{
    private const uint Tag = 0x01020304;

    private static readonly Head Plain = new()
    {
        Epoch = new LeaderEpoch(3),
        Writer = new Guid(1, 2, 3, new byte[8]),
        Revision = 7,
        Start = new Offset(10),
        TailOrdinal = 5,
        TailBase = new Offset(100),
        TailLink = 0x1122334455667788,
        KnownOrdinal = 6,
        KnownEnd = new Offset(120),
        Fences = [2],
    };

    [Fact]
    public void The_head_of_a_log_that_was_never_compacted_has_no_section_about_it()
    {
        var bytes = Plain.Encode(Tag);
        Assert.Equal(
            "4C484544" + "01" + "00" + "0000" + "04030201" + "03000000" + "01000000020003000000000000000000" + "0700000000000000"
            + "0A00000000000000" + "0500000000000000" + "6400000000000000" + "8877665544332211" + "0600000000000000" + "7800000000000000"
            + "00000000" + "########"
            + "0100010000000000" + "0200010000000000" + "0300010008000000" + "0200000000000000",
            WithoutCrc(bytes));
        Assert.True(Head.TryRead(bytes, Tag, out var read));
        Assert.Equal(default, read.Compaction);
    }

    [Fact]
    public void The_mark_of_compaction_is_a_section_that_a_reader_may_ignore()
    {
        var mark = new CompactionMark(new Offset(20), new Offset(90), new Offset(40));
        var bytes = (Plain with { Compaction = mark, Incarnation = new Guid(9, 0, 0, new byte[8]) }).Encode(Tag);
        Assert.EndsWith(
            "0300010008000000" + "0200000000000000"
            + "0700000018000000" + "1400000000000000" + "5A00000000000000" + "2800000000000000"
            + "0800010010000000" + "09000000000000000000000000000000",
            WithoutCrc(bytes),
            StringComparison.Ordinal);
        Assert.True(Head.TryRead(bytes, Tag, out var read));
        Assert.Equal(mark, read.Compaction);
        Assert.Equal(bytes, read.Encode(Tag));
    }

    [Fact]
    public void The_entry_of_a_page_of_unmerged_chunks_has_a_flag_that_a_reader_may_ignore()
    {
        var page = new ChainEntry { Kind = ObjectKind.Page, Level = 1, Bytes = 900, Key = ObjectKey.Part(3, 1), LastOrdinal = 4, End = new Offset(9) };
        byte[] plain = new byte[ChainEntry.SizeOf([page])], flagged = new byte[plain.Length];
        Assert.True(ChainEntry.Write([page], plain).IsEmpty);
        Assert.True(ChainEntry.Write([page with { IsUnmerged = true }], flagged).IsEmpty);
        Assert.Equal("03020100" + "84030000" + "0300000000000000" + "01000000", Convert.ToHexString(plain)[..40]);
        Assert.Equal("03020104" + "84030000" + "0300000000000000" + "01000000", Convert.ToHexString(flagged)[..40]);
        Assert.True(ChainEntry.TryRead(flagged, out var read));
        Assert.Equal([page with { IsUnmerged = true }], read);
    }

    [Theory]
    [InlineData(20, 19, 19, "the end lies before what is clean")]
    [InlineData(20, 90, 91, "the pass continues after its end")]
    [InlineData(20, 101, 40, "the end lies in the tail")]
    [InlineData(-1, 90, 40, "a position is negative")]
    [InlineData(20, 90, -1, "a position is negative")]
    public void A_mark_whose_positions_do_not_fit_together_is_refused(long cleanTo, long passEnd, long passNext, string why)
    {
        var mark = new CompactionMark(new Offset(cleanTo), new Offset(passEnd), new Offset(passNext));
        Assert.False(Head.TryRead((Plain with { Compaction = mark }).Encode(Tag), Tag, out _), why);
        Assert.Throws<InvariantException>(() => Plain.With(mark));
    }

    private static string WithoutCrc(byte[] bytes)
    {
        var text = Convert.ToHexString(bytes);
        return text[..(92 * 2)] + "########" + text[(96 * 2)..];
    }
}
