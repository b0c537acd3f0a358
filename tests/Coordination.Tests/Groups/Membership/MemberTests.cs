using Loire.Model;
using Loire.Coordination.Groups.Membership;
using Loire.Model.Groups;
using static Loire.Coordination.Tests.Groups.Membership.TestGroup;

namespace Loire.Coordination.Tests.Groups.Membership;

public class MemberTests
{
    private static TopicPartition T(int partition) => new(TopicName.Parse("t"), partition);

    [Fact]
    public void A_member_that_was_not_heard_for_its_session_is_removed_and_the_others_get_its_share()
    {
        var group = new TestGroup();
        group.Join("a", Wants(sessionSeconds: 10));
        group.Join("b", Wants(sessionSeconds: 30));
        group.Settle("a", "b");
        Assert.Equal(group.Now + TimeSpan.FromSeconds(10), group.Machine.NextTick);
        group.After(9.9);
        Assert.Equal(2, group.State.Members.Count);
        var step = group.After(0.1);
        Assert.Equal(new GroupRecord.Departed("a", DepartureCause.SessionExpired), step.Records[0]);
        Assert.Equal("t-0 t-1 t-2 t-3", group.Assigned("b"));
        Assert.Equal(ErrorCode.UnknownMemberId, group.Beat("a").Error);
        Assert.Equal(ErrorCode.UnknownMemberId, group.Machine.Answer("a", null, 1).Error);
        Assert.True(group.Machine.HasNews("a", 1));
    }

    [Fact]
    public void Of_two_consumers_with_one_member_id_the_one_that_joined_last_is_the_member()
    {
        var group = new TestGroup();
        Assert.Equal(ErrorCode.None, Beat("m", 0, "one").Error);
        Assert.Equal(ErrorCode.None, Beat("m", 0, "two").Error);

        // Not even with the newest epoch.
        Assert.Equal(ErrorCode.FencedMemberEpoch, Beat("m", group.State.Epoch, "one").Error);
        Assert.Equal(ErrorCode.None, group.Machine.Leave("m", null, group.Now, "one").Error);
        Assert.Single(group.State.Members);
        Assert.Equal(ErrorCode.None, Beat("m", group.State.Epoch, "two").Error);

        // Which of them it is, is not durable: after a restart the epoch tells them apart.
        group.Restart();
        Assert.Equal(ErrorCode.FencedMemberEpoch, Beat("m", 1, "one").Error);
        Assert.Equal(ErrorCode.None, Beat("m", group.State.Epoch, "two").Error);
        Assert.Equal(ErrorCode.None, group.Machine.Leave("m", null, group.Now, "two").Error);
        Assert.Empty(group.State.Members);

        GroupStep Beat(MemberId member, int epoch, string incarnation)
        {
            var step = group.Machine.Heartbeat(
                new HeartbeatRequest(member, null, epoch, "app", "host", epoch == 0 ? Wants() : null, [], default, incarnation), group.Now);
            group.Journal.AddRange(step.Records.Select(GroupRecordCodec.Write));
            return step;
        }
    }

    [Fact]
    public void A_heartbeat_renews_the_session()
    {
        var group = new TestGroup();
        group.Join("a", Wants(sessionSeconds: 10));
        for (var beat = 0; beat < 5; beat++)
        {
            group.After(6);
            group.Beat("a");
        }

        Assert.Single(group.State.Members);
        group.After(10);
        Assert.Equal(GroupPhase.Empty, group.State.Phase);
        Assert.Null(group.Machine.NextTick);
    }

    [Fact]
    public void A_member_that_does_not_give_up_in_time_is_removed_however_alive_it_is()
    {
        var group = new TestGroup();
        group.Join("a", Wants(rebalanceSeconds: 20));
        group.Join("b");
        var kept = PartitionsOf("t-0 t-1 t-2 t-3");

        // Its time begins when it is told.
        group.After(30);
        group.Beat("b");
        group.Beat("a", group.Told["a"].MemberEpoch, kept);
        for (var beat = 0; beat < 6; beat++)
        {
            group.After(3);
            group.Beat("a", group.Told["a"].MemberEpoch, kept);
            group.Beat("b");
        }

        Assert.Equal("t-2 t-3", group.Revoking("a"));
        var step = group.After(2);
        Assert.Equal(new GroupRecord.Departed("a", DepartureCause.RebalanceTimedOut), step.Records[0]);
        Assert.Equal("t-0 t-1 t-2 t-3", group.Assigned("b"));
    }

    [Fact]
    public void Whoever_has_to_give_up_still_more_gets_no_more_time_for_the_first()
    {
        var group = new TestGroup();
        group.Join("a", Wants(rebalanceSeconds: 20));
        group.Join("b");
        group.Beat("a");
        var kept = PartitionsOf("t-0 t-1 t-2 t-3");
        group.After(15);
        group.Beat("a", group.Told["a"].MemberEpoch, kept);
        group.Join("c");
        group.Join("d");
        Assert.Equal("t-1 t-2 t-3", group.Revoking("a"));
        Assert.Equal(new GroupRecord.Departed("a", DepartureCause.RebalanceTimedOut), group.After(5).Records[0]);
    }

    [Fact]
    public void A_static_member_that_goes_for_a_while_leaves_its_partitions_to_whoever_comes_with_its_instance_id()
    {
        var group = new TestGroup();
        group.Join("a", instanceId: "i");
        Assert.Equal(ErrorCode.UnreleasedInstanceId, group.JoinReleased("b", "i").Error);
        Assert.Equal(
            (ErrorCode.FencedInstanceId, ErrorCode.UnknownMemberId, ErrorCode.None),
            (group.Machine.GoForAWhile("b", "i"), group.Machine.GoForAWhile("a", "other"), group.Machine.GoForAWhile("a", "i")));
        var away = group.Machine.Describe(GroupId.Parse("g"));
        Assert.Equal((GroupPhase.Reconciling, MemberDescription.AwayEpoch), (away.Phase, Assert.Single(away.Members).MemberEpoch));
        Assert.Equal(
            (ErrorCode.FencedMemberEpoch, ErrorCode.StaleMemberEpoch, ErrorCode.IllegalGeneration),
            (group.Beat("a", instanceId: "i").Error, group.Machine.CheckCommit("a", group.State.Epoch, PartitionsOf("t-0")[0]),
                group.Machine.CheckTransactionalCommit("a", group.State.Epoch, PartitionsOf("t-0")[0])));
        var epoch = group.State.Epoch;
        Assert.Equal(ErrorCode.None, group.JoinReleased("b", "i").Error);
        Assert.Equal(("t-0 t-1 t-2 t-3", epoch, GroupPhase.Stable), (group.Assigned("b"), group.State.Epoch, group.State.Phase));
        Assert.Equal(ErrorCode.FencedInstanceId, group.Beat("a", instanceId: "i").Error);
    }

    [Fact]
    public void A_static_member_that_does_not_come_back_is_removed_when_its_session_ends_and_after_a_restart_its_place_may_be_taken()
    {
        var group = new TestGroup();
        group.Join("a", Wants(sessionSeconds: 10), "i");
        group.Machine.GoForAWhile("a", "i");
        group.After(10);
        Assert.Empty(group.State.Members);
        group.Join("a", Wants(sessionSeconds: 10), "i");
        group.Restart();
        Assert.Equal(ErrorCode.None, group.JoinReleased("b", "i").Error);
        group.Machine.GoForAWhile("b", "i");
        Assert.Equal(ErrorCode.None, group.JoinReleased("b", "i").Error);
        Assert.Equal(ErrorCode.None, group.Beat("b", instanceId: "i").Error);
    }

    [Fact]
    public void Whoever_drives_the_group_and_was_held_up_does_not_blame_the_members()
    {
        var group = new TestGroup();
        group.Join("a", Wants(sessionSeconds: 10));
        group.Stall(60);
        Assert.Single(group.State.Members);
        group.After(2.9);
        Assert.Single(group.State.Members);
        group.After(0.1);
        Assert.Empty(group.State.Members);
    }

    [Fact]
    public void A_clock_that_steps_back_is_taken_as_one_that_stands()
    {
        var group = new TestGroup();
        group.Join("a", Wants(sessionSeconds: 10));
        group.Stall(-3000);
        group.Beat("a");
        group.After(3009);
        Assert.Single(group.State.Members);
        group.After(1);
        Assert.Empty(group.State.Members);
    }

    [Fact]
    public void After_a_crash_of_the_driver_the_group_is_as_it_was_and_every_session_is_fresh()
    {
        var group = new TestGroup();
        group.Join("a");
        group.Join("b", instanceId: "i");
        group.Now += TimeSpan.FromHours(5);
        group.Restart();
        Assert.Equal(("t-0 t-1", "t-2 t-3", ""), (group.Assigned("a"), group.Revoking("a"), group.Assigned("b")));
        Assert.Empty(group.After(44).Records);
        group.Topics(("t", 4));
        group.Settle("a", "b");
        Assert.Equal("t-2 t-3", group.Assigned("b"));
    }

    [Fact]
    public void Topics_that_changed_while_the_group_slept_are_noticed()
    {
        var group = new TestGroup();
        group.Join("a");
        group.Restart();
        Assert.Empty(group.Topics(("t", 4)).Records);
        group.Restart();
        Assert.Single(group.Topics(("t", 5)).Records);
        Assert.Equal("t-0 t-1 t-2 t-3 t-4", group.Assigned("a"));
    }

    [Fact]
    public void A_member_whose_answers_were_lost_goes_on_with_the_epoch_that_it_knows()
    {
        var group = new TestGroup();
        group.Join("a");
        var old = group.Told["a"];
        group.Join("b");
        group.Join("c");
        group.Beat("a");
        var step = group.Beat("a", old.MemberEpoch, old.Assignment);
        Assert.Equal(ErrorCode.None, step.Error);
        Assert.NotEqual("", group.Revoking("a"));
        Assert.Equal(group.State.Epoch, group.Told["a"].MemberEpoch);
    }

    [Fact]
    public void A_lost_answer_is_news_again()
    {
        var group = new TestGroup();
        group.Join("a");
        var old = group.Told["a"];
        group.Join("b");
        group.Beat("a");
        var again = new HeartbeatRequest("a", null, old.MemberEpoch, "", "", null, old.Assignment, default);
        var step = group.Machine.Heartbeat(again, group.Now);
        Assert.True(group.Machine.HasNews("a", step.JoinedAt));
        group.Machine.Answer("a", null, step.JoinedAt);
        Assert.False(group.Machine.HasNews("a", step.JoinedAt));
    }

    [Theory]
    [InlineData(1, "an epoch of the future")]
    [InlineData(-100, "an epoch before it joined")]
    public void An_epoch_that_is_not_the_members_is_fenced(int difference, string reason)
    {
        var group = new TestGroup();
        for (var member = 0; member < 60; member++)
        {
            group.Join($"m{member}");
        }

        group.Join("a");
        Assert.True(group.Beat("a", group.State.Epoch + difference, []).Error == ErrorCode.FencedMemberEpoch, reason);
    }

    [Fact]
    public void With_an_old_epoch_nobody_owns_what_is_not_its_own()
    {
        var group = new TestGroup();
        group.Join("a");
        var old = group.Told["a"];
        group.Join("b");
        group.Settle("a", "b");
        Assert.Equal(ErrorCode.FencedMemberEpoch, group.Beat("a", old.MemberEpoch, old.Assignment).Error);
        Assert.Equal(ErrorCode.None, group.Beat("a").Error);
    }

    [Fact]
    public void A_heartbeat_that_was_sent_before_the_revocation_and_comes_late_confirms_nothing()
    {
        var group = new TestGroup();
        group.Join("b");
        group.Join("a");
        var before = group.Told["a"];
        Assert.Empty(before.Assignment);
        group.Settle("a", "b");
        Assert.Equal("t-2 t-3", group.Knows("a"));
        group.Topics(("t", 2));
        Assert.Equal("t-2 t-3", group.Revoking("a"));
        group.Beat("a", before.MemberEpoch, before.Assignment);
        Assert.Equal("t-2 t-3", group.Revoking("a"));
    }

    [Fact]
    public void A_known_member_id_that_joins_begins_anew_and_fences_its_earlier_life()
    {
        var group = new TestGroup();
        group.Join("a");
        group.Join("b");
        group.Settle("a", "b");
        var (first, firstLife) = (group.Told["a"], group.State.Members["a"].JoinedAt);
        group.Join("a");
        Assert.Equal(group.Assigned("a"), group.Knows("a"));
        Assert.Equal("t-0 t-1", group.Assigned("a"));
        Assert.Equal(ErrorCode.FencedMemberEpoch, group.Beat("a", first.MemberEpoch, first.Assignment).Error);
        Assert.Equal(ErrorCode.FencedMemberEpoch, group.Machine.Answer("a", null, firstLife).Error);
        Assert.Equal(ErrorCode.StaleMemberEpoch, group.Machine.CheckCommit("a", first.MemberEpoch, T(0)));
        Assert.Equal(ErrorCode.None, group.Machine.CheckCommit("a", group.Told["a"].MemberEpoch, T(0)));
    }

    [Fact]
    public void A_member_that_joins_anew_owes_nothing()
    {
        var group = new TestGroup();
        group.Join("a");
        group.Join("b");
        Assert.Equal("t-2 t-3", group.Revoking("a"));
        group.Join("a");
        Assert.Equal(("", "t-2 t-3"), (group.Revoking("a"), group.Assigned("b")));
    }

    [Fact]
    public void A_new_member_with_a_known_instance_id_takes_over_without_a_rebalance()
    {
        var group = new TestGroup();
        group.Join("a1", instanceId: "a");
        group.Join("b1", instanceId: "b");
        group.Settle("a1", "b1");
        var step = group.Join("a2", instanceId: "a");
        Assert.IsType<GroupRecord.Replaced>(Assert.Single(step.Records));
        Assert.Equal(["a1", "a2"], step.News.Order());
        Assert.Equal((GroupPhase.Stable, "t-0 t-1"), (group.State.Phase, group.Knows("a2")));
        Assert.Equal(ErrorCode.FencedInstanceId, group.Beat("a1", instanceId: "a").Error);
        Assert.Equal(ErrorCode.FencedInstanceId, group.Machine.Answer("a1", "a", 1).Error);
        Assert.Equal(ErrorCode.UnknownMemberId, group.Machine.CheckCommit("a1", group.Told["a1"].MemberEpoch, T(0)));
        Assert.Equal(ErrorCode.None, group.Machine.CheckCommit("a2", group.Told["a2"].MemberEpoch, T(0)));
        Assert.Equal(ErrorCode.FencedInstanceId, group.Leave("a1", "a").Error);
    }

    [Fact]
    public void A_successor_that_wants_something_else_causes_a_rebalance()
    {
        var group = new TestGroup(null, ("t", 4), ("u", 2));
        group.Join("a1", instanceId: "a");
        group.Join("b");
        group.Settle("a1", "b");
        group.Join("a2", Wants("u"), instanceId: "a");
        Assert.Equal(("u-0 u-1", "t-0 t-1 t-2 t-3"), (group.Assigned("a2"), group.Assigned("b")));
    }

    [Fact]
    public void An_instance_whose_session_has_expired_joins_as_anyone_does()
    {
        var group = new TestGroup();
        group.Join("a1", Wants(sessionSeconds: 10), "a");
        group.Join("b");
        group.Settle("a1", "b");
        group.After(10);
        Assert.IsType<GroupRecord.Joined>(group.Join("a2", instanceId: "a").Records[0]);
        group.Settle("a2", "b");
        Assert.Equal(2, group.State.Members["a2"].Assigned.Count);
    }

    [Fact]
    public void A_member_that_leaves_frees_what_it_held_at_once()
    {
        var group = new TestGroup();
        group.Join("a");
        group.Join("b", instanceId: "i");
        group.Settle("a", "b");
        Assert.Equal(new GroupRecord.Departed("b", DepartureCause.Left), group.Leave(null, "i").Records[0]);
        Assert.Equal("t-0 t-1 t-2 t-3", group.Assigned("a"));
        Assert.Equal((ErrorCode.None, 0), (group.Leave("b").Error, group.Leave("b").Records.Count));
        Assert.Equal(ErrorCode.InvalidRequest, group.Leave(null).Error);
        group.Leave("a");
        Assert.Equal((GroupPhase.Empty, ""), (group.State.Phase, group.State.Assignor));
        Assert.Equal(group.State.Epoch, group.State.TargetEpoch);
    }

    [Fact]
    public void A_commit_counts_for_what_the_member_has_held_since_its_epoch_and_for_nothing_else()
    {
        var group = new TestGroup();
        group.Join("a");
        var old = group.Told["a"].MemberEpoch;
        group.Join("b");
        Assert.Equal(ErrorCode.None, group.Machine.CheckCommit("a", old, T(3)));
        Assert.Equal(ErrorCode.StaleMemberEpoch, group.Machine.CheckCommit("b", group.Told["b"].MemberEpoch, T(3)));
        group.Settle("a", "b");
        Assert.Equal(ErrorCode.None, group.Machine.CheckCommit("a", old, T(0)));
        Assert.Equal(ErrorCode.StaleMemberEpoch, group.Machine.CheckCommit("a", old, T(3)));
        Assert.Equal(ErrorCode.StaleMemberEpoch, group.Machine.CheckCommit("a", group.State.Epoch + 1, T(0)));
        Assert.Equal(ErrorCode.None, group.Machine.CheckCommit("b", group.State.Epoch, T(3)));
        Assert.Equal(ErrorCode.UnknownMemberId, group.Machine.CheckCommit("c", old, T(0)));
        group.Leave("b");
        Assert.Equal(ErrorCode.StaleMemberEpoch, group.Machine.CheckCommit("a", old, T(3)));
        Assert.Equal(ErrorCode.None, group.Machine.CheckCommit("a", group.State.Epoch, T(3)));
    }

    [Fact]
    public void A_full_group_refuses_newcomers_but_not_those_who_take_over()
    {
        var group = new TestGroup(NoDelays with { MembersMax = 2 });
        group.Join("a", instanceId: "i");
        group.Join("b");
        Assert.Equal(ErrorCode.GroupMaxSizeReached, group.Join("c").Error);
        Assert.Equal(ErrorCode.None, group.Join("b").Error);
        Assert.Equal(ErrorCode.None, group.Join("c", instanceId: "i").Error);
        Assert.Equal(["b", "c"], group.State.Members.Keys);
    }
}
