using System.Globalization;
using Loire.Coordination.Partitions;
using Loire.Coordination.Topics;
using Loire.Model;

namespace Loire.Coordination.Tests;

/// <summary>When a closed partition is due for retention or compaction. Times are in hours.</summary>
public class PartitionDueTests
{
    private const long Hour = 3_600_000;
    private const long Now = 10_000;
    private const long Version = 5;

    [Theory]
    [InlineData(10, null, 9_995, 100, 10_005L, DueReason.Age, "the oldest part reaches the age")]
    [InlineData(10, null, 9_980, 100, 9_990L, DueReason.Age, "it has reached it long ago")]
    [InlineData(10, null, 10_500, 100, 10_167L, DueReason.Unknown, "a time in the future is looked at again when the report is too old")]
    [InlineData(10, null, -1, 100, 10_167L, DueReason.Unknown, "without a time only the age of the report counts")]
    [InlineData(null, 100L, 9_000, 150, 9_999L, DueReason.Size, "the rest still has the bytes without the oldest part")]
    [InlineData(null, 101L, 9_000, 150, 10_167L, DueReason.Unknown, "the rest would have too few")]
    [InlineData(10, 100L, 9_995, 150, 9_999L, DueReason.Size, "the earlier of two limits counts")]
    [InlineData(null, null, 1, 1_000, null, DueReason.Unknown, "without limits it never is")]
    public void A_closed_partition_is_due_when_a_limit_is_reached(
        int? age, long? bytes, long oldest, long size, long? due, DueReason reason, string why)
    {
        var limits = new RetentionLimits(age is { } hours ? TimeSpan.FromHours(hours) : null, bytes);
        var report = Closed() with { Bytes = size, OldestBytes = 50, OldestTime = new Timestamp(oldest < 0 ? -1 : oldest * Hour) };
        Is(due, reason, DueOf(report, limits, Version, Time(Now)), why);
    }

    [Fact]
    public void A_partition_without_a_report_is_due_at_once_and_one_with_an_old_report_once()
    {
        var limits = new RetentionLimits(TimeSpan.FromDays(365), null);
        Is(Now, DueReason.Unknown, DueOf(null, limits, Version, Time(Now)), "there is no report");
        var old = PartitionReport.Empty(0, Time(Now - (7 * 24)));
        Is(Now, DueReason.Unknown, DueOf(old, limits, Version, Time(Now)), "the report is a week old");
        Is(Now + (7 * 24), DueReason.Unknown, DueOf(old with { At = Time(Now) }, limits, Version, Time(Now)), "the new one is not");
    }

    [Fact]
    public void A_report_from_the_future_is_not_believed()
    {
        var limits = new RetentionLimits(TimeSpan.FromHours(1), null);
        Is(Now, DueReason.Unknown, DueOf(Closed() with { At = Time(Now + 1) }, limits, Version, Time(Now)), "the clock was set back");
    }

    [Fact]
    public void An_open_partition_is_left_to_its_silo_as_long_as_it_reports()
    {
        var limits = new RetentionLimits(TimeSpan.FromHours(1), 0);
        var report = Closed() with { IsOpen = true, CheckedVersion = Version, At = Time(Now) };
        Is(Now + 2, DueReason.Age, DueOf(report, limits, Version, Time(Now)), "its records are old, and it knows");
    }

    [Fact]
    public void A_partition_that_kept_what_was_due_is_checked_again_after_an_hour_or_when_the_topic_has_changed()
    {
        var limits = new RetentionLimits(TimeSpan.FromHours(1), null);
        var report = Closed() with { CheckedVersion = Version, At = Time(Now) };
        Is(Now + 1, DueReason.Age, DueOf(report, limits, Version, Time(Now)), "nothing has changed since");
        Is(9_001, DueReason.Age, DueOf(report, limits, Version + 1, Time(Now)), "the settings may have");
        Is(9_001, DueReason.Age, DueOf(report with { CheckedVersion = 0 }, limits, Version, Time(Now)), "it has closed unchecked");
    }

    [Fact]
    public void Limits_without_an_end_do_not_overflow()
    {
        var limits = new RetentionLimits(TimeSpan.MaxValue, long.MaxValue);
        Is(9_999 + (7 * 24), DueReason.Unknown, DueOf(Closed(), limits, Version, Time(Now)), "the age of the report is first");
    }

    [Theory]
    [InlineData(0, 9_000, 9_999L, DueReason.Dirty, "enough of it can be compacted already, but not before it has said so")]
    [InlineData(2_000, 8_050, 10_050L, DueReason.Dirty, "its newest record is protected until then")]
    [InlineData(20_000, 9_000, 10_167L, DueReason.Unknown, "its report is too old before that")]
    public void A_closed_partition_is_due_when_enough_of_it_can_be_compacted(int minLag, int newest, long due, DueReason reason, string why)
    {
        var settings = Compacted with { Compaction = Compacted.Compaction!.Value with { MinLag = TimeSpan.FromHours(minLag) } };
        Is(due, reason, PartitionDue.Of(Closed() with { Compaction = Dirty with { NewestDirty = Time(newest) } }, settings, Time(Now)), why);
    }

    [Fact]
    public void The_earlier_one_of_retention_and_compaction_counts()
    {
        var settings = Compacted with { RetentionTime = TimeSpan.FromHours(1_010), Compaction = Compacted.Compaction!.Value with { MinLag = TimeSpan.FromHours(1) } };
        var report = Closed() with { Compaction = Dirty with { NewestDirty = Time(10_020) } };
        Is(10_010, DueReason.Age, PartitionDue.Of(report, settings, Time(Now)), "retention is earlier");
        Is(10_006, DueReason.Dirty, PartitionDue.Of(report with { Compaction = Dirty with { NewestDirty = Time(10_005) } }, settings, Time(Now)), "compaction is");
    }

    [Fact]
    public void A_partition_that_was_opened_to_be_compacted_is_called_again_after_an_hour_and_not_at_all_if_that_changed_nothing()
    {
        var opened = Closed() with { CheckedVersion = Version, Compaction = Dirty };
        Is(10_000, DueReason.Dirty, PartitionDue.Of(opened, Compacted, Time(Now)), "it may have closed before it was compacted");
        var stalled = Closed() with { Compaction = Dirty with { StalledVersion = Version } };
        Is(10_167, DueReason.Unknown, PartitionDue.Of(stalled, Compacted, Time(Now)), "nothing has changed since");
        Is(9_999, DueReason.Dirty, PartitionDue.Of(stalled, Compacted with { Version = Version + 1 }, Time(Now)), "the settings may have");
    }

    [Fact]
    public void A_partition_that_says_nothing_of_compaction_is_asked_once_for_each_version_of_the_topic()
    {
        Is(9_999, DueReason.Unknown, PartitionDue.Of(Closed(), Compacted, Time(Now)), "it has closed before the topic was compacted");
        Is(10_167, DueReason.Unknown, PartitionDue.Of(Closed() with { CheckedVersion = Version }, Compacted, Time(Now)), "its node knows no more");
        Is(10_167, DueReason.Unknown, PartitionDue.Of(PartitionReport.Empty(0, Time(9_999)), Compacted, Time(Now)), "it is empty");
    }

    [Fact]
    public void What_a_partition_says_of_compaction_does_not_matter_where_the_topic_is_not_compacted()
    {
        Is(null, DueReason.Unknown, PartitionDue.Of(Closed() with { Compaction = Dirty }, Settings, Time(Now)), "nothing is ever due");
    }

    private static PartitionSettings Settings { get; } =
        new(Version, 1, TimestampType.CreateTime, TimeSpan.Zero, TimeSpan.Zero, 1);

    private static PartitionSettings Compacted { get; } = Settings with
    {
        Compaction = new CompactionSettings(0.5, TimeSpan.Zero, TimeSpan.MaxValue, TimeSpan.FromHours(24)),
    };

    private static CompactionReport Dirty { get; } = new(new Offset(5), 50, 50, Timestamp.None, Time(9_000), new Timestamp(long.MaxValue), 0);

    private static PartitionReport Closed() =>
        new(0, new Offset(3), new Offset(9), 100, 50, Time(9_000), 0, IsOpen: false, Time(9_999));

    private static Timestamp Time(long hours) => new(hours * Hour);

    private static PartitionDue? DueOf(PartitionReport? report, RetentionLimits limits, long version, Timestamp now) => PartitionDue.Of(
        report, Settings with { Version = version, RetentionTime = limits.MaxAge, RetentionBytes = limits.MaxBytes }, now);

    private static void Is(long? hours, DueReason reason, PartitionDue? due, string why) => Assert.True(
        (due is null && hours is null) || (due is { } known && known.Reason == reason && known.At.Milliseconds / Hour == hours),
        string.Create(CultureInfo.InvariantCulture, $"{why}: {due?.At.Milliseconds / (double)Hour} for {due?.Reason}"));
}
