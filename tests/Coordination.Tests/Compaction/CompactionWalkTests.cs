using Loire.Coordination.Compaction;
using Loire.Model;

namespace Loire.Coordination.Tests.Compaction;

/// <summary>When a log is compacted, and how far. Its parts end at 10, 20, 30 and 40, have 100 bytes each and times 1,000 apart from 1,000 on.</summary>
public class CompactionWalkTests
{
    [Theory]
    [InlineData(0, 40, 0.5, 0, 1_000_000, 0, 400, 40, true, "all of it is dirty")]
    [InlineData(20, 40, 0.5, 0, 1_000_000, 200, 200, 40, true, "half of it is")]
    [InlineData(20, 40, 0.51, 0, 1_000_000, 200, 200, 40, false, "less than the share")]
    [InlineData(40, 40, 0, 0, 1_000_000, 400, 0, -1, false, "nothing is dirty")]
    [InlineData(0, 30, 0.5, 0, 1_000_000, 0, 300, 30, true, "the tail is left alone")]
    [InlineData(0, 35, 0.5, 0, 1_000_000, 0, 300, 30, true, "so is a part that reaches beyond the bound")]
    [InlineData(0, 40, 0.5, 7_000, 1_000_000, 0, 200, 20, true, "a part with a record that is protected stays")]
    [InlineData(20, 40, 0.5, 7_000, 1_000_000, 200, 0, -1, false, "and so does all that follows")]
    [InlineData(30, 40, 0.9, 0, 8_999, 300, 100, 40, true, "a record has waited too long")]
    [InlineData(30, 40, 0.9, 0, 9_000, 300, 100, 40, false, "none has waited longer than it may")]
    [InlineData(15, 40, 0.5, 0, 1_000_000, 100, 300, 40, true, "a part that is compacted in part is dirty")]
    public void A_log_is_compacted_when_enough_of_it_is_dirty_or_a_record_has_waited_long(
        int cleanTo, int end, double ratio, int minLag, int maxLag, int clean, int dirty, int to, bool isDue, string reason)
    {
        var settings = new CompactionSettings(ratio, TimeSpan.FromMilliseconds(minLag), TimeSpan.FromMilliseconds(maxLag), TimeSpan.Zero);
        var walk = new CompactionWalk(settings, new Offset(cleanTo), new Offset(end), new Timestamp(10_000));
        for (var part = 1; part <= 4; part++)
        {
            if (walk.Visit(new Offset(part * 10), new Timestamp(part * 1_000), 100, isDivisible: false) == CompactionVerdict.Stop)
            {
                break;
            }
        }

        Assert.True((clean, dirty, to) == (walk.CleanBytes, walk.DirtyBytes, walk.End.Value), $"{reason}: {walk.CleanBytes}, {walk.DirtyBytes}, {walk.End}");
        Assert.True(isDue == walk.IsDue(new Timestamp(1_000)), reason);
    }

    [Fact]
    public void A_page_is_looked_into_unless_it_has_been_compacted_as_a_whole()
    {
        var walk = new CompactionWalk(new(0.5, TimeSpan.Zero, TimeSpan.MaxValue, TimeSpan.Zero), new Offset(10), new Offset(100), new Timestamp(1));
        Assert.Equal(CompactionVerdict.Next, walk.Visit(new Offset(10), new Timestamp(1), 5, isDivisible: true));
        Assert.Equal(CompactionVerdict.Divide, walk.Visit(new Offset(20), new Timestamp(1), 5, isDivisible: true));
        Assert.Equal((5, 0), (walk.CleanBytes, walk.DirtyBytes));
    }
}
