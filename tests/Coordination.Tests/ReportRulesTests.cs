using Loire.Coordination.Topics;
using Loire.Model;

namespace Loire.Coordination.Tests;

/// <summary>Which reports of partitions are sent and recorded.</summary>
public class ReportRulesTests
{
    private const long Minute = 60_000;
    private const long MiB = 1024 * 1024;

    private static readonly Timestamp Now = new(1_767_225_600_000);
    private static readonly PartitionReport Open = new(1, new Offset(0), new Offset(10), 40 * MiB, MiB, Now, 1, IsOpen: true, Now);

    public static TheoryData<PartitionReport?, PartitionReport, bool, string> Reports => new()
    {
        { null, Open, true, "nothing is known" },
        { null, Closed(Open), true, "nothing is known of a closed one" },
        { Open, Open, false, "nothing has changed" },
        { Open, Open with { End = new Offset(11), Bytes = 44 * MiB }, false, "a tenth more" },
        { Open, Open with { Bytes = 45 * MiB }, true, "more than a tenth more" },
        { Open with { Bytes = 100 }, Open with { Bytes = MiB }, false, "much more of little" },
        { Open, Open with { Start = new Offset(10) }, true, "it is empty now" },
        { Open with { Start = new Offset(10) }, Open, true, "it is not empty any longer" },
        { Open, Closed(Open), true, "it has closed" },
        { Closed(Open), Closed(Open), false, "it was opened and has closed without a change" },
        { Closed(Open), Open, false, "it is open, and was only read" },
        { Closed(Open), Open with { End = new Offset(11) }, true, "it is written to again" },
        { Closed(Open), Closed(Open) with { End = new Offset(11) }, true, "a closed one says exactly how it stands" },
        { Ago(Open, 59), Open, false, "an open one keeps silent for an hour" },
        { Ago(Open, 60), Open, true, "and reports then" },
        { Ago(Open, -1), Open, true, "the clock was set back" },
        { Ago(Closed(Open), 100_000), Open, false, "a closed one without a change never" },
    };

    [Theory]
    [MemberData(nameof(Reports))]
    public void A_report_is_sent_if_it_says_enough(PartitionReport? sent, PartitionReport report, bool isSent, string reason)
    {
        Assert.True(ReportRules.IsWorthSending(sent, report, Now) == isSent, reason);
    }

    [Fact]
    public void A_topic_records_what_is_new_with_its_own_time_and_keeps_its_version()
    {
        var topic = Topic.Live();
        var after = Apply(topic, Closed(Open) with { At = Timestamp.None });
        Assert.Equal((topic.Version, Closed(Open)), (after.Version, after.Reports[1]));
        Assert.Empty(Decide(after, Closed(Open), Now));
        Assert.NotEmpty(Decide(after, Open, Now));
        Assert.NotEmpty(Decide(after, Closed(Open), After(4 * 24 * 60)));
    }

    [Fact]
    public void A_partition_that_was_due_is_recorded_though_nothing_has_changed_so_that_it_is_not_due_again_at_once()
    {
        var topic = Apply(Topic.Live(3, ("retention.ms", "60000")), Closed(Open) with { CheckedVersion = 1 });
        var due = After(2);
        Assert.Equal([0, 1, 2], ReportRules.Due(topic, due).Order());
        var later = Apply(topic, Closed(Open) with { CheckedVersion = 1 }, due);
        Assert.Equal([0, 2], ReportRules.Due(later, due).Order());
        Assert.Equal(After(62), new Timestamp(ReportRules.DueOf(later, 1, due)!.Value.At.Milliseconds - 1));
    }

    [Fact]
    public void A_partition_that_has_been_compacted_since_it_was_due_says_so_and_is_not_due_any_longer()
    {
        var dirty = Closed(Open) with { Compaction = new CompactionReport(new Offset(0), 0, 40 * MiB, Now, Now, new Timestamp(long.MaxValue), 0) };
        var clean = dirty with { Compaction = dirty.Compaction! with { CleanTo = new Offset(10), DirtyBytes = 0 } };
        var topic = Apply(Topic.Live(3, ("cleanup.policy", "compact")), dirty);
        Assert.Contains(1, ReportRules.Due(topic, Now));
        Assert.False(ReportRules.IsWorthSending(dirty, dirty, Now));
        Assert.True(ReportRules.IsWorthSending(dirty, clean, Now));
        Assert.DoesNotContain(1, ReportRules.Due(Apply(topic, clean), Now));
    }

    [Fact]
    public void Reports_of_partitions_and_topics_that_do_not_exist_are_not_recorded()
    {
        Assert.Empty(Decide(Topic.Live(1), Open, Now));
        Assert.Equal(ErrorCode.UnknownTopicId, ReportRules.Report(Topic.Live(), new TopicId(Guid.Empty), [Open], Now).Error);
        Assert.Equal(ErrorCode.UnknownTopicId, ReportRules.Report(TopicState.Absent, Topic.Id, [Open], Now).Error);
        Assert.Equal(
            ErrorCode.UnknownTopicId, ReportRules.Report(Topic.Live().Apply(new TopicRecord.DeletionStarted()), Topic.Id, [Open], Now).Error);
    }

    [Fact]
    public void The_first_due_of_a_topic_is_that_of_its_partition_that_is_due_first()
    {
        var topic = Topic.Live(2, ("retention.ms", "60000"));
        Assert.Equal(Now, ReportRules.NextDue(topic, Now));
        topic = Apply(Apply(topic, PartitionReport.Empty(0, Now)), Closed(Open));
        Assert.Equal(new Timestamp(Now.Milliseconds + Minute + 1), ReportRules.NextDue(topic, Now));
        Assert.Empty(ReportRules.Due(topic, Now));
        var kept = topic.Apply(new TopicRecord.ConfigsAltered(Topic.Live().WithChanges([KeyValuePair.Create("retention.ms", (string?)"-1")])!));
        Assert.Null(ReportRules.NextDue(kept, Now));
        Assert.Empty(ReportRules.Due(kept, After(1_000_000)));
    }

    [Fact]
    public void The_schedule_takes_unknown_topics_first_then_those_that_are_due_and_each_once()
    {
        TopicName[] names = [.. "abcd".Select(letter => TopicName.Parse(letter.ToString()))];
        var (schedule, hour) = (new RetentionSchedule(), TimeSpan.FromHours(1));
        schedule.AskWithin(names[0], TimeSpan.Zero, TimeSpan.Zero);
        Assert.Equal([names[1], names[2]], schedule.Take(names, TimeSpan.Zero, 2));
        Assert.Equal([names[3], names[0]], schedule.Take(names, TimeSpan.Zero, 5));
        Assert.Empty(schedule.Take(names, 23 * hour, 5));
        schedule.AskWithin(names[1], hour, 5 * hour);
        schedule.AskWithin(names[2], hour, 3 * hour);
        schedule.AskWithin(names[2], hour, 7 * hour);
        Assert.Equal([names[2], names[1]], schedule.Take(names, 6 * hour, 5));
    }

    [Fact]
    public void The_schedule_asks_every_topic_within_a_day_and_forgets_those_that_are_gone()
    {
        TopicName[] names = [TopicName.Parse("a"), TopicName.Parse("b")];
        var schedule = new RetentionSchedule();
        schedule.Take(names, TimeSpan.Zero, 5);
        schedule.AskWithin(names[0], TimeSpan.Zero, null);
        schedule.AskWithin(names[1], TimeSpan.Zero, TimeSpan.FromDays(3_650));
        Assert.Equal(names, schedule.Take(names, RetentionSchedule.LongestWait, 5));
        Assert.Empty(schedule.Take(names[..1], RetentionSchedule.LongestWait, 5));
        Assert.Equal(names[1..], schedule.Take(names, RetentionSchedule.LongestWait, 5));
    }

    private static PartitionReport Closed(PartitionReport report) => report with { IsOpen = false, CheckedVersion = 0 };

    private static PartitionReport Ago(PartitionReport report, int minutes) => report with { At = After(-minutes) };

    private static Timestamp After(int minutes) => new(Now.Milliseconds + (minutes * Minute));

    private static IReadOnlyList<TopicRecord> Decide(TopicState topic, PartitionReport report, Timestamp now) =>
        ReportRules.Report(topic, Topic.Id, [report], now).Records;

    private static TopicState Apply(TopicState topic, PartitionReport report, Timestamp? now = null) =>
        Decide(topic, report, now ?? Now).Aggregate(topic, (state, record) => state.Apply(record));
}
