using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Tests.Benches;
using Loire.Log;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.TestKit;

namespace Loire.Grains.Tests.Partitions;

/// <summary>What a partition deletes of itself.</summary>
public class RetentionTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly PartitionLogOptions Small = new() { TailChunks = 4, WholeChunkBytes = 1, HeadSegments = 4 };

    [Fact]
    public void Records_go_once_they_are_older_than_the_topic_keeps_them()
    {
        var bench = With(PartitionBench.Defaults with { RetentionTime = 10 * Hour });
        for (var hour = 0; hour < 20; hour++)
        {
            Append(bench, 1);
            bench.Advance(Hour);
        }

        Assert.Equal(0, bench.Offsets().LogStart.Value);
        Retain(bench);
        Assert.Equal((10, 20), (bench.Offsets().LogStart.Value, bench.Offsets().HighWatermark.Value));
        Assert.Equal(ErrorCode.OffsetOutOfRange, bench.Fetched(9).Error);

        bench.Advance(20 * Hour);
        Retain(bench);
        Assert.Equal((20, 20), (bench.Offsets().LogStart.Value, bench.Offsets().HighWatermark.Value));
        Assert.Equal(20, Append(bench, 1));
        Assert.Equal(20, new PartitionBench(bench.Storage.Clone()).Offsets().LogStart.Value);
    }

    [Fact]
    public void A_partition_keeps_at_least_the_bytes_of_its_topic()
    {
        const int Limit = 5_000;
        var bench = With(PartitionBench.Defaults with { RetentionBytes = Limit });
        for (var i = 0; i < 100; i++)
        {
            Append(bench, 200);
        }

        Retain(bench);
        bench.Advance(TimeSpan.FromSeconds(1));
        var kept = bench.Thread.Finish(() => bench.Log.SizeAsync().AsTask()).Bytes;
        Assert.InRange(kept, Limit, 2 * Limit);
        Assert.InRange(bench.Offsets().LogStart.Value, 60, 90);
        var start = bench.Offsets().LogStart;
        Retain(bench);
        Assert.Equal(start, bench.Offsets().LogStart);
    }

    [Fact]
    public void A_change_of_the_settings_applies_from_the_next_check_on()
    {
        var bench = With(PartitionBench.Defaults);
        Append(bench, 1);
        bench.Advance(2 * Hour);
        Retain(bench);
        Assert.Equal(0, bench.Offsets().LogStart.Value);
        bench.Thread.Finish(() => Task.FromResult(bench.Driver.Configure(PartitionBench.Defaults with { Version = 2, RetentionTime = Hour })));
        Retain(bench);
        Assert.Equal(1, bench.Offsets().LogStart.Value);
    }

    [Fact]
    public void A_partition_that_is_not_open_stays_so()
    {
        var bench = With(PartitionBench.Defaults with { RetentionTime = Hour });
        Retain(bench);
        Assert.Equal((0, 0), (bench.Storage.Calls, bench.TopicAsked));
    }

    [Fact]
    public void A_partition_without_anything_to_delete_writes_nothing()
    {
        var bench = With(PartitionBench.Defaults with { RetentionTime = Hour, RetentionBytes = 1_000_000 });
        Append(bench, 1);
        bench.Storage.Changed = change => Assert.Fail($"{change.Call.Operation} of {change.Call.Key}");
        Retain(bench);
    }

    [Fact]
    public void A_partition_that_is_no_longer_written_is_merged_down_to_few_objects_by_the_second_check()
    {
        var bench = new PartitionBench(log: new PartitionLogOptions { WholeChunkBytes = 32 * 1024, UnmergedChunks = 4_096 });
        bench.Topic = () => Task.FromResult(new PartitionSettingsResult(ErrorCode.None, PartitionBench.Defaults));
        for (var i = 0; i < 300; i++)
        {
            Append(bench, 100);
        }

        Retain(bench);
        Append(bench, 100);
        Retain(bench);
        Assert.InRange(bench.Storage.Keys.Count, 301, 310);
        Retain(bench);
        Assert.InRange(bench.Storage.Keys.Count, 3, 12);
        Assert.Equal(301, bench.Offsets().HighWatermark.Value);
    }

    [Fact]
    public void A_store_that_refuses_the_deletion_is_asked_again_at_the_next_check_and_appends_go_on()
    {
        var bench = With(PartitionBench.Defaults with { RetentionTime = Hour });
        Append(bench, 1);
        bench.Advance(2 * Hour);
        var full = StorageFault.Refuse(new StorageFullException("full"));
        bench.Storage.Faults = call => Task.FromResult(call.Key.EndsWith("head", StringComparison.Ordinal) ? full : StorageFault.None);
        Retain(bench);
        Assert.Equal(1, Append(bench, 1));
        Assert.Equal(0, bench.Offsets().LogStart.Value);
        bench.Storage.Faults = null;
        Retain(bench);
        Assert.Equal(1, bench.Offsets().LogStart.Value);
    }

    [Fact]
    public void A_second_activation_of_a_partition_leaves_the_lead_to_the_owner_that_has_deleted_already()
    {
        var settings = PartitionBench.Defaults with { RetentionTime = Hour };
        var owner = With(settings);
        Append(owner, 1);
        var second = new PartitionBench(owner.Storage, Small);
        second.Topic = () => Task.FromResult(new PartitionSettingsResult(ErrorCode.None, settings));
        Assert.Equal(0, second.Offsets().LogStart.Value);
        owner.Advance(2 * Hour);
        second.Advance(2 * Hour);
        Retain(owner);
        Retain(second);
        Assert.Equal((1, 1), (owner.Offsets().LogStart.Value, second.Offsets().LogStart.Value));
        Assert.Equal(1, Append(owner, 1));
    }

    private static PartitionBench With(PartitionSettings settings)
    {
        var bench = new PartitionBench(log: Small);
        bench.Topic = () => Task.FromResult(new PartitionSettingsResult(ErrorCode.None, settings));
        return bench;
    }

    /// <summary>Appends a record of now; returns its offset.</summary>
    private static long Append(PartitionBench bench, int bytes)
    {
        var appended = bench.Appended(TestBatches.Of(Timestamp.From(bench.Time.GetUtcNow()).Milliseconds, new string('x', bytes)));
        Assert.Equal(ErrorCode.None, appended.Error);
        return appended.BaseOffset.Value;
    }

    private static void Retain(PartitionBench bench) => bench.Thread.Finish(async () =>
    {
        await bench.Driver.RetainAsync();
        return true;
    });
}
