using Loire.Coordination.Partitions;
using Loire.Coordination.Producers;
using Loire.Model;

namespace Loire.Coordination.Tests;

public class PartitionMachineTests
{
    private readonly PartitionMachine<string, Poll> _machine = new();

    private sealed class Poll(string name, int deadlineSeconds = 60, IsolationLevel isolation = IsolationLevel.ReadUncommitted)
        : LongPoll(TimeSpan.FromSeconds(deadlineSeconds), isolation)
    {
        public override string ToString() => name;
    }

    [Fact]
    public void Acks_1_waits_for_the_durable_end_and_acks_all_for_the_high_watermark()
    {
        Append("all", 2, Acks.All);
        Append("leader", 2, Acks.Leader);
        Append(null, 2, Acks.None);
        Append("late", 2, Acks.Leader);

        Assert.Equal("leader@2-4 -@4-6", Advance(highWatermark: 0, durableEnd: 6));
        Assert.Equal("", Advance(highWatermark: 0, durableEnd: 6));
        Assert.Equal("all@0-2 late@6-8", Advance(highWatermark: 5, durableEnd: 8));
        Assert.Equal("", Advance(highWatermark: 8, durableEnd: 8));
        _machine.Learn(new(long.MaxValue));
        Assert.Equal(new PartitionPositions(new(0), new(8), new(8), new(8), new(8)), _machine.Positions);
    }

    [Fact]
    public void Repeated_batches_are_one_append_only_if_they_follow_each_other_in_the_log()
    {
        ProducedBatch first = new(7, 0, 0, 1, Timestamp.None), second = new(7, 0, 1, 1, Timestamp.None), third = new(7, 0, 2, 1, Timestamp.None);
        foreach (var (batch, offset) in new[] { (first, 0), (second, 1), (third, 3) })
        {
            _machine.Producers.Append(batch, new(offset), Timestamp.None);
        }

        var both = _machine.Judge([first, second], null);
        Assert.Equal((ErrorCode.None, 2, 0, 2), (both.Error, both.Repeated, both.BaseOffset.Value, both.NextOffset.Value));
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, _machine.Judge([second, third], null).Error);
        Assert.Equal((ErrorCode.None, 1), (_machine.Judge([third], null).Error, _machine.Judge([third], null).Repeated));
    }

    [Fact]
    public void Where_the_store_replicates_every_append_is_acknowledged_in_the_order_of_offsets()
    {
        Append("a", 1, Acks.All);
        Append("b", 1, Acks.Leader);
        Append("c", 1, Acks.All);
        Append("d", 1, Acks.All);
        Assert.Equal("a@0-1 b@1-2 c@2-3", Advance(3, 3));
        Assert.Equal("d@3-4", Advance(4, 4));
    }

    [Fact]
    public void Polls_of_committed_records_wait_for_the_last_stable_offset_and_get_at_least_the_bytes_that_it_passes()
    {
        _machine.Learn(new(long.MaxValue));
        var check = new TransactionCheck(7, 0);
        check.Confirm(1);
        Append("plain", 2, Acks.All);
        _machine.Producers.Append(new ProducedBatch(7, 0, 0, 1, Timestamp.None, IsTransactional: true), new(2), Timestamp.None, check);
        Append("transactional", 1, Acks.All);
        Append("behind", 2, Acks.All);
        _machine.Park(new Poll("committed", isolation: IsolationLevel.ReadCommitted), _machine.ReadableBytes(IsolationLevel.ReadCommitted) + 35);
        _machine.Park(new Poll("first", isolation: IsolationLevel.ReadCommitted), _machine.ReadableBytes(IsolationLevel.ReadCommitted) + 1);
        Park(new Poll("any"), 1);
        Assert.Equal((3, TimeSpan.FromSeconds(60)), (_machine.WaitingPolls, _machine.NextDeadline));
        List<Acknowledgement<string>> acknowledged = [];
        Assert.Equal(["any", "first"], _machine.Advance(new(5), new(5), acknowledged).Select(poll => poll.ToString()).Order());
        Assert.Equal((2, 5), (_machine.ReadLimit(IsolationLevel.ReadCommitted).Value, _machine.ReadLimit(IsolationLevel.ReadUncommitted).Value));

        _machine.Producers.Append(new MarkerToWrite(new EndMarker(7, 1, true), true, 1), new(5), Timestamp.None);
        Append("marker", 1, Acks.All);
        Assert.Equal("committed", Assert.Single(_machine.Advance(new(6), new(6), acknowledged)).ToString());
        Assert.Equal((6, 0), (_machine.Positions.LastStable.Value, _machine.WaitingPolls));
        Assert.True(_machine.ReadableBytes(IsolationLevel.ReadCommitted) >= _machine.ReadableBytes(IsolationLevel.ReadUncommitted));
    }

    [Fact]
    public void The_start_moves_forward_up_to_the_high_watermark()
    {
        _machine.Open(new(3), new(5), new(7));
        _machine.MoveStart(new(5));
        Assert.Equal(ErrorCode.OffsetOutOfRange, _machine.CheckRead(new(4)));
        Assert.Equal(ErrorCode.None, _machine.CheckRead(new(5)));
        Assert.ThrowsAny<Exception>(() => _machine.MoveStart(new(4)));
        Assert.ThrowsAny<Exception>(() => _machine.MoveStart(new(6)));
    }

    [Fact]
    public void Positions_keep_the_pending_appends_above_the_durable_end()
    {
        _machine.Open(new(3), new(5), new(7));
        Append("a", 2, Acks.All);
        Assert.Equal((new Offset(3), false), (_machine.Positions.LastStable, _machine.IsStableKnown));
        _machine.Learn(new(4));
        Assert.Equal((new Offset(4), false), (_machine.Positions.LastStable, _machine.IsStableKnown));
        _machine.Learn(new(5));
        Assert.True(_machine.IsStableKnown);
        Assert.Equal(new PartitionPositions(new(3), new(5), new(5), new(7), new(9)), _machine.Positions);
        Assert.Equal(ErrorCode.OffsetOutOfRange, _machine.CheckRead(new(2)));
        Assert.Equal(ErrorCode.OffsetOutOfRange, _machine.CheckRead(new(10)));
        Assert.Equal((ErrorCode.None, ErrorCode.None), (_machine.CheckRead(new(3)), _machine.CheckRead(new(9))));
    }

    [Fact]
    public void A_position_that_goes_back_is_a_bug()
    {
        Append("a", 2, Acks.All);
        Advance(1, 2);
        Assert.Throws<InvariantException>(() => Advance(0, 2));
        Assert.Throws<InvariantException>(() => Advance(1, 1));
        Assert.Throws<InvariantException>(() => Advance(3, 2));
        Assert.Throws<InvariantException>(() => _machine.Fail(new(1), new(2), []));
        Assert.Throws<InvariantException>(() => _machine.Append(new(3), new(4), 1, Acks.All, "a gap"));
        Assert.Throws<InvariantException>(() => _machine.Append(new(2), new(3), 1, Acks.All, null));
    }

    [Fact]
    public void Failed_appends_are_released_and_their_offsets_assigned_again()
    {
        Append("kept", 1, Acks.All);
        Append("a", 1, Acks.All);
        Append("b", 1, Acks.All);
        Append("c", 1, Acks.All);

        Assert.Equal("b@2-3 c@3-4", Fail(2, 4));
        Assert.Equal(new(2), _machine.Positions.End);
        Assert.Equal("kept@0-1", Advance(1, 1));
        Assert.Equal("a@1-2", Fail(1, 2));
        Append("again", 1, Acks.All);
        Assert.Equal("again@1-2", Advance(2, 2));
    }

    [Fact]
    public void A_commit_releases_the_polls_that_it_satisfies_in_the_order_of_their_need()
    {
        Park(new Poll("large"), 250);
        Park(new Poll("first"), 100);
        Park(new Poll("second"), 100);
        Append("a", 1, Acks.All, bytes: 100);
        Append("b", 1, Acks.Leader, bytes: 100);

        Assert.Equal("a@0-1 b@1-2 | first second", Advance(2, 2));
        Append(null, 1, Acks.None, bytes: 50);
        Assert.Equal("-@2-3 | large", Advance(3, 3));
        Assert.Equal(0, _machine.WaitingPolls);
    }

    [Fact]
    public void Durable_bytes_that_are_not_committed_satisfy_no_poll()
    {
        Park(new Poll("poll"), 100);
        Append("leader", 1, Acks.Leader, bytes: 100);
        Assert.Equal("leader@0-1", Advance(0, 1));
        Assert.Equal(" | poll", Advance(1, 1));
    }

    [Fact]
    public void An_earlier_leaders_records_satisfy_every_poll_because_their_size_is_unknown()
    {
        Park(new Poll("poll"), Limits.FetchBytes);
        Assert.Equal(" | poll", Advance(2, 2));

        Append("a", 1, Acks.All, bytes: 1);
        Park(new Poll("next"), 2);
        Assert.Equal("a@2-3", Advance(3, 3));
    }

    [Fact]
    public void Polls_end_at_their_deadline_and_the_next_one_is_known()
    {
        Park(new Poll("late", 3), 1);
        Park(new Poll("early", 1), 2);
        Park(new Poll("too", 1), 1);
        Assert.Equal(TimeSpan.FromSeconds(1), _machine.NextDeadline);
        Assert.Empty(_machine.TakeExpired(TimeSpan.FromMilliseconds(999)));
        Assert.Equal("early too", string.Join(' ', _machine.TakeExpired(TimeSpan.FromSeconds(1))));
        Assert.Equal(TimeSpan.FromSeconds(3), _machine.NextDeadline);
        Assert.Equal("late", string.Join(' ', _machine.TakeAll()));
        Assert.Null(_machine.NextDeadline);
    }

    [Fact]
    public void A_poll_is_removed_once_and_parked_again_keeps_its_place()
    {
        var (first, second) = (new Poll("first"), new Poll("second"));
        Park(first, 5);
        Park(second, 5);
        Assert.True(_machine.Remove(first));
        Assert.False(_machine.Remove(first));
        Park(first, 5);
        Append("a", 1, Acks.All, bytes: 5);
        Assert.Equal("a@0-1 | first second", Advance(1, 1));
        Assert.Throws<InvariantException>(() => _machine.Park(new Poll("satisfied already"), 5));
    }

    [Fact]
    public void A_newer_configuration_wins_whatever_arrives_last()
    {
        Assert.Equal(0, _machine.TopicVersion);
        _machine.Configure(Settings(2));
        _machine.Configure(Settings(1));
        Assert.Equal((2, 200), (_machine.TopicVersion, _machine.Settings!.Value.MaxMessageBytes));
    }

    [Fact]
    public void Many_random_steps_release_every_append_once_and_every_poll_once()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var (next, high, durable, fate, polls) = (0L, 0L, 0L, new Dictionary<string, int>(), new HashSet<string>());
        List<Acknowledgement<string>> released = [];
        for (var i = 0; i < 20_000; i++)
        {
            switch (random.Next(6))
            {
                case 0 or 1:
                    var records = random.Next(1, 4);
                    var acks = random.Next(2) == 0 ? Acks.All : Acks.Leader;
                    _machine.Append(new(next), new(next + records), random.Next(1, 50), acks, "a" + i);
                    fate["a" + i] = 0;
                    next += records;
                    break;
                case 2:
                    durable = random.NextInt64(durable, next + 1);
                    high = random.NextInt64(high, durable + 1);
                    polls.ExceptWith(_machine.Advance(new(high), new(durable), released).Select(poll => poll.ToString()));
                    break;
                case 3 when random.Next(10) == 0:
                    _machine.Fail(new(durable), new(next), released);
                    next = _machine.Positions.End.Value;
                    break;
                default:
                    if (polls.Add("p" + i))
                    {
                        _machine.Park(new Poll("p" + i), _machine.ReadableBytes(IsolationLevel.ReadUncommitted) + random.Next(1, 500));
                    }

                    break;
            }

            released.ForEach(append => fate[append.Reply!]++);
            released.Clear();
            Assert.True(polls.Count == _machine.WaitingPolls && _machine.Positions.End.Value == next, $"seed {seed}, step {i}");
        }

        _machine.Advance(new(next), new(next), released);
        released.ForEach(append => fate[append.Reply!]++);
        Assert.All(fate, append => Assert.True(append.Value == 1, $"seed {seed}, append {append.Key}"));
    }

    private static PartitionSettings Settings(long version) =>
        new(version, (int)version * 100, TimestampType.CreateTime, TimeSpan.MaxValue, TimeSpan.MaxValue, 1);

    private void Append(string? reply, int records, Acks acks, int bytes = 10) =>
        _machine.Append(_machine.Positions.End, _machine.Positions.End + records, bytes, acks, reply);

    private void Park(Poll poll, long missing) => _machine.Park(poll, _machine.ReadableBytes(IsolationLevel.ReadUncommitted) + missing);

    private string Advance(long highWatermark, long durableEnd)
    {
        List<Acknowledgement<string>> acknowledged = [];
        var polls = _machine.Advance(new(highWatermark), new(durableEnd), acknowledged);
        return Text(acknowledged) + (polls.Count == 0 ? "" : " | " + string.Join(' ', polls));
    }

    private string Fail(long from, long end)
    {
        List<Acknowledgement<string>> failed = [];
        _machine.Fail(new(from), new(end), failed);
        return Text(failed);
    }

    private static string Text(List<Acknowledgement<string>> appends) =>
        string.Join(' ', appends.Select(append => $"{append.Reply ?? "-"}@{append.BaseOffset}-{append.NextOffset}"));
}
