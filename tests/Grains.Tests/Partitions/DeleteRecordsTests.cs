using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Tests.Benches;
using Loire.Log.Partitions;
using Loire.Model;

namespace Loire.Grains.Tests.Partitions;

/// <summary>Deleting the oldest records of a partition. Which answer belongs to which offset was observed at a Kafka broker.</summary>
public class DeleteRecordsTests
{
    [Theory]
    [InlineData(2, ErrorCode.None, 2)]
    [InlineData(0, ErrorCode.None, 0)]
    [InlineData(4, ErrorCode.None, 4)]
    [InlineData(-1, ErrorCode.None, 4)]
    [InlineData(5, ErrorCode.OffsetOutOfRange, 0)]
    [InlineData(-7, ErrorCode.OffsetOutOfRange, 0)]
    [InlineData(long.MaxValue, ErrorCode.OffsetOutOfRange, 0)]
    public void Records_are_deleted_up_to_the_high_watermark(long before, ErrorCode error, long start)
    {
        var bench = new PartitionBench();
        bench.Appended("a", "b");
        bench.Appended("c", "d");
        Assert.Equal((error, start), Answer(Delete(bench, before, validateOnly: true)));
        Assert.Equal(0, bench.Offsets().LogStart.Value);
        Assert.Equal((error, start), Answer(Delete(bench, before)));
        Assert.Equal(start, bench.Offsets().LogStart.Value);

        // What was deleted stays so, also for a later owner.
        Assert.Equal((ErrorCode.None, start), Answer(Delete(bench, 0)));
        Assert.Equal(start, new PartitionBench(bench.Storage.Clone()).Offsets().LogStart.Value);
    }

    [Fact]
    public void A_fetch_of_deleted_records_gets_the_bounds_and_one_at_the_end_goes_on_waiting()
    {
        var bench = new PartitionBench();
        bench.Appended("a", "b");
        var waiting = bench.Fetch(2, wait: TimeSpan.FromSeconds(5));
        Assert.Equal(ErrorCode.None, Delete(bench, -1).Error);
        var deleted = bench.Fetched(0);
        Assert.Equal((ErrorCode.OffsetOutOfRange, 2L), (deleted.Error, deleted.Bounds.LogStart.Value));
        Assert.Equal(2, bench.Fetched(FetchRequest.Earliest.Value).NextOffset.Value);
        Assert.False(waiting.IsCompleted);
        Assert.Equal(2, bench.Appended("c").BaseOffset.Value);
        Assert.Equal("2:c", Batch.Text(waiting.Now()));
    }

    [Fact]
    public void A_partition_that_only_reads_takes_the_lead_to_delete()
    {
        var bench = new PartitionBench();
        bench.Appended("a", "b");
        var second = new PartitionBench(bench.Storage);
        Assert.Equal((ErrorCode.None, 1L), Answer(Delete(second, 1)));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, Delete(bench, 2).Error);
        Assert.Equal(2, second.Appended("c").BaseOffset.Value);
    }

    [Fact]
    public void Records_that_are_not_durable_yet_cannot_be_deleted()
    {
        var bench = new PartitionBench();
        bench.Appended("a");
        var release = bench.Hold("chunk");
        var pending = bench.Append("b");
        Assert.Equal(ErrorCode.OffsetOutOfRange, Delete(bench, 2).Error);
        Assert.Equal((ErrorCode.None, 1L), Answer(Delete(bench, -1)));
        bench.Thread.After(release);
        Assert.Equal((ErrorCode.None, 1L), (pending.Now().Error, pending.Now().BaseOffset.Value));
        Assert.Equal("1:b", Batch.Text(bench.Fetched(1)));
    }

    [Fact]
    public void Records_of_a_topic_that_is_only_compacted_are_not_deleted()
    {
        var bench = new PartitionBench();
        bench.Topic = () => Task.FromResult(new PartitionSettingsResult(ErrorCode.None, PartitionBench.Defaults with { IsDeletable = false }));
        bench.Appended("a");
        Assert.Equal((ErrorCode.PolicyViolation, 0L), Answer(Delete(bench, 1)));
        Assert.Equal(0, bench.Offsets().LogStart.Value);
    }

    [Fact]
    public void Deleted_records_free_their_storage()
    {
        var bench = new PartitionBench(log: new PartitionLogOptions { TailChunks = 4, WholeChunkBytes = 1, HeadSegments = 4 });
        for (var i = 0; i < 200; i++)
        {
            bench.Appended("v" + i);
        }

        var before = bench.Storage.Keys.Count;
        Assert.Equal(ErrorCode.None, Delete(bench, 199).Error);
        bench.Advance(TimeSpan.FromSeconds(1));
        Assert.True(bench.Storage.Keys.Count < 10, $"{bench.Storage.Keys.Count} of {before} objects are left");
    }

    private static PartitionOffsets Delete(PartitionBench bench, long before, bool validateOnly = false) =>
        bench.Thread.Finish(() => bench.Driver.DeleteRecordsAsync(new Offset(before), validateOnly).AsTask());

    private static (ErrorCode Error, long Start) Answer(PartitionOffsets answer) => (answer.Error, answer.LogStart.Value);
}
