using Loire.Coordination.Compaction;
using Loire.Model;

namespace Loire.Coordination.Tests.Compaction;

/// <summary>When a log that nothing is appended to is due for compaction. It ends at 50 and has been compacted up to 20.</summary>
public class CompactionDueTests
{
    private const long Never = long.MaxValue;

    private static readonly Offset End = new(50);
    private static readonly CompactionReport Log = new(new Offset(20), 200, 200, new Timestamp(1_000), new Timestamp(3_000), new Timestamp(Never), 0);

    [Theory]
    [InlineData(200, 200, 0.5, 0, Never, Never, 0L, DueReason.Dirty, "enough of it is dirty")]
    [InlineData(200, 200, 0.51, 0, Never, Never, null, DueReason.Unknown, "too little of it is")]
    [InlineData(200, 0, 0, 0, Never, Never, null, DueReason.Unknown, "nothing of it is")]
    [InlineData(200, 200, 0.5, 100, Never, Never, 3_101L, DueReason.Dirty, "the newest record is protected")]
    [InlineData(200, 200, 0.51, 0, 700L, Never, 1_701L, DueReason.Lag, "a record has waited as long as it may")]
    [InlineData(200, 0, 0.5, 0, 700L, Never, 1_701L, DueReason.Lag, "also one that is not listed yet")]
    [InlineData(200, 200, 0.51, 500, 700L, Never, 3_501L, DueReason.Lag, "but not one that is protected")]
    [InlineData(200, 200, 0.5, 0, 700L, Never, 0L, DueReason.Dirty, "the earlier one counts")]
    [InlineData(200, 200, 0.51, 0, Never, 9_000L, 9_000L, DueReason.Tombstones, "deletions have had their time")]
    [InlineData(200, 200, 0.51, 0, 700L, 1_700L, 1_700L, DueReason.Tombstones, "the earliest of all counts")]
    public void A_log_is_due_by_the_earliest_of_all_reasons(
        long clean, long dirty, double ratio, long minLag, long maxLag, long tombstones, long? at, DueReason reason, string why)
    {
        var log = Log with { CleanBytes = clean, DirtyBytes = dirty, TombstonesAt = new Timestamp(tombstones) };
        var due = CompactionDue.Of(log, End, new CompactionSettings(ratio, Span(minLag), Span(maxLag), TimeSpan.Zero));
        Assert.True((due?.At.Milliseconds, due?.Reason ?? DueReason.Unknown) == (at, reason), $"{why}: {due}");
    }

    [Fact]
    public void A_log_is_due_at_once_if_the_time_of_its_first_dirty_record_matters_and_is_not_known()
    {
        var settings = new CompactionSettings(0.9, TimeSpan.Zero, Span(700), TimeSpan.Zero);
        Assert.Equal(new CompactionDue(new Timestamp(0), DueReason.Lag), CompactionDue.Of(Log with { DirtySince = Timestamp.None }, End, settings));
        Assert.Null(CompactionDue.Of(Log with { DirtySince = Timestamp.None, DirtyBytes = 0, CleanTo = End }, End, settings));
    }

    [Fact]
    public void Times_without_an_end_do_not_overflow()
    {
        var settings = new CompactionSettings(0, TimeSpan.MaxValue, Span(long.MaxValue / 10_000 * 9), TimeSpan.MaxValue);
        var log = Log with { NewestDirty = new Timestamp(Never), DirtySince = new Timestamp(Never - 5) };
        Assert.Null(CompactionDue.Of(log, End, settings));
        Assert.Equal(new Timestamp(Never), CompactionDue.TombstonesAt(hasTombstones: true, new Timestamp(Never - 1), settings));
    }

    [Fact]
    public void Tombstones_may_go_after_their_time_and_without_any_no_pass_is_made_for_them()
    {
        var settings = new CompactionSettings(0, TimeSpan.Zero, TimeSpan.MaxValue, Span(500));
        Assert.Equal(new Timestamp(1_500), CompactionDue.TombstonesAt(hasTombstones: true, new Timestamp(1_000), settings));
        Assert.Equal(new Timestamp(Never), CompactionDue.TombstonesAt(hasTombstones: false, new Timestamp(1_000), settings));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void When_a_log_is_due_a_walk_over_it_finds_so_too_and_no_earlier_unless_a_part_is_protected(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 2_000; round++)
        {
            (long Time, long Bytes)[] parts = [.. Enumerable.Range(1, random.Next(1, 6))
                .Select(part => ((part * 1_000L) + random.Next(-1_500, 1_500), random.NextInt64(1, 100)))];
            var minLag = random.Next(2) * random.Next(2_000);
            var maxLag = random.Next(2) == 0 ? TimeSpan.MaxValue : Span(minLag + random.Next(3_000));
            var settings = new CompactionSettings(random.NextDouble(), Span(minLag), maxLag, TimeSpan.Zero);
            var (cleanTo, listed) = (new Offset(10 * random.Next(parts.Length)), new Offset(10 * parts.Length));
            var dirty = parts.Skip((int)cleanTo.Value / 10).ToArray();
            var oldest = new Timestamp(dirty[0].Time - random.Next(100));
            var report = new CompactionReport(
                cleanTo, parts.Sum(part => part.Bytes) - dirty.Sum(part => part.Bytes), dirty.Sum(part => part.Bytes), oldest,
                new Timestamp(dirty.Max(part => part.Time)), new Timestamp(Never), 0);
            var due = CompactionDue.Of(report, listed, settings);
            Assert.Equal(due is not null, IsDue(new Timestamp(1_000_000)));
            if (due is { At.Milliseconds: > 0 } known)
            {
                Assert.True(IsDue(known.At), $"{seed}, {round}: {known}");
                Assert.False(minLag == 0 && IsDue(new Timestamp(known.At.Milliseconds - 1)), $"{seed}, {round}: {known} is late");
            }

            bool IsDue(Timestamp now)
            {
                var walk = new CompactionWalk(settings, cleanTo, listed, now);
                for (var part = 0; part < parts.Length; part++)
                {
                    if (walk.Visit(new Offset((part + 1) * 10), new Timestamp(parts[part].Time), parts[part].Bytes, isDivisible: false) == CompactionVerdict.Stop)
                    {
                        break;
                    }
                }

                return walk.IsDue(oldest);
            }
        }
    }

    private static TimeSpan Span(long milliseconds) => milliseconds == Never ? TimeSpan.MaxValue : TimeSpan.FromTicks(milliseconds * TimeSpan.TicksPerMillisecond);
}
