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
    public void Whatever_the_order_of_ends_no_unfinished_record_lies_below_the_position()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("LOIRE_SEED"), out var given) ? given : Random.Shared.Next();
        Console.WriteLine($"LOIRE_SEED={seed}");
        var random = new Random(seed);
        var tracker = new OffsetTracker();
        var (next, unfinished) = (0L, new List<Offset>());
        for (var step = 0; step < 20_000; step++)
        {
            if (unfinished.Count == 0 || random.Next(2) == 0)
            {
                next += random.Next(1, 4);
                tracker.Read(next);
                unfinished.Add(next);
            }
            else
            {
                var at = random.Next(unfinished.Count);
                tracker.Finish(unfinished[at]);
                unfinished.RemoveAt(at);
            }

            Assert.Equal(unfinished.Count, tracker.Unfinished);
            if (tracker.TryGetUncommitted(out var position))
            {
                Assert.True(unfinished.Count == 0 ? position == next + 1 : position <= unfinished.Min());
            }
        }
    }
}
