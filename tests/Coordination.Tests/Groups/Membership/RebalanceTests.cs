using Loire.Coordination.Groups.Membership;
using Loire.Model;
using Loire.Model.Groups;
using static Loire.Coordination.Tests.Groups.Membership.TestGroup;

namespace Loire.Coordination.Tests.Groups.Membership;

public class RebalanceTests
{
    [Fact]
    public void The_first_member_gets_everything_at_once()
    {
        var group = new TestGroup();
        Assert.Equal(GroupPhase.Empty, group.State.Phase);
        group.Join("a");
        Assert.Equal("t-0 t-1 t-2 t-3", group.Knows("a"));
        Assert.Equal(GroupPhase.Stable, group.State.Phase);
        Assert.Equal(group.State.Epoch, group.State.Members["a"].MemberEpoch);
    }

    [Fact]
    public void A_heartbeat_that_changes_nothing_makes_no_records_and_has_no_news()
    {
        var group = new TestGroup();
        group.Join("a");
        var step = group.Beat("a");
        Assert.Equal((ErrorCode.None, 0, 0), (step.Error, step.Records.Count, step.News.Count));
        Assert.False(group.Machine.HasNews("a", step.JoinedAt));
    }

    [Fact]
    public void A_partition_is_given_only_after_its_last_owner_confirmed_that_it_let_go()
    {
        var group = new TestGroup();
        group.Join("a");
        group.Join("b");
        Assert.Equal(("t-0 t-1", "t-2 t-3", ""), (group.Assigned("a"), group.Revoking("a"), group.Assigned("b")));
        Assert.Equal(GroupPhase.Reconciling, group.State.Phase);

        group.Beat("a");
        Assert.Equal("t-2 t-3", group.Revoking("a"));
        Assert.True(group.State.Members["a"].MemberEpoch < group.State.TargetEpoch);

        group.Beat("a", group.Told["a"].MemberEpoch, PartitionsOf("t-0 t-1 t-3"));
        Assert.Equal(("t-3", "t-2"), (group.Revoking("a"), group.Assigned("b")));

        var step = group.Beat("a");
        Assert.Equal(PartitionsOf("t-3"), Assert.IsType<GroupRecord.Released>(Assert.Single(step.Records)).Partitions);
        Assert.Equal(["a", "b"], step.News.Order());
        Assert.Equal("t-2 t-3", group.Assigned("b"));
        Assert.Equal(GroupPhase.Stable, group.State.Phase);
        Assert.All(group.State.Members.Values, member => Assert.Equal(group.State.TargetEpoch, member.MemberEpoch));
    }

    [Fact]
    public void A_cooperative_group_takes_nothing_back_that_does_not_move()
    {
        var group = new TestGroup(null, ("t", 8));
        group.Join("a");
        group.Join("b");
        group.Settle("a", "b");
        var (a, b) = (group.Assigned("a"), group.Assigned("b"));
        group.Join("c");
        var moving = PartitionsOf($"{group.Revoking("a")} {group.Revoking("b")}");
        Assert.Equal(PartitionsOf($"{a} {b}").Except(moving).Order(), PartitionsOf($"{group.Assigned("a")} {group.Assigned("b")}").Order());
        group.Settle("a", "b", "c");
        Assert.Equal(moving.Order(), PartitionsOf(group.Assigned("c")));
        group.Leave("c");
        Assert.Equal(("", ""), (group.Revoking("a"), group.Revoking("b")));
        Assert.Equal(GroupPhase.Stable, group.State.Phase);
    }

    [Fact]
    public void In_an_eager_group_everyone_gives_up_everything_before_anyone_gets_anything()
    {
        var group = new TestGroup();
        foreach (var member in new[] { "a", "b" })
        {
            group.Join(member, Wants(assignors: "dealt"));
        }

        group.Settle("a", "b");
        group.Join("c", Wants(assignors: "dealt"));
        Assert.All(group.State.Members.Values, member => Assert.Empty(member.Assigned));
        group.Beat("a");
        group.Beat("a");
        Assert.All(group.State.Members.Values, member => Assert.Empty(member.Assigned));
        group.Beat("b");
        group.Beat("b");
        Assert.Equal("t-0 t-3|t-1|t-2", $"{group.Assigned("a")}|{group.Assigned("b")}|{group.Assigned("c")}");
        Assert.Equal(GroupPhase.Stable, group.State.Phase);
    }

    [Fact]
    public void An_eager_group_goes_on_when_the_last_that_had_to_confirm_is_removed()
    {
        var group = new TestGroup();
        group.Join("a", Wants(assignors: "dealt", rebalanceSeconds: 10));
        group.Join("b", Wants(assignors: "dealt"));
        group.Beat("a", group.Told["a"].MemberEpoch, group.Told["a"].Assignment);
        group.After(9);
        group.Beat("b");
        Assert.Equal("", group.Assigned("b"));
        var step = group.After(2);
        Assert.Equal(DepartureCause.RebalanceTimedOut, step.Records.OfType<GroupRecord.Departed>().Single().Cause);
        Assert.Equal("t-0 t-1 t-2 t-3", group.Assigned("b"));
    }

    [Fact]
    public void A_new_target_that_moves_nothing_stops_nobody_not_even_in_an_eager_group()
    {
        var group = new TestGroup();
        group.Join("a", Wants(assignors: "dealt"));
        var step = group.Beat("a", Wants("t u", assignors: "dealt"));
        Assert.Equal(2, step.Records.Count);
        Assert.Equal("t-0 t-1 t-2 t-3", group.Assigned("a"));
    }

    [Fact]
    public void A_group_moves_from_eager_to_cooperative_by_one_rolling_change_of_the_lists()
    {
        var group = new TestGroup();
        MemberId[] members = ["a", "b", "c"];
        foreach (var member in members)
        {
            group.Join(member, Wants(assignors: "dealt"));
        }

        group.Settle(members);
        foreach (var member in members)
        {
            Assert.Equal("dealt", group.State.Assignor);
            group.Leave(member);
            group.Join(member, Wants(assignors: "kept dealt"));
            group.Settle(members);
        }

        Assert.Equal(("kept", true), (group.State.Assignor, group.State.IsCooperative));
        group.Join("d", Wants(assignors: "kept"));
        Assert.InRange(group.State.Members.Values.Sum(member => member.Assigned.Count), 1, 3);
    }

    [Fact]
    public void A_rolling_change_in_place_works_as_well()
    {
        var group = new TestGroup();
        group.Join("a", Wants(assignors: "dealt"));
        group.Join("b", Wants(assignors: "dealt"));
        group.Settle("a", "b");
        group.Beat("a", Wants(assignors: "kept dealt"));
        Assert.Equal("dealt", group.State.Assignor);
        group.Beat("b", Wants(assignors: "kept dealt"));
        Assert.Equal("kept", group.State.Assignor);
        group.Settle("a", "b");
    }

    [Theory]
    [InlineData("dealt kept", "kept dealt", "kept dealt", "kept", "most prefer it")]
    [InlineData("dealt kept", "kept", "dealt kept", "kept", "all list it")]
    [InlineData("dealt kept", "kept dealt", "", "dealt", "it is in use, of two that are preferred alike")]
    public void The_assignor_is_one_that_all_list_and_most_prefer(string a, string b, string c, string chosen, string reason)
    {
        var group = new TestGroup();
        group.Join("a", Wants(assignors: a));
        group.Join("b", Wants(assignors: b));
        if (c.Length > 0)
        {
            group.Join("c", Wants(assignors: c));
        }

        Assert.True(chosen == group.State.Assignor, reason);
    }

    [Fact]
    public void The_first_members_of_an_empty_group_wait_for_each_other()
    {
        var group = new TestGroup(new MembershipOptions());
        var start = group.Now;
        group.Join("a");
        Assert.Equal((GroupPhase.Assigning, ""), (group.State.Phase, group.Knows("a")));
        Assert.Equal(start + TimeSpan.FromSeconds(3), group.Machine.NextTick);
        group.After(2);
        group.Join("b");
        group.After(1);
        Assert.Equal(("", ""), (group.Assigned("a"), group.Assigned("b")));
        Assert.Equal(start + TimeSpan.FromSeconds(6), group.Machine.NextTick);
        var step = group.After(3);
        Assert.Equal(["a", "b"], step.News.Order());
        Assert.Equal(("t-0 t-2", "t-1 t-3"), (group.Assigned("a"), group.Assigned("b")));
    }

    [Theory]
    [InlineData(10, 10, "three delays and what is left of the rebalance timeout")]
    [InlineData(9, 9, "three whole delays")]
    [InlineData(3, 3, "nothing is left after the first delay")]
    [InlineData(1, 3, "one delay, however short the rebalance timeout")]
    public void However_many_come_the_first_wait_no_longer_than_the_rebalance_timeout(int rebalanceSeconds, int waited, string reason)
    {
        var group = new TestGroup(new MembershipOptions());
        group.Join("m00", Wants(rebalanceSeconds: rebalanceSeconds));
        var joined = 1;
        for (; group.State.Phase == GroupPhase.Assigning; joined++)
        {
            Assert.Equal(0, group.State.TargetEpoch);
            group.Join($"m{joined:00}");
            group.After(1);
        }

        Assert.True(joined - 1 == waited, reason);
    }

    [Fact]
    public void Members_that_beat_or_take_over_or_leave_do_not_prolong_the_first_wait()
    {
        var group = new TestGroup(new MembershipOptions());
        group.Join("a", instanceId: "i");
        group.After(1);
        group.Beat("a", instanceId: "i");
        group.Join("a", instanceId: "i");
        group.Join("a2", instanceId: "i");
        group.Beat("a2", Wants("t u"), "i");
        group.After(2);
        Assert.Equal("t-0 t-1 t-2 t-3", group.Assigned("a2"));
    }

    [Fact]
    public void Whoever_comes_after_the_first_assignment_waits_for_nobody()
    {
        var group = new TestGroup(new MembershipOptions { AssignmentInterval = TimeSpan.Zero });
        group.Join("a");
        group.After(3);
        group.Join("b");
        Assert.Equal("t-2 t-3", group.Revoking("a"));
        group.Leave("a");
        group.Leave("b");
        group.Join("c");
        group.After(2);
        Assert.Equal("", group.Assigned("c"));
        group.After(1);
        Assert.Equal("t-0 t-1 t-2 t-3", group.Assigned("c"));
    }

    [Fact]
    public void Members_that_join_in_a_storm_share_an_assignment()
    {
        var group = new TestGroup(NoDelays with { AssignmentInterval = TimeSpan.FromSeconds(1) }, ("t", 32));
        for (var member = 0; member < 16; member++)
        {
            group.Join($"m{member:00}");
        }

        Assert.Equal(32, group.State.Members["m00"].Assigned.Count);
        group.After(1);
        Assert.All(group.State.Members.Values, member => Assert.Equal(2, member.Target.Count));
        Assert.Equal(2, group.Journal.Count(bytes => bytes.Span[1] == 6));
    }

    [Fact]
    public void Nothing_is_assigned_before_the_topics_are_known()
    {
        var group = new TestGroup();
        group.Join("a");
        group.Restart();
        group.Join("b");
        Assert.Equal((GroupPhase.Assigning, "t-0 t-1 t-2 t-3"), (group.State.Phase, group.Assigned("a")));
        group.Topics(("t", 4));
        Assert.Equal("t-2 t-3", group.Revoking("a"));
    }

    [Fact]
    public void In_a_group_of_a_thousand_members_and_ten_thousand_partitions_a_small_step_is_a_small_record()
    {
        var group = new TestGroup(NoDelays with { AssignmentInterval = TimeSpan.FromSeconds(1) }, ("t", 10_000));
        var wants = Wants(assignors: "cooperative-sticky");
        var members = Enumerable.Range(0, 1_000).Select(member => $"m{member:0000}").ToArray();
        foreach (var member in members)
        {
            group.Join(member, wants);
        }

        group.After(1);
        foreach (var member in members.Concat(members))
        {
            group.Beat(member);
        }

        Assert.Equal(GroupPhase.Stable, group.State.Phase);
        Assert.All(group.State.Members.Values, member => Assert.Equal(10, member.Assigned.Count));
        group.After(1);
        Assert.InRange(Written(() => group.Join("new", wants)), 1, 1_000);
        Assert.InRange(group.State.Members.Values.Sum(member => member.Revoking.Count), 1, 10);
        group.After(1);
        Assert.InRange(Written(() => group.Leave("m0500")), 1, 1_000);
        Assert.Equal(0, Written(() => group.Beat("m0501")));

        int Written(Func<GroupStep> act)
        {
            var before = group.Journal.Count;
            act();
            return group.Journal.Skip(before).Sum(record => record.Length);
        }
    }
}
