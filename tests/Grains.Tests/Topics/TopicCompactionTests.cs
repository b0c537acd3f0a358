using System.Text;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Tests.Benches;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Grains.Tests.Topics;

/// <summary>
/// Topics have their closed partitions compacted. Records are written as "key=value", or "key" for a deletion. Each hour a partition that is open is
/// compacted if that is due, and closes.
/// </summary>
public class TopicCompactionTests
{
    private const string Hours6 = "21600000";

    [Fact]
    public void A_closed_partition_that_is_dirty_enough_is_opened_and_compacted_once()
    {
        var bench = New(out var topic, 3);
        Fill(bench, Key(topic, 1), 20);
        bench.CloseAll();
        var before = Records(bench, Key(topic, 1));
        bench.CloseAll();
        bench.Retain();
        Assert.Equal([Key(topic, 1)], bench.Retained);
        bench.Compact();
        Assert.InRange(Records(bench, Key(topic, 1)).Count, 10, 14);
        Assert.Equal(LastValues(before), LastValues(Records(bench, Key(topic, 1))));
        bench.CloseAll();
        Pass(bench, 100);
        Assert.Single(bench.Retained);
    }

    [Fact]
    public void A_partition_that_is_not_dirty_enough_stays_closed()
    {
        var bench = New(out var topic, 2, ("min.cleanable.dirty.ratio", "0.9"));
        Fill(bench, Key(topic, 0), 20);
        Hour(bench);
        bench.Retain();
        Assert.InRange(Records(bench, Key(topic, 0)).Count, 10, 14);
        Fill(bench, Key(topic, 0), 20);
        bench.CloseAll();
        Pass(bench, 100);
        Assert.Empty(bench.Retained);
    }

    [Fact]
    public void A_partition_stays_closed_as_long_as_its_newest_record_is_protected()
    {
        var bench = New(out var topic, 1, ("min.compaction.lag.ms", Hours6));
        Fill(bench, Key(topic, 0), 20);
        Hour(bench);
        Pass(bench, 6);
        Assert.Empty(bench.Retained);
        Pass(bench, 1);
        Assert.Equal([Key(topic, 0)], bench.Retained);
        Assert.InRange(Records(bench, Key(topic, 0)).Count, 10, 14);
        Pass(bench, 100);
        Assert.Single(bench.Retained);
    }

    [Theory]
    [InlineData(true, "it was seen by a check of its silo, which read when its first record is due")]
    [InlineData(false, "it has closed before; it is opened once to be asked")]
    public void A_record_of_a_closed_partition_is_compacted_when_it_has_waited_as_long_as_it_may(bool isSeen, string why)
    {
        // With a tail that is not listed by itself, nor by the leader that resigns, as on a local disk.
        var bench = new TopicsBench(log: new PartitionLogOptions { UnmergedChunks = 100 }) { HasReports = true };
        var topic = bench.Create("t", 1, ("cleanup.policy", "compact"), ("max.compaction.lag.ms", Hours6));
        Append(bench, Key(topic, 0), "a=1 a=2");
        if (isSeen)
        {
            bench.Retain();
        }

        bench.CloseAll();
        Pass(bench, 6);
        Assert.True(bench.Retained.Count == (isSeen ? 0 : 1), why);
        Assert.Equal(["0:a=1", "1:a=2"], Records(bench, Key(topic, 0)));
        bench.CloseAll();
        bench.Retained.Clear();
        Pass(bench, 1);
        Assert.Equal(["1:a=2"], Records(bench, Key(topic, 0)));
        Pass(bench, 100);
        Assert.Single(bench.Retained);
    }

    [Fact]
    public void Deletions_in_a_closed_partition_go_when_they_have_had_their_time_also_under_another_silo()
    {
        var bench = New(out var topic, 1, ("delete.retention.ms", Hours6));
        for (var i = 0; i < 10; i++)
        {
            Append(bench, Key(topic, 0), "a=1");
            Append(bench, Key(topic, 0), i < 9 ? "a=2" : "a");
        }

        Fill(bench, Key(topic, 0), 6);
        Hour(bench);
        bench.Retain();
        Assert.Equal("19:a", Records(bench, Key(topic, 0))[0]);

        var next = new TopicsBench(bench.Storage, Small) { HasReports = true };
        next.Advance(bench.Time.GetUtcNow() - next.Time.GetUtcNow());
        Pass(next, 5);
        Assert.Empty(next.Retained);
        Pass(next, 1);
        Assert.Equal([Key(topic, 0)], next.Retained);
        Pass(next, 100);
        var (before, after) = (Records(bench, Key(topic, 0)), Records(next, Key(topic, 0)));
        Assert.DoesNotContain("19:a", after);
        Assert.Equal(LastValues(before), LastValues(after));
        Assert.Single(next.Retained);
    }

    [Fact]
    public void A_topic_that_compacts_and_deletes_does_both_to_its_closed_partitions()
    {
        var bench = New(out var topic, 1, ("cleanup.policy", "compact,delete"), ("min.compaction.lag.ms", Hours6), ("retention.ms", "86400000"));
        Fill(bench, Key(topic, 0), 20);
        Hour(bench);
        Pass(bench, 7);
        Assert.InRange(Records(bench, Key(topic, 0)).Count, 10, 14);
        bench.CloseAll();
        Pass(bench, 18);
        Assert.Empty(Records(bench, Key(topic, 0)));
        bench.CloseAll();
        Assert.Equal(2, bench.Retained.Count);
        Pass(bench, 100);
        Assert.Equal(2, bench.Retained.Count);
    }

    [Fact]
    public void A_damaged_partition_is_opened_once_and_again_only_when_its_topic_changes()
    {
        var before = New(out var topic, 1);
        Fill(before, Key(topic, 0), 20);
        before.CloseAll();
        before.Retain();
        var damaged = before.Storage.Keys.First(key =>
            key.Contains("/part/", StringComparison.Ordinal) && key.Contains($"{topic.Topic!.Id}", StringComparison.Ordinal));
        var bytes = before.Storage.Find(damaged)!;
        bytes[^3] ^= 1;
        before.Storage.Replace(damaged, bytes);

        // Without what the first one has cached. Its report, which says that the partition is due, has opened it already.
        before.CloseAll();
        var bench = new TopicsBench(before.Storage, Small) { HasReports = true };
        Pass(bench, 100);
        Assert.Single(bench.Retained);
        bench.Alter("t", ("min.cleanable.dirty.ratio", "0.1"));
        bench.CloseAll();
        Pass(bench, 100);
        Assert.Equal(2, bench.Retained.Count);
        Assert.Equal(1, bench.Thread.Finish(() => bench.Topic("t").DescribeLogsAsync()).Logs.Count(log => log.Report.Compaction!.DirtyBytes > 0));
    }

    [Fact]
    public void A_partition_that_closes_before_it_is_compacted_is_opened_again()
    {
        var bench = New(out var topic, 1);
        Fill(bench, Key(topic, 0), 20);
        bench.CloseAll();
        bench.Retain();
        bench.CloseAll();
        Assert.Equal(20, Records(bench, Key(topic, 0)).Count);
        bench.CloseAll();
        Pass(bench, 2);
        Assert.Equal(2, bench.Retained.Count);
        Assert.InRange(Records(bench, Key(topic, 0)).Count, 10, 14);
    }

    [Fact]
    public void Partitions_that_were_closed_before_their_topic_was_compacted_are_opened_once()
    {
        var bench = New(out var topic, 3, ("cleanup.policy", "delete"), ("retention.ms", "-1"));
        Fill(bench, Key(topic, 0), 20);
        Fill(bench, Key(topic, 2), 1);
        Hour(bench);
        Pass(bench, 2);
        bench.Alter("t", ("cleanup.policy", "compact"));
        bench.CloseAll();
        Pass(bench, 100);
        Assert.Equal([Key(topic, 0), Key(topic, 2)], bench.Retained.Order(Comparer<PartitionKey>.Create((one, other) => one.Partition - other.Partition)));
        Assert.InRange(Records(bench, Key(topic, 0)).Count, 10, 14);
    }

    [Fact]
    public void Checks_write_and_read_nothing_as_long_as_no_partition_is_due()
    {
        var bench = New(out var topic, 3, ("max.compaction.lag.ms", "864000000"), ("delete.retention.ms", "864000000"));
        Fill(bench, Key(topic, 0), 20);
        Append(bench, Key(topic, 0), "k0");
        bench.Retain();
        bench.Compact();
        bench.CloseAll();
        bench.Retain();
        bench.CloseTopic("t");
        var calls = bench.Storage.Calls;
        for (var i = 0; i < 10; i++)
        {
            bench.Advance(TimeSpan.FromMinutes(5));
            bench.Retain();
            bench.Compact();
        }

        Assert.Equal((calls, 0, 0), (bench.Storage.Calls, bench.ActiveTopics, bench.OpenPartitions));
    }

    [Fact]
    public void The_logs_of_partitions_are_described_with_the_time_and_the_reason_of_their_next_compaction()
    {
        var bench = New(out var topic, 1, ("min.compaction.lag.ms", Hours6));
        var written = Timestamp.From(bench.Time.GetUtcNow());
        Fill(bench, Key(topic, 0), 20);
        bench.CloseAll();
        bench.Retain();
        var log = Assert.Single(bench.Thread.Finish(() => bench.Topic("t").DescribeLogsAsync()).Logs);
        Assert.Equal((DueReason.Dirty, written.Milliseconds + (6 * 3_600_000) + 1), (log.DueReason, log.DueAt.Milliseconds));
    }

    private static PartitionLogOptions Small => new() { TailChunks = 4, WholeChunkBytes = 1, HeadSegments = 4, RewriteBytes = 3_000 };

    private static TopicsBench New(out TopicResult topic, int partitions, params (string, string)[] configs)
    {
        var bench = new TopicsBench(log: Small) { HasReports = true };
        var policy = configs.Any(config => config.Item1 == "cleanup.policy") ? configs : [("cleanup.policy", "compact"), .. configs];
        topic = bench.Create("t", partitions, policy);
        Assert.Equal(ErrorCode.None, topic.Error);
        return bench;
    }

    private static PartitionKey Key(TopicResult topic, int partition) => TopicsBench.Key(topic, partition);

    /// <summary>Lets hours pass, with all checks after each.</summary>
    private static void Pass(TopicsBench bench, int hours)
    {
        for (; hours > 0; hours--)
        {
            bench.Advance(TimeSpan.FromHours(1));
            bench.Retain();
            Hour(bench);
        }
    }

    /// <summary>Compacts what is open and due, and closes it. The newest records must be listed first, so that there are two rounds.</summary>
    private static void Hour(TopicsBench bench)
    {
        bench.Compact();
        bench.Compact();
        bench.CloseAll();
    }

    private static void Fill(TopicsBench bench, PartitionKey partition, int records)
    {
        for (var i = 0; i < records; i++)
        {
            Append(bench, partition, $"k{i % 10}={i}");
        }
    }

    /// <summary>Appends one batch, with records that are separated by spaces.</summary>
    private static void Append(TopicsBench bench, PartitionKey partition, string records)
    {
        using var builder = new RecordBatchBuilder();
        foreach (var record in records.Split(' '))
        {
            var at = record.IndexOf('=', StringComparison.Ordinal);
            var key = Encoding.UTF8.GetBytes(at < 0 ? record : record[..at]);
            builder.Append(Timestamp.From(bench.Time.GetUtcNow()), key, false, Encoding.UTF8.GetBytes(record[(at + 1)..]), at < 0);
        }

        Assert.Equal(ErrorCode.None, bench.Append(partition, builder.Build()).Error);
    }

    private static List<string> Records(TopicsBench bench, PartitionKey partition)
    {
        var records = new List<string>();
        var bytes = Batch.Bytes(bench.Fetch(partition)).AsSpan();
        while (!bytes.IsEmpty)
        {
            Assert.Equal(ErrorCode.None, RecordBatch.TryRead(bytes, out var batch));
            var reader = new RecordReader(batch, batch.Payload);
            while (reader.MoveNext())
            {
                var value = reader.Current.ValueIsNull ? "" : "=" + Encoding.UTF8.GetString(reader.Current.Value);
                records.Add($"{reader.Current.Offset}:{Encoding.UTF8.GetString(reader.Current.Key)}{value}");
            }

            bytes = bytes[batch.SizeInBytes..];
        }

        return records;
    }

    private static List<string> LastValues(IEnumerable<string> records) =>
        [.. records.Select(record => record.Split(':')[1]).GroupBy(record => record.Split('=')[0]).Select(group => group.Last())
            .Where(record => record.Contains('=', StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
}
