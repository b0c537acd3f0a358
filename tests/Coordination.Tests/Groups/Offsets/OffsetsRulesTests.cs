using Loire.Model;
using Loire.Coordination.Groups.Offsets;
using Loire.Model.Groups;

namespace Loire.Coordination.Tests.Groups.Offsets;

public class OffsetsRulesTests
{
    private static readonly TimeSpan Retention = TimeSpan.FromMilliseconds(100);
    private readonly OffsetsState _state = new();

    [Fact]
    public void The_newest_commit_counts_whether_higher_or_lower()
    {
        Store(10, Commit.Of("t", 0, 5), Commit.Of("t", 1, 9));
        Store(20, Commit.Of("t", 0, 3, at: 999, metadata: "back"));
        Assert.Equal("t-0:3 t-1:9", Commit.Text(_state));
        Assert.True(_state.TryGet(Commit.Partition("t", 0), out var offset));
        Assert.Equal((20, "back"), (offset.CommittedAt.Milliseconds, offset.Metadata));
    }

    [Fact]
    public void A_partition_that_is_refused_leaves_the_others_their_commit()
    {
        var decision = OffsetsRules.Commit(
            _state,
            [
                Commit.Of("t", 0, -1), Commit.Of("t", 1, 1, epoch: -2), Commit.Of("t", 10_000, 1),
                default(CommittedOffset) with { Metadata = "" },
                Commit.Of("t", 2, 1, metadata: new string('m', 4_097)), Commit.Of("t", 3, 1, metadata: new string('m', 4_096)),
            ],
            new Timestamp(1));
        Assert.Equal(ErrorCode.None, decision.Error);
        Assert.Equal(
            [
                ErrorCode.InvalidRequest, ErrorCode.InvalidRequest, ErrorCode.UnknownTopicOrPartition, ErrorCode.UnknownTopicOrPartition,
                ErrorCode.OffsetMetadataTooLarge,
            ],
            decision.Refused.Select(refused => refused.Error));
        _state.Apply(decision.Record!);
        Assert.Equal("t-3:1", Commit.Text(_state));
    }

    [Fact]
    public void A_partition_that_is_given_twice_refuses_all() =>
        Refused(ErrorCode.InvalidRequest, [Commit.Of("t", 0, 1), Commit.Of("t", 1, 1), Commit.Of("t", 0, 2)]);

    [Fact]
    public void A_commit_has_a_longest_form()
    {
        CommittedOffset[] offsets = [.. Enumerable.Range(0, Limits.OffsetsPerCommit + 1).Select(i => Commit.Of("t" + i, 0, 1))];
        Refused(ErrorCode.InvalidRequest, offsets);
        Store(1, offsets[1..]);
        Assert.Equal(Limits.OffsetsPerCommit, _state.Count);
    }

    [Fact]
    public void Offsets_take_bounded_memory_and_what_replaces_others_takes_none()
    {
        for (var round = 0; round < 2; round++)
        {
            for (var part = 0; part < 4; part++)
            {
                Store(1, Large(part, 900));
            }
        }

        Refused(ErrorCode.InvalidCommitOffsetSize, Large(9, 900));
        Assert.Equal(3_600, _state.Count);

        static CommittedOffset[] Large(int part, int count) =>
            [.. Enumerable.Range(0, count).Select(i => Commit.Of($"t{part}", i, 1, metadata: new string('m', 4_096)))];
    }

    [Fact]
    public void Offsets_of_topics_that_a_member_subscribes_to_are_not_removed()
    {
        Store(1, Commit.Of("a", 0, 1), Commit.Of("a", 1, 2), Commit.Of("b", 0, 3));
        var decision = OffsetsRules.Delete(
            _state,
            [Commit.Partition("a", 0), Commit.Partition("a", 0), Commit.Partition("b", 0), Commit.Partition("c", 7)],
            topic => topic.Value == "b");
        Assert.Equal([new PartitionError(Commit.Partition("b", 0), ErrorCode.GroupSubscribedToTopic)], decision.Refused);
        _state.Apply(decision.Record!);
        Assert.Equal("a-1:2 b-0:3", Commit.Text(_state));
        Assert.Null(OffsetsRules.Delete(_state, [Commit.Partition("c", 7)], _ => false).Record);
    }

    [Fact]
    public void Without_members_an_offset_expires_after_its_commit_or_after_the_last_member_left()
    {
        Store(0, Commit.Of("t", 0, 1));
        Store(50, Commit.Of("t", 1, 1));
        Assert.Null(OffsetsRules.Expire(_state, new Timestamp(99), Retention, null));
        Assert.Equal("t-1:1", After(100));
        _state.Apply(new OffsetsRecord.Emptied(new Timestamp(120)));
        Assert.Null(OffsetsRules.Expire(_state, new Timestamp(219), Retention, null));
        Store(200, Commit.Of("t", 2, 1));
        Assert.Equal("t-2:1", After(220));
        Assert.Null(OffsetsRules.Expire(_state, new Timestamp(299), Retention, null));
        Assert.Equal("", After(300));
        Assert.Equal(0, _state.Bytes);
    }

    [Fact]
    public void With_members_only_offsets_of_topics_expire_that_nobody_subscribes_to()
    {
        Store(0, Commit.Of("a", 0, 1), Commit.Of("b", 0, 1));
        Store(60, Commit.Of("b", 1, 1));
        _state.Apply(new OffsetsRecord.Emptied(new Timestamp(1_000_000)));
        _state.Apply(OffsetsRules.Expire(_state, new Timestamp(150), Retention, topic => topic.Value == "a")!);
        Assert.Equal("a-0:1 b-1:1", Commit.Text(_state));
    }

    [Fact]
    public void A_snapshot_is_all_of_it()
    {
        Store(1, Commit.Of("a", 0, 1), Commit.Of("b", 0, 1, metadata: "m"));
        _state.Apply(new OffsetsRecord.Emptied(new Timestamp(7)));
        var copy = new OffsetsState();
        copy.Apply(_state.Snapshot());
        Assert.Equal((Commit.Text(_state), _state.Bytes, 7), (Commit.Text(copy), copy.Bytes, copy.EmptiedAt.Milliseconds));
    }

    private string After(long now)
    {
        _state.Apply(OffsetsRules.Expire(_state, new Timestamp(now), Retention, null)!);
        return Commit.Text(_state);
    }

    private void Store(long now, params CommittedOffset[] offsets)
    {
        var decision = OffsetsRules.Commit(_state, offsets, new Timestamp(now));
        Assert.Equal((ErrorCode.None, 0), (decision.Error, decision.Refused.Count));
        _state.Apply(decision.Record!);
    }

    private void Refused(ErrorCode error, CommittedOffset[] offsets)
    {
        var before = Commit.Text(_state);
        var decision = OffsetsRules.Commit(_state, offsets, new Timestamp(1));
        Assert.Equal((error, null), (decision.Error, decision.Record));
        Assert.Equal(before, Commit.Text(_state));
    }
}
