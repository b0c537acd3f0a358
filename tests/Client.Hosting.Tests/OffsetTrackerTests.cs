using CsCheck;
using Loire.Model;

namespace Loire.Client.Hosting.Tests;

public sealed class OffsetTrackerTests
{
    [Fact]
    public void The_position_is_the_lowest_offset_that_is_not_finished()
    {
        var tracker = new OffsetTracker();
        Assert.False(tracker.TryGetUncommitted(out _));
        foreach (var offset in new long[] { 5, 6, 9, 10 })
        {
            tracker.Read(offset);
        }

        var positions = new List<Offset>();
        foreach (var finished in new long[] { 6, 10, 5, 9 })
        {
            tracker.Finish(finished);
            Assert.True(tracker.TryGetUncommitted(out var position));
            positions.Add(position);
        }

        Assert.Equal([5, 5, 7, 11], positions);
        Assert.Equal(0, tracker.Unfinished);
        tracker.Committed(11);
        Assert.False(tracker.TryGetUncommitted(out _));
    }

    [Fact]
    public void Whatever_the_order_of_ends_no_unfinished_record_lies_below_the_position() =>
        Gen.Select(Gen.Bool, Gen.Int[1, 3], Gen.Int[0, int.MaxValue]).Array[1, 400].Sample(
            steps =>
            {
                var tracker = new OffsetTracker();
                var (next, unfinished) = (0L, new List<Offset>());
                foreach (var (reads, gap, pick) in steps)
                {
                    if (reads || unfinished.Count == 0)
                    {
                        next += gap;
                        tracker.Read(next);
                        unfinished.Add(next);
                    }
                    else
                    {
                        tracker.Finish(unfinished[pick % unfinished.Count]);
                        unfinished.RemoveAt(pick % unfinished.Count);
                    }

                    Assert.Equal(unfinished.Count, tracker.Unfinished);
                    if (tracker.TryGetUncommitted(out var position))
                    {
                        Assert.True(unfinished.Count == 0 ? position == next + 1 : position <= unfinished.Min());
                    }
                }
            },
            iter: 300);
}
