using System.Globalization;
using Loire.Coordination.Partitions;
using Loire.Coordination.Topics;
using Loire.Model;

namespace Loire.Coordination.Tests;

/// <summary>When a closed partition is due for retention. Times are in hours.</summary>
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
        Is(due, reason, PartitionDue.Of(report, limits, Version, Time(Now)), why);
    }

    [Fact]
    public void A_partition_without_a_report_is_due_at_once_and_one_with_an_old_report_once()
    {
        var limits = new RetentionLimits(TimeSpan.FromDays(365), null);
        Is(Now, DueReason.Unknown, PartitionDue.Of(null, limits, Version, Time(Now)), "there is no report");
        var old = PartitionReport.Empty(0, Time(Now - (7 * 24)));
        Is(Now, DueReason.Unknown, PartitionDue.Of(old, limits, Version, Time(Now)), "the report is a week old");
        Is(Now + (7 * 24), DueReason.Unknown, PartitionDue.Of(old with { At = Time(Now) }, limits, Version, Time(Now)), "the new one is not");
    }

    [Fact]
    public void A_report_from_the_future_is_not_believed()
    {
        var limits = new RetentionLimits(TimeSpan.FromHours(1), null);
        Is(Now, DueReason.Unknown, PartitionDue.Of(Closed() with { At = Time(Now + 1) }, limits, Version, Time(Now)), "the clock was set back");
    }

    [Fact]
    public void An_open_partition_is_left_to_its_silo_as_long_as_it_reports()
    {
        var limits = new RetentionLimits(TimeSpan.FromHours(1), 0);
        var report = Closed() with { IsOpen = true, CheckedVersion = Version, At = Time(Now) };
        Is(Now + 2, DueReason.Age, PartitionDue.Of(report, limits, Version, Time(Now)), "its records are old, and it knows");
    }

    [Fact]
    public void A_partition_that_kept_what_was_due_is_checked_again_after_an_hour_or_when_the_topic_has_changed()
    {
        var limits = new RetentionLimits(TimeSpan.FromHours(1), null);
        var report = Closed() with { CheckedVersion = Version, At = Time(Now) };
        Is(Now + 1, DueReason.Age, PartitionDue.Of(report, limits, Version, Time(Now)), "nothing has changed since");
        Is(9_001, DueReason.Age, PartitionDue.Of(report, limits, Version + 1, Time(Now)), "the settings may have");
        Is(9_001, DueReason.Age, PartitionDue.Of(report with { CheckedVersion = 0 }, limits, Version, Time(Now)), "it has closed unchecked");
    }

    [Fact]
    public void Limits_without_an_end_do_not_overflow()
    {
        var limits = new RetentionLimits(TimeSpan.MaxValue, long.MaxValue);
        Is(9_999 + (7 * 24), DueReason.Unknown, PartitionDue.Of(Closed(), limits, Version, Time(Now)), "the age of the report is first");
    }

    private static PartitionReport Closed() =>
        new(0, new Offset(3), new Offset(9), 100, 50, Time(9_000), 0, IsOpen: false, Time(9_999));

    private static Timestamp Time(long hours) => new(hours * Hour);

    private static void Is(long? hours, DueReason reason, PartitionDue? due, string why) => Assert.True(
        (due is null && hours is null) || (due is { } known && known.Reason == reason && known.At.Milliseconds / Hour == hours),
        string.Create(CultureInfo.InvariantCulture, $"{why}: {due?.At.Milliseconds / (double)Hour} for {due?.Reason}"));
}
