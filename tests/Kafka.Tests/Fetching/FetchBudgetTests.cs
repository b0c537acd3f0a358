using Loire.Grains.Interfaces.Partitions;
using Loire.Kafka.Handlers.Fetching;
using Loire.Model;

namespace Loire.Kafka.Tests.Fetching;

/// <summary>How the bytes of an answer are shared, and when a fetch has waited for enough.</summary>
public sealed class FetchBudgetTests
{
    [Theory]
    [InlineData(100, "70/1000 20/1000", "70 20", "all fits")]
    [InlineData(100, "200/1000 10/1000", "200", "the first comes whole whatever the limit")]
    [InlineData(100, "0/1000 200/50 10/1000", "0 200", "the first that has records")]
    [InlineData(100, "60/1000 50/1000 10/1000", "60", "what does not fit closes the answer")]
    [InlineData(100, "20/10 20/10 20/30", "20 20", "a partition's limit closes only itself")]
    [InlineData(0, "20/0 20/0", "20", "no room at all")]
    public void Bytes_are_given_in_the_order_of_the_partitions(int maxBytes, string offered, string expected, string reason)
    {
        var budget = new FetchBudget(maxBytes);
        List<long> given = [];
        foreach (var (bytes, limit) in offered.Split(' ').Select(one => one.Split('/')).Select(one => (long.Parse(one[0]), long.Parse(one[1]))))
        {
            if (budget.TryTake(bytes, limit))
            {
                given.Add(bytes);
            }
        }

        Assert.True(expected == string.Join(' ', given), $"{reason}: {string.Join(' ', given)}");
    }

    [Fact]
    public void Fetch_of_nothing_that_can_be_read_is_answered_at_once()
    {
        Assert.True(Progress(1).IsDone);
        Assert.True(Progress(1, PartitionRead.Failed(ErrorCode.UnknownTopicOrPartition)).IsDone);
    }

    [Theory]
    [InlineData(ErrorCode.UnknownTopicOrPartition, false)]
    [InlineData(ErrorCode.UnknownTopicId, false)]
    [InlineData(ErrorCode.OffsetOutOfRange, true)]
    [InlineData(ErrorCode.FencedLeaderEpoch, true)]
    [InlineData(ErrorCode.KafkaStorageError, true)]
    [InlineData(ErrorCode.InconsistentTopicId, true)]
    public void Error_that_was_found_in_a_log_ends_the_wait(ErrorCode error, bool ends) =>
        Assert.Equal(ends, Progress(1, null, PartitionRead.Failed(error)).IsDone);

    [Fact]
    public void Bytes_of_all_partitions_count()
    {
        Assert.False(Progress(100, Read(60), Read(39), null).IsDone);
        Assert.True(Progress(100, Read(60), Read(40), null).IsDone);
    }

    [Fact]
    public void Partition_that_has_more_than_fits_ends_the_wait() => Assert.True(Progress(100, Read(60, end: 9), null).IsDone);

    [Fact]
    public void If_all_partitions_grow_by_less_than_their_share_the_bytes_do_not_suffice()
    {
        var progress = Progress(100, Read(30), null, null);
        Assert.False(progress.IsDone);
        Assert.Equal(24, progress.Share);
        Assert.False(Progress(100, Read(30 + 23), Read(23), Read(23)).IsDone);
        Assert.Equal(1, Progress(1, null, null).Share);
    }

    private static FetchProgress Progress(int minBytes, params PartitionRead?[] reads)
    {
        var progress = new FetchProgress(IsolationLevel.ReadUncommitted, minBytes);
        foreach (var read in reads)
        {
            progress.Add(read, 1_000, isLeftOut: false);
        }

        return progress;
    }

    private static PartitionRead Read(int bytes, long end = 1) =>
        new(ErrorCode.None, new PartitionOffsets(ErrorCode.None, 0, end, end, end, new LeaderEpoch(0)), [new byte[bytes]], 1);
}
