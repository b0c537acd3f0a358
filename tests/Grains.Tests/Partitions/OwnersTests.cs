using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Tests.Benches;
using Loire.Model;
using Loire.TestKit;

namespace Loire.Grains.Tests.Partitions;

/// <summary>
/// Two activations of one partition, as Orleans allows for a while: neither may answer from the end of what it knows while the other has
/// acknowledged more.
/// </summary>
public class OwnersTests
{
    private readonly PartitionBench _leader = new();
    private readonly PartitionBench _reader;

    public OwnersTests() => _reader = new PartitionBench(_leader.Storage);

    [Fact]
    public void A_reader_finds_what_another_owner_acknowledges_after_it_opened()
    {
        _leader.Appended("a");
        Assert.Equal("0:a", Batch.Text(_reader.Fetched(0)));
        _leader.Appended("b");
        _reader.Advance(PartitionBench.MaxAge * 2);
        Assert.Equal("1:b", Batch.Text(_reader.Fetched(1)));
    }

    [Fact]
    public void A_fetch_that_is_parked_at_a_reader_is_answered_with_what_another_owner_acknowledges()
    {
        _leader.Appended("a");
        var parked = _reader.Fetch(1, wait: TimeSpan.FromSeconds(30));
        _leader.Appended("b");
        Assert.False(parked.IsCompleted);
        _reader.Advance(PartitionBench.MaxAge);
        Assert.Equal("1:b", Batch.Text(parked.Now()));
    }

    [Fact]
    public void An_offset_that_another_owner_has_acknowledged_is_not_out_of_range()
    {
        _leader.Appended("a");
        Assert.Equal("0:a", Batch.Text(_reader.Fetched(0)));
        _leader.Appended("b");
        _leader.Appended("c");
        Assert.Equal("2:c", Batch.Text(_reader.Fetched(2)));
        Assert.Equal(ErrorCode.OffsetOutOfRange, _reader.Fetched(4).Error);
    }

    [Fact]
    public void Bounds_and_searches_by_time_see_what_another_owner_has_acknowledged_before_the_question()
    {
        _leader.Appended("a");
        Assert.Equal(1, _reader.Offsets().HighWatermark.Value);
        _leader.Appended("b");
        Assert.Equal(2, _reader.Offsets().HighWatermark.Value);
        var later = new Timestamp(1_767_225_605_000);
        _leader.Appended(Batch.At(later, "c"));
        var found = _reader.Thread.Finish(() => _reader.Driver.FindBatchAsync(later).AsTask());
        Assert.Equal((2, "c"), Assert.Single(Batch.Records(Batch.Join(found.Batch).Span)));
    }

    [Fact]
    public void A_leader_that_was_superseded_while_it_was_paused_closes_at_its_next_answer_about_the_end()
    {
        _leader.Appended("a");
        _reader.Appended("b");
        _leader.Advance(PartitionBench.MaxAge * 2);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, _leader.Fetched(1).Error);
        Assert.Equal(1, _leader.Drops);

        var next = new PartitionBench(_leader.Storage);
        next.Appended("c");
        Assert.Equal(ErrorCode.NotLeaderOrFollower, _reader.Fetched(3).Error);
    }

    [Fact]
    public void A_fetch_parked_at_a_superseded_leader_is_sent_to_the_next_one()
    {
        _leader.Appended("a");
        var parked = _leader.Fetch(1, wait: TimeSpan.FromSeconds(30));
        _reader.Appended("b");
        _leader.Advance(PartitionBench.MaxAge);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, parked.Now().Error);
    }

    [Fact]
    public void A_parked_fetch_has_storage_checked_at_most_once_an_interval_and_a_leader_that_appends_not_at_all()
    {
        _leader.Appended("a");
        _reader.Fetch(1, wait: TimeSpan.FromSeconds(60));
        _reader.Fetch(1, wait: TimeSpan.FromSeconds(60));
        var calls = _reader.Storage.Calls;
        for (var i = 0; i < 40; i++)
        {
            _reader.Advance(PartitionBench.MaxAge / 4);
        }

        Assert.InRange(_reader.Storage.Calls - calls, 18, 20);

        var parked = _leader.Fetch(1, minBytes: 1_000_000, wait: TimeSpan.FromSeconds(60));
        for (var i = 0; i < 20; i++)
        {
            _leader.Appended("b");
            calls = _leader.Storage.Calls;
            _leader.Advance(PartitionBench.MaxAge / 2);
            Assert.Equal(calls, _leader.Storage.Calls);
        }

        Assert.False(parked.IsCompleted);
    }

    [Fact]
    public void A_fetch_at_the_end_fails_while_storage_cannot_be_checked()
    {
        _leader.Appended("a");
        Assert.Equal("0:a", Batch.Text(_reader.Fetched(0)));
        _reader.Advance(PartitionBench.MaxAge * 2);
        _reader.Storage.Faults = _ => Task.FromResult(StorageFault.Refuse(new IOException("unplugged")));
        Assert.Equal(ErrorCode.KafkaStorageError, _reader.Fetched(1).Error);
        Assert.Equal("0:a", Batch.Text(_reader.Fetched(0)));
        _reader.Storage.Faults = null;
        Assert.Equal("", Batch.Text(_reader.Fetched(1)));
    }

    [Fact]
    public void A_partition_that_moves_answers_a_parked_fetch_only_with_proof_that_there_is_nothing()
    {
        _leader.Appended("a");
        var (blind, seeing) = (_reader.Fetch(1, wait: TimeSpan.FromSeconds(60)), _leader.Fetch(1, wait: TimeSpan.FromSeconds(60)));
        _reader.Storage.Faults = _ => Task.FromResult(StorageFault.Refuse(new IOException("unplugged")));
        _reader.Advance(PartitionBench.MaxAge * 2);
        Assert.False(blind.IsCompleted);
        _reader.Thread.After(_reader.Driver.EndWaits);
        Assert.Equal(ErrorCode.KafkaStorageError, blind.Now().Error);

        _reader.Storage.Faults = null;
        _leader.Thread.After(_leader.Driver.EndWaits);
        Assert.Equal((ErrorCode.None, ""), (seeing.Now().Error, Batch.Text(seeing.Now())));
    }

    [Fact]
    public void A_reader_of_a_log_that_was_deleted_closes()
    {
        _leader.Appended("a");
        Assert.Equal("0:a", Batch.Text(_reader.Fetched(0)));
        Assert.Equal(ErrorCode.None, _leader.Thread.Finish(_leader.Driver.DeleteAsync));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, _reader.Offsets().Error);
        Assert.Equal(1, _reader.Drops);
    }

    [Fact]
    public void Partition_that_opened_before_its_topic_was_deleted_takes_no_records_and_leaves_nothing_behind()
    {
        Assert.Equal("", Batch.Text(_reader.Fetched(0)));
        _reader.Topic = () => Task.FromResult(new PartitionSettingsResult(ErrorCode.UnknownTopicOrPartition, null));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, _reader.Appended("a").Error);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, _reader.Appended("b").Error);
        Assert.Empty(_reader.Storage.Keys);
        Assert.Equal(1, _reader.Drops);
    }

    [Fact]
    public void Partition_that_cannot_ask_whether_its_topic_still_exists_takes_records_once_it_can()
    {
        Assert.Equal("", Batch.Text(_reader.Fetched(0)));
        _reader.Topic = () => Task.FromResult(new PartitionSettingsResult(ErrorCode.LeaderNotAvailable, null));
        Assert.Equal(ErrorCode.LeaderNotAvailable, _reader.Appended("a").Error);
        Assert.Equal(ErrorCode.LeaderNotAvailable, _reader.Appended("b").Error);
        _reader.Topic = () => Task.FromResult(new PartitionSettingsResult(ErrorCode.None, PartitionBench.Defaults));
        Assert.Equal(ErrorCode.None, _reader.Appended("c").Error);
        Assert.Equal("0:c", Batch.Text(_reader.Fetched(0)));
    }
}
