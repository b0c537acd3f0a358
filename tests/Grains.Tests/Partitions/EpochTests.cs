using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Tests.Benches;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.TestKit;

namespace Loire.Grains.Tests.Partitions;

/// <summary>What a partition tells readers of leader epochs: whom it takes for its leader, and where the records of earlier ones end.</summary>
public class EpochTests
{
    private static readonly LeaderEpoch None = LeaderEpoch.None;

    [Fact]
    public void An_epoch_ends_where_the_records_of_the_next_one_begin_and_the_present_one_at_the_end_of_the_log()
    {
        var storage = new LossyGrainStorage();
        var first = Led(storage, "a", "b");
        var second = Led(storage, "c");
        var third = Led(storage, "d", "e", "f");
        Assert.Equal((0, 1, 2), (first.Log.Epoch.Value, second.Log.Epoch.Value, third.Log.Epoch.Value));
        Assert.Equal(["0 to 2", "1 to 3", "2 to 6", "none"], Ends(third, 0, 1, 2, 3));
        Assert.Equal(["none"], Ends(third, -1));

        // So does an activation that only reads.
        Assert.Equal(["0 to 2", "1 to 3", "2 to 6", "none"], Ends(new PartitionBench(storage), 0, 1, 2, 3));
    }

    [Fact]
    public void An_epoch_whose_leader_appended_nothing_ends_where_it_began()
    {
        var storage = new LossyGrainStorage();
        Led(storage, "a");
        Led(storage, "b");
        var third = new PartitionBench(storage);
        third.Fetched(0);
        third.Thread.Finish(() => third.Log.BecomeLeaderAsync(default));
        var fourth = Led(storage, "c", "d");
        Assert.Equal(["0 to 1", "1 to 2", "2 to 2", "3 to 4"], Ends(fourth, 0, 1, 2, 3));
        fourth.Thread.Finish(() => fourth.Driver.DeleteRecordsAsync(new Offset(3), validateOnly: false).AsTask());
        Assert.Equal(["0 to 1", "1 to 2", "3 to 4"], Ends(fourth, 0, 1, 3));
        Assert.Equal(["0 to 3", "2 to 3", "3 to 4"], Ends(new PartitionBench(storage), 0, 2, 3));
    }

    [Fact]
    public void Where_an_epoch_ends_is_searched_in_storage_once()
    {
        var storage = new LossyGrainStorage();
        for (var leader = 0; leader < 6; leader++)
        {
            Led(storage, [.. Enumerable.Range(0, 200).Select(i => $"{leader} {i}")]);
        }

        var reader = new PartitionBench(storage, new PartitionLogOptions { TailChunks = 4, WholeChunkBytes = 1 }, cacheBytes: 1);
        Assert.Equal([.. Enumerable.Range(0, 5).Select(epoch => $"{epoch} to {(epoch + 1) * 200}")], Ends(reader, 0, 1, 2, 3, 4));
        storage.Faults = call => Task.FromResult(
            call.Operation == StorageOperation.Read ? StorageFault.Refuse(new IOException("No reads.")) : StorageFault.None);
        Assert.Equal(["2 to 600", "0 to 200"], Ends(reader, 2, 0));
    }

    [Fact]
    public void A_reader_that_believes_in_another_leader_is_refused()
    {
        var storage = new LossyGrainStorage();
        Led(storage, "a");
        var leader = Led(storage, "b");
        Assert.Equal(ErrorCode.None, Fetch(leader, 1, 1, None).Error);
        Assert.Equal(ErrorCode.None, Fetch(leader, 1, None, None).Error);
        Assert.Equal(ErrorCode.FencedLeaderEpoch, Fetch(leader, 1, 0, None).Error);
        Assert.Equal(ErrorCode.UnknownLeaderEpoch, Fetch(leader, 1, 2, None).Error);
        Assert.Equal(ErrorCode.FencedLeaderEpoch, Ask(leader, 0, current: 0).Error);
        Assert.Equal(ErrorCode.UnknownLeaderEpoch, Ask(leader, 0, current: 2).Error);
        Assert.Equal((ErrorCode.None, 1), (Ask(leader, 0, current: 1).Error, Ask(leader, 0, current: 1).End!.End.Value));
    }

    [Fact]
    public void A_log_that_nobody_has_written_to_is_that_of_its_first_leader()
    {
        var bench = new PartitionBench();
        Assert.Equal(ErrorCode.None, Fetch(bench, 0, 0, None).Error);
        Assert.Equal(["0 to 0", "none"], Ends(bench, 0, 1));
    }

    [Fact]
    public void A_reader_that_knows_a_newer_leader_is_not_refused_by_an_activation_that_has_not_heard_of_it()
    {
        var storage = new LossyGrainStorage();
        Led(storage, "a");
        var reader = new PartitionBench(storage);
        reader.Fetched(0);
        Led(storage, "b");
        var result = Fetch(reader, 1, 1, None);
        Assert.Equal((ErrorCode.None, "1:b"), (result.Error, Batch.Text(result)));
    }

    [Fact]
    public void A_reader_whose_last_record_is_not_of_this_log_learns_where_its_epoch_ends()
    {
        var storage = new LossyGrainStorage();
        Led(storage, "a", "b");
        var leader = Led(storage, "c", "d");
        var diverging = Fetch(leader, 3, None, 0);
        Assert.Equal((ErrorCode.None, new EpochEnd(new LeaderEpoch(0), new Offset(2)), 0), (diverging.Error, diverging.Diverging, diverging.Batches.Length));
        Assert.Null(Fetch(leader, 2, None, 0).Diverging);
        Assert.Equal("3:d", Batch.Text(Fetch(leader, 3, None, 1)));
        Assert.Equal(ErrorCode.OffsetOutOfRange, Fetch(leader, 3, None, 2).Error);
    }

    [Fact]
    public void While_storage_does_not_answer_an_earlier_epoch_has_no_end()
    {
        var storage = new LossyGrainStorage();
        Led(storage, "a");
        Led(storage, "b");
        var reader = new PartitionBench(storage, new PartitionLogOptions { TailChunks = 1, WholeChunkBytes = 1 }, cacheBytes: 1);
        reader.Offsets();
        storage.Faults = call => Task.FromResult(
            call.Operation == StorageOperation.Read ? StorageFault.Refuse(new IOException("No reads.")) : StorageFault.None);
        Assert.Equal(ErrorCode.KafkaStorageError, Ask(reader, 1).Error);
    }

    [Fact]
    public void The_newest_record_is_the_first_with_the_greatest_timestamp()
    {
        var bench = new PartitionBench();
        Assert.Empty(Newest(bench));
        var (early, late) = (new Timestamp(1_767_225_601_000), new Timestamp(1_767_225_602_000));
        bench.Appended(Batch.At(early, "a"));
        bench.Appended(Batch.At(late, "b"));
        bench.Appended(Batch.At(late, "c"));
        bench.Appended(Batch.At(early, "d"));
        Assert.Equal([(1, "b")], Newest(bench));
        Assert.Equal([(1, "b")], Newest(new PartitionBench(bench.Storage)));
        Assert.Equal(ErrorCode.None, bench.Thread.Finish(bench.Log.SealAsync));
        bench.Thread.Finish(() => bench.Driver.DeleteRecordsAsync(new Offset(2), validateOnly: false).AsTask());
        Assert.Equal([(2, "c")], Newest(bench));
        bench.Thread.Finish(() => bench.Driver.DeleteRecordsAsync(new Offset(3), validateOnly: false).AsTask());
        Assert.Equal([(3, "d")], Newest(new PartitionBench(bench.Storage)));
        bench.Thread.Finish(() => bench.Driver.DeleteRecordsAsync(new Offset(4), validateOnly: false).AsTask());
        Assert.Empty(Newest(bench));
    }

    private static PartitionBench Led(LossyGrainStorage storage, params string[] values)
    {
        var bench = new PartitionBench(storage);
        foreach (var value in values)
        {
            bench.Appended(value);
        }

        return bench;
    }

    private static EpochEndResult Ask(PartitionBench bench, int epoch, int current = -1) =>
        bench.Thread.Finish(() => bench.Driver.EndOfEpochAsync(new LeaderEpoch(epoch), new LeaderEpoch(current)).AsTask());

    private static string[] Ends(PartitionBench bench, params int[] epochs) => [.. epochs.Select(epoch => Ask(bench, epoch) switch
    {
        { Error: not ErrorCode.None } refused => refused.Error.ToString(),
        { End: { } end } => $"{end.Epoch} to {end.End}",
        _ => "none",
    })];

    private static FetchResult Fetch(PartitionBench bench, long from, int current, LeaderEpoch last) => Fetch(bench, from, new LeaderEpoch(current), last);

    private static FetchResult Fetch(PartitionBench bench, long from, LeaderEpoch current, int last) => Fetch(bench, from, current, new LeaderEpoch(last));

    private static FetchResult Fetch(PartitionBench bench, long from, LeaderEpoch current, LeaderEpoch last) => bench.Thread.Finish(() => bench.Driver.FetchAsync(
        new FetchRequest(new Offset(from), 1024 * 1024, 0, TimeSpan.Zero, Epochs: new ReaderEpochs(current, last)), default).AsTask());

    private static List<(long Offset, string Value)> Newest(PartitionBench bench)
    {
        var found = bench.Thread.Finish(() => bench.Driver.FindNewestAsync().AsTask());
        Assert.Equal(ErrorCode.None, found.Error);
        return found.Batch.Length == 0 ? [] : Batch.Records(Batch.Join(found.Batch).Span);
    }
}
