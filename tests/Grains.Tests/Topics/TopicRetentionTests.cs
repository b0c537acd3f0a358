using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Tests.Benches;
using Loire.Model;
using Loire.TestKit;

namespace Loire.Grains.Tests.Topics;

/// <summary>Topics have their closed partitions delete what is not kept any longer.</summary>
public class TopicRetentionTests
{
    private const string TwoDays = "172800000";
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Fact]
    public void A_closed_partition_is_opened_when_it_is_due_and_only_then()
    {
        var bench = New(out var topic, 3);
        Append(bench, topic, 1);
        bench.Retain();
        bench.Close(Key(topic, 1));
        Pass(bench, 48);
        Assert.Empty(bench.Retained);

        Pass(bench, 1);
        Assert.Equal([Key(topic, 1)], bench.Retained);
        Assert.Equal((1, 1), Bounds(bench, Key(topic, 1)));
        bench.Close(Key(topic, 1));
        Pass(bench, 100);
        Assert.Single(bench.Retained);
    }

    [Fact]
    public void An_open_partition_is_left_to_its_silo()
    {
        var bench = New(out var topic, 1);
        Append(bench, topic, 0);
        Pass(bench, 60);
        Assert.Empty(bench.Retained);
        Assert.Equal((1, 1), Bounds(bench, Key(topic, 0)));
    }

    [Fact]
    public void What_partitions_have_reported_survives_the_silo()
    {
        var bench = New(out var topic, 3);
        Append(bench, topic, 1);
        bench.Retain();
        bench.Close(Key(topic, 1));
        bench.Retain();

        var next = new TopicsBench(bench.Storage) { HasReports = true };
        Pass(next, 48);
        Assert.Empty(next.Retained);
        Pass(next, 1);
        Assert.Equal([Key(topic, 1)], next.Retained);
    }

    [Fact]
    public void A_partition_that_was_open_when_its_silo_ended_is_opened_once_it_is_due()
    {
        var bench = New(out var topic, 2);
        Append(bench, topic, 0);
        bench.Retain();

        var next = new TopicsBench(bench.Storage) { HasReports = true };
        Pass(next, 49);
        Assert.Equal([Key(topic, 0)], next.Retained);
        Assert.Equal((1, 1), Bounds(next, Key(topic, 0)));
    }

    [Fact]
    public void A_partition_that_has_never_reported_is_opened_once()
    {
        var bench = New(out var topic, 2, hasReports: false);
        Append(bench, topic, 0);
        bench.Retain();

        var next = new TopicsBench(bench.Storage) { HasReports = true };
        Pass(next, 40);
        Assert.Equal([Key(topic, 0), Key(topic, 1)], next.Retained);
        Assert.Equal((0, 1), Bounds(next, Key(topic, 0)));
    }

    [Theory]
    [InlineData("retention.ms", "3600000")]
    [InlineData("retention.bytes", "100")]
    public void A_lower_limit_applies_to_closed_partitions_at_the_next_check(string setting, string value)
    {
        var bench = New(out var topic, 2);
        for (var i = 0; i < 3; i++)
        {
            Append(bench, topic, 0);
        }

        bench.Retain();
        bench.Close(Key(topic, 0));
        Pass(bench, 5);
        bench.CloseTopic("t");
        bench.Alter("t", (setting, value));
        Assert.Empty(bench.Retained);
        bench.Retain();
        Assert.Equal([Key(topic, 0)], bench.Retained);
        Assert.InRange(Bounds(bench, Key(topic, 0)).Start, 1, 3);
        Pass(bench, 2);
        Assert.InRange(bench.Retained.Count, 1, 2);
    }

    [Fact]
    public void A_topic_without_limits_opens_nothing()
    {
        var bench = New(out var topic, 2, hasReports: true, "-1");
        Append(bench, topic, 0);
        bench.Close(Key(topic, 0));
        Pass(bench, 24 * 30);
        Assert.Empty(bench.Retained);
    }

    [Fact]
    public void A_clock_that_is_ten_years_ahead_for_a_while_deletes_nothing_that_is_kept_and_opens_each_partition_once_each_way()
    {
        const int Partitions = 20;
        var bench = New(out var topic, Partitions, hasReports: true, "631152000000");
        for (var partition = 0; partition < Partitions; partition++)
        {
            Append(bench, topic, partition);
            bench.Close(Key(topic, partition));
        }

        bench.Retain();
        bench.Time.ClockError = TimeSpan.FromDays(3_652);
        Pass(bench, 30);
        Assert.Equal(Partitions, bench.Retained.Count);
        CloseAll();

        bench.Time.ClockError = TimeSpan.Zero;
        Pass(bench, 30);
        Assert.Equal(2 * Partitions, bench.Retained.Count);
        CloseAll();
        Pass(bench, 100);
        Assert.Equal(2 * Partitions, bench.Retained.Count);
        Assert.InRange(bench.Calls.Most, 1, 4);
        Assert.All(Enumerable.Range(0, Partitions), partition => Assert.Equal((0, 1), Bounds(bench, Key(topic, partition))));

        void CloseAll()
        {
            for (var partition = 0; partition < Partitions; partition++)
            {
                bench.Close(Key(topic, partition));
            }
        }
    }

    [Fact]
    public void Checks_without_news_write_nothing_and_read_nothing_of_closed_partitions()
    {
        var bench = New(out var topic, 3);
        Append(bench, topic, 0);
        bench.Close(Key(topic, 0));
        bench.Retain();
        bench.CloseTopic("t");
        var calls = bench.Storage.Calls;
        for (var i = 0; i < 10; i++)
        {
            bench.Advance(TimeSpan.FromMinutes(5));
            bench.Retain();
        }

        Assert.Equal((calls, 0), (bench.Storage.Calls, bench.ActiveTopics));
    }

    [Fact]
    public void Reports_of_many_partitions_take_one_change_of_their_topic()
    {
        var bench = New(out var topic, 50);
        for (var partition = 0; partition < 50; partition++)
        {
            Append(bench, topic, partition);
        }

        var writes = 0;
        bench.Storage.Changed = change => writes += change.Call.Key.Contains("topic/t/", StringComparison.Ordinal) ? 1 : 0;
        bench.Retain();
        Assert.InRange(writes, 1, 10);
    }

    [Fact]
    public void A_partition_that_cannot_be_opened_is_tried_again_at_the_next_check()
    {
        var bench = New(out var topic, 2);
        Append(bench, topic, 0);
        bench.Close(Key(topic, 0));
        bench.Retain();
        bench.PartitionFault = _ => ErrorCode.RequestTimedOut;
        Pass(bench, 49);
        Assert.Equal((0, 1), Bounds(bench, Key(topic, 0)));
        bench.Close(Key(topic, 0));
        bench.PartitionFault = _ => null;
        bench.Retain();
        Assert.Equal((1, 1), Bounds(bench, Key(topic, 0)));
    }

    [Fact]
    public void A_deleted_topic_is_forgotten_and_one_that_is_created_again_knows_nothing_of_it()
    {
        var bench = New(out var topic, 1);
        Append(bench, topic, 0);
        bench.Retain();
        bench.Delete("t");
        Pass(bench, 49);
        Assert.Empty(bench.Retained);
        var again = bench.Create("t", 1, ("retention.ms", TwoDays));
        Append(bench, again, 0);
        Pass(bench, 47);
        Assert.Equal((0, 1), Bounds(bench, Key(again, 0)));
    }

    [Fact]
    public void The_logs_of_partitions_are_described_without_opening_them()
    {
        var bench = New(out var topic, 2);
        var created = Timestamp.From(bench.Time.GetUtcNow());
        Append(bench, topic, 1);
        bench.Close(Key(topic, 1));
        bench.Retain();
        var next = new TopicsBench(bench.Storage) { HasReports = true };
        var described = next.Thread.Finish(() => next.Topic("t").DescribeLogsAsync());
        Assert.Equal(
            [(0, 0L, DueReason.Unknown), (1, 1L, DueReason.Age)],
            described.Logs.Select(log => (log.Report.Partition, log.Report.End.Value, log.DueReason)));
        var log = described.Logs[1];
        Assert.InRange(log.Report.Bytes, 100, 1_000);
        Assert.Equal((created, created.Milliseconds + (48 * 3_600_000) + 1), (log.Report.OldestTime, log.DueAt.Milliseconds));
        Assert.Equal(0, next.OpenPartitions);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, next.Thread.Finish(() => next.Topic("none").DescribeLogsAsync()).Error);
    }

    private static TopicsBench New(out TopicResult topic, int partitions, bool hasReports = true, string retention = TwoDays)
    {
        var bench = new TopicsBench { HasReports = hasReports };
        topic = bench.Create("t", partitions, ("retention.ms", retention));
        return bench;
    }

    private static PartitionKey Key(TopicResult topic, int partition) => TopicsBench.Key(topic, partition);

    private static void Append(TopicsBench bench, TopicResult topic, int partition) => Assert.Equal(
        ErrorCode.None,
        bench.Append(Key(topic, partition), TestBatches.Of(Timestamp.From(bench.Time.GetUtcNow()).Milliseconds, new string('x', 100))).Error);

    /// <summary>Lets hours pass, with a check of retention after each.</summary>
    private static void Pass(TopicsBench bench, int hours)
    {
        for (; hours > 0; hours--)
        {
            bench.Advance(Hour);
            bench.Retain();
        }
    }

    private static (long Start, long End) Bounds(TopicsBench bench, PartitionKey partition)
    {
        var bounds = bench.Offsets(partition);
        return (bounds.LogStart.Value, bounds.HighWatermark.Value);
    }
}
