using Loire.Model;

namespace Loire.Coordination.Tests.Groups.Classic;

/// <summary>The life of a classic group, request by request. What a real broker answers is played by the recordings; here is why.</summary>
public class ClassicGroupTests
{
    [Fact]
    public void A_lone_member_leads_its_generation_assigns_and_leaves_an_empty_group()
    {
        var group = new ClassicBench();
        Assert.Equal("1 consumer/range a1 led by a1: a1=range!", group.Answer(group.Join("a")));
        Assert.Equal("Formed Begun", group.Records);
        Assert.Equal("CompletingRebalance 1 consumer a1:>", group.Describe());
        Assert.Equal("x", group.Answer(group.Sync("a1", 1, "a1=x")));
        Assert.Equal("Formed", group.Records);
        Assert.Equal("Stable 1 consumer/range a1:range!>x", group.Describe());
        Assert.Equal((ErrorCode.None, ErrorCode.IllegalGeneration), (group.Heartbeat("a1", 1), group.Heartbeat("a1", 0)));
        Assert.Equal("None", group.Leave("a1"));
        Assert.Equal("Empty 2 consumer", group.Describe());
        Assert.Equal(ErrorCode.UnknownMemberId, group.Heartbeat("a1", 2));
        Assert.Equal("3 connect/p b2 led by b2: b2=p!", group.Answer(group.Join("b", protocols: "p", type: "connect")));
    }

    [Fact]
    public void A_newcomer_waits_until_the_others_have_joined_again_and_followers_until_the_leader_assigns()
    {
        var group = Stable("a");
        var b = group.Join("b");
        Assert.Equal(("waits", ""), (group.Answer(b), group.Records));
        Assert.Equal(ErrorCode.RebalanceInProgress, group.Heartbeat("a1", 1));
        Assert.Equal("RebalanceInProgress", group.Answer(group.Sync("a1", 1)));
        Assert.Equal("2 consumer/range a1 led by a1: a1=range! b2=range!", group.Answer(group.Join("a", "a1")));
        Assert.Equal("2 consumer/range b2 led by a1", group.Answer(b));
        var sync = group.Sync("b2", 2);
        Assert.Equal(("waits", ErrorCode.None), (group.Answer(sync), group.Heartbeat("b2", 2)));
        Assert.Equal("x", group.Answer(group.Sync("a1", 2, "a1=x b2=y stranger=z")));
        Assert.Equal("y", group.Answer(sync));
        Assert.Equal("y", group.Answer(group.Sync("b2", 2)));
    }

    [Fact]
    public void Who_gets_nothing_from_the_leader_gets_empty_bytes()
    {
        var group = Stable("a", "b");
        Assert.Equal(ErrorCode.None, group.Heartbeat("b2", 2));
        group.Join("a", "a1");
        group.Join("b", "b2");
        var sync = group.Sync("b2", 3);
        group.Sync("a1", 3, "a1=x");
        Assert.Equal("", group.Answer(sync));
    }

    [Fact]
    public void The_protocol_with_the_most_votes_among_those_that_all_have_is_taken()
    {
        var group = new ClassicBench();
        group.Answer(group.Join("a", protocols: "one two three"));
        var b = group.Join("b", protocols: "three two");
        var c = group.Join("c", protocols: "three two four");
        Assert.Equal("2 consumer/three a1 led by a1: a1=three! b2=three! c3=three!", group.Answer(group.Join("a", "a1", protocols: "one two three")));
        Assert.StartsWith("2 consumer/three b2", group.Answer(b), StringComparison.Ordinal);
        Assert.StartsWith("2 consumer/three c3", group.Answer(c), StringComparison.Ordinal);
        Assert.Equal("InconsistentGroupProtocol", group.Answer(group.Join("d", protocols: "one four")));
        Assert.Equal("InconsistentGroupProtocol", group.Answer(group.Join("d", protocols: "two", type: "connect")));
    }

    [Fact]
    public void Of_protocols_with_as_many_votes_the_leaders_choice_counts()
    {
        var group = new ClassicBench();
        group.Answer(group.Join("a", protocols: "x y"));
        group.Join("b", protocols: "y x");
        Assert.StartsWith("2 consumer/x ", group.Answer(group.Join("a", "a1", protocols: "x y")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("b2", "range", "2 consumer/range b2 led by a1", "a follower that lost the answer gets it again")]
    [InlineData("b2", "range=other", "waits", "other metadata are for the leader")]
    [InlineData("a1", "range", "waits", "the leader begins a new generation")]
    [InlineData("nobody", "range", "UnknownMemberId nobody", "an id that the group did not give")]
    public void A_member_joins_again_while_the_group_is_stable(string id, string protocols, string expected, string reason)
    {
        var group = Stable("a", "b");
        Assert.True(expected == group.Answer(group.Join("x", id, protocols: protocols)), reason);
    }

    [Theory]
    [InlineData("b2", "range", "2 consumer/range b2 led by a1")]
    [InlineData("a1", "range", "2 consumer/range a1 led by a1: a1=range! b2=range!")]
    [InlineData("b2", "range=other", "waits")]
    public void A_member_joins_again_before_the_assignment(string id, string protocols, string expected)
    {
        var group = Joined("a", "b");
        Assert.Equal(expected, group.Answer(group.Join("x", id, protocols: protocols)));
    }

    [Fact]
    public void From_version_4_on_a_new_member_joins_with_an_id_that_it_was_given()
    {
        var group = new ClassicBench();
        Assert.Equal("MemberIdRequired a1", group.Answer(group.Join("a", version: 4)));
        Assert.Equal(("Formed", "Empty 0"), (group.Records, group.Describe().TrimEnd()));
        Assert.Equal("InvalidRequest a1", group.Answer(group.Join("a", "a1", instance: "i", version: 4)));
        Assert.Equal("1 consumer/range a1 led by a1: a1=range!", group.Answer(group.Join("a", "a1", version: 4)));
    }

    [Fact]
    public void A_rebalance_waits_for_a_member_that_was_given_its_id_until_that_expires()
    {
        var group = Stable("a");
        Assert.Equal("MemberIdRequired b2", group.Answer(group.Join("b", version: 4, session: 6)));
        Assert.Equal(ErrorCode.None, group.Heartbeat("a1", 1));
        Assert.Equal(ErrorCode.UnknownMemberId, group.Heartbeat("b2", 1));
        var again = group.Join("a", "a1");
        Assert.Equal("waits", group.Answer(again));
        group.Advance(5.9);
        Assert.Equal("waits", group.Answer(again));
        group.Advance(0.1);
        Assert.StartsWith("2 consumer/range a1", group.Answer(again), StringComparison.Ordinal);
        Assert.Equal("UnknownMemberId b2", group.Answer(group.Join("b", "b2", version: 4)));
    }

    [Fact]
    public void A_member_that_was_given_its_id_may_leave_and_disturbs_nobody()
    {
        var group = Stable("a");
        group.Answer(group.Join("b", version: 4));
        Assert.Equal("None UnknownMemberId", group.Leave("b2", "b2"));
        Assert.Equal(ErrorCode.None, group.Heartbeat("a1", 1));
        var again = group.Join("a", "a1");
        Assert.StartsWith("2 ", group.Answer(again), StringComparison.Ordinal);
    }

    [Fact]
    public void The_first_members_wait_for_others_and_each_prolongs_that_up_to_the_rebalance_timeout()
    {
        var group = new ClassicBench(TimeSpan.FromSeconds(3));
        var a = group.Join("a");
        group.Advance(2);
        var b = group.Join("b");
        group.Advance(1.5);
        Assert.Equal(("waits", "waits"), (group.Answer(a), group.Answer(b)));
        group.Advance(2.5);
        Assert.Equal("1 consumer/range a1 led by a1: a1=range! b2=range!", group.Answer(a));
        Assert.Equal("1 consumer/range b2 led by a1", group.Answer(b));
    }

    [Fact]
    public void A_member_that_does_not_join_again_in_time_is_removed_and_another_one_leads()
    {
        var group = Stable("a", "b");
        var b = group.Join("b", "b2", protocols: "range=new");
        group.Advance(9);
        Assert.Equal(ErrorCode.RebalanceInProgress, group.Heartbeat("a1", 2));
        group.Advance(1);
        Assert.Equal("3 consumer/range b2 led by b2: b2=new", group.Answer(b));
        Assert.Equal(ErrorCode.UnknownMemberId, group.Heartbeat("a1", 3));
    }

    [Fact]
    public void A_member_that_does_not_sync_in_time_is_removed()
    {
        var group = Joined("a", "b");
        var sync = group.Sync("b2", 2);
        group.Advance(5);
        Assert.Equal(ErrorCode.None, group.Heartbeat("a1", 2));
        group.Advance(5);
        Assert.Equal("RebalanceInProgress", group.Answer(sync));
        Assert.Equal("PreparingRebalance 2 consumer b2:>", group.Describe());
    }

    [Fact]
    public void A_silent_member_is_removed_and_the_others_rebalance()
    {
        var group = Stable("a", "b");
        group.Advance(9);
        group.Heartbeat("a1", 2);
        group.Advance(1);
        Assert.Equal(ErrorCode.RebalanceInProgress, group.Heartbeat("a1", 2));
        Assert.Equal("3 consumer/range a1 led by a1: a1=range!", group.Answer(group.Join("a", "a1")));
    }

    [Fact]
    public void A_new_member_does_not_wait_longer_than_five_minutes_for_the_others()
    {
        var group = new ClassicBench();
        group.Answer(group.Join("s", instance: "s", session: 1800, rebalance: 600));
        group.Sync("s1", 1, "s1=x");
        var b = group.Join("b", rebalance: 600);
        group.Advance(299);
        Assert.Equal("waits", group.Answer(b));
        group.Advance(1);
        Assert.Equal("UnknownMemberId", group.Answer(b));
    }

    [Fact]
    public void A_call_of_a_member_that_leaves_is_answered()
    {
        var group = Stable("a", "b");
        var join = group.Join("b", "b2", protocols: "range=new");
        Assert.Equal("None None UnknownMemberId", group.Leave("a1", "b2", "nobody"));
        Assert.Equal("UnknownMemberId", group.Answer(join));
        Assert.Equal("Empty 3 consumer", group.Describe());
        group = Joined("a", "b");
        var sync = group.Sync("b2", 2);
        group.Leave("b2");
        Assert.Equal("UnknownMemberId", group.Answer(sync));
    }

    [Fact]
    public void A_newer_call_of_a_member_ends_the_one_that_waits()
    {
        var group = Stable("a", "b");
        var join = group.Join("b", "b2", protocols: "range=new");
        var again = group.Join("b", "b2", protocols: "range=new");
        Assert.Equal(("RebalanceInProgress b2", "waits"), (group.Answer(join), group.Answer(again)));
        group = Joined("a", "b");
        var sync = group.Sync("b2", 2);
        group.Sync("b2", 2);
        Assert.Equal("RebalanceInProgress", group.Answer(sync));
    }

    [Theory]
    [InlineData("a1", 1, null, null, "IllegalGeneration")]
    [InlineData("nobody", 2, null, null, "UnknownMemberId")]
    [InlineData("a1", 2, "connect", "range", "InconsistentGroupProtocol")]
    [InlineData("a1", 2, "consumer", "sticky", "InconsistentGroupProtocol")]
    [InlineData("a1", 2, "consumer", "range", "x")]
    public void A_sync_is_of_a_member_a_generation_and_a_protocol(string id, int generation, string? type, string? protocol, string expected) =>
        Assert.Equal(expected, Stable("a", "b") is var group ? group.Answer(group.Sync(id, generation, type: type, protocol: protocol)) : "");

    [Fact]
    public void A_full_group_takes_nobody_but_who_is_in_it()
    {
        var group = new ClassicBench(membersMax: 2);
        group.Answer(group.Join("a"));
        var b = group.Join("b", instance: "b");
        group.Answer(group.Join("a", "a1"));
        group.Answer(b);
        Assert.Equal("GroupMaxSizeReached", group.Answer(group.Join("c")));
        Assert.Equal("waits", group.Answer(group.Join("b", instance: "b")));
    }

    [Theory]
    [InlineData(5.9, 10, "range", "consumer", "InvalidSessionTimeout")]
    [InlineData(1801, 10, "range", "consumer", "InvalidSessionTimeout")]
    [InlineData(10, 3_000_000, "range", "consumer", "InvalidRequest")]
    [InlineData(10, 10, "", "consumer", "InconsistentGroupProtocol")]
    [InlineData(10, 10, "range", "", "InconsistentGroupProtocol")]
    [InlineData(10, 10, "range range", "consumer", "InvalidRequest")]
    public void A_join_beyond_the_limits_leaves_no_trace(double session, double rebalance, string protocols, string type, string expected)
    {
        var group = new ClassicBench();
        Assert.Equal(expected, group.Answer(group.Join("a", protocols: protocols, type: type, session: session, rebalance: rebalance)));
        Assert.False(group.Machine.Exists);
    }

    [Fact]
    public void Bytes_are_bounded_for_each_member_and_for_the_group()
    {
        var group = new ClassicBench();
        Assert.Equal("InvalidRequest", group.Answer(group.Join("a", protocols: "p=" + new string('x', Limits.ClassicBytesPerMember + 1))));
        var most = "p=" + new string('x', Limits.ClassicBytesPerMember);
        var members = Limits.ClassicBytesPerGroup / Limits.ClassicBytesPerMember;
        group.Answer(group.Join("a", protocols: most));
        for (var i = 1; i < members; i++)
        {
            Assert.Equal("waits", group.Answer(group.Join("b", protocols: most)));
        }

        Assert.Equal("GroupMaxSizeReached", group.Answer(group.Join("b", protocols: "p")));
        Assert.StartsWith("2 ", group.Answer(group.Join("a", "a2", protocols: most)), StringComparison.Ordinal);
        Assert.Equal("InvalidRequest", group.Answer(group.Sync("a2", 2, "a2=" + new string('x', Limits.ClassicBytesPerMember + 1))));
        Assert.Equal("x", group.Answer(group.Sync("a2", 2, "a2=x")));
    }

    [Theory]
    [InlineData("a1", 1, false, ErrorCode.None, ErrorCode.RebalanceInProgress, ErrorCode.None)]
    [InlineData("a1", 1, true, ErrorCode.None, ErrorCode.None, ErrorCode.None)]
    [InlineData("a1", 0, false, ErrorCode.IllegalGeneration, ErrorCode.IllegalGeneration, ErrorCode.IllegalGeneration)]
    [InlineData("a1", -1, false, ErrorCode.IllegalGeneration, ErrorCode.IllegalGeneration, ErrorCode.IllegalGeneration)]
    [InlineData("nobody", 1, false, ErrorCode.UnknownMemberId, ErrorCode.UnknownMemberId, ErrorCode.UnknownMemberId)]
    [InlineData(null, 1, false, ErrorCode.UnknownMemberId, ErrorCode.UnknownMemberId, ErrorCode.UnknownMemberId)]
    [InlineData(null, -1, false, ErrorCode.UnknownMemberId, ErrorCode.UnknownMemberId, ErrorCode.UnknownMemberId)]
    [InlineData(null, -1, true, ErrorCode.None, ErrorCode.None, ErrorCode.None)]
    public void Who_may_commit(string? id, int generation, bool isTransactional, ErrorCode stable, ErrorCode completing, ErrorCode preparing)
    {
        var group = new ClassicBench();
        group.Answer(group.Join("a"));
        Assert.Equal(completing, group.Commit(id, generation, isTransactional: isTransactional));
        group.Sync("a1", 1, "a1=x");
        Assert.Equal(stable, group.Commit(id, generation, isTransactional: isTransactional));
        group.Join("b");
        Assert.Equal(preparing, group.Commit(id, generation, isTransactional: isTransactional));
    }

    [Fact]
    public void A_commit_keeps_the_session_of_its_member()
    {
        var group = Stable("a");
        for (var i = 0; i < 5; i++)
        {
            group.Advance(6);
            Assert.Equal(ErrorCode.None, group.Commit("a1", 1));
        }

        group.Advance(10);
        Assert.Equal(("Empty 2 consumer", ErrorCode.None, ErrorCode.UnknownMemberId), (group.Describe(), group.Commit(null, -1), group.Commit("a1", 1)));
    }

    [Fact]
    public void After_a_stall_of_the_driver_members_get_another_interval()
    {
        var group = Stable("a");
        var machine = group.Machine;
        machine.Tick(TimeSpan.FromSeconds(60));
        Assert.True(machine.HasMembers);
        machine.Tick(TimeSpan.FromSeconds(63));
        Assert.False(machine.HasMembers);
    }

    [Fact]
    public void After_a_restart_the_last_assigned_generation_goes_on_with_fresh_sessions()
    {
        var group = Stable("a", "b");
        group.Advance(9);
        group.Restart();
        group.Advance(9);
        Assert.Equal((ErrorCode.None, ErrorCode.None), (group.Heartbeat("a1", 2), group.Heartbeat("b2", 2)));
        Assert.Equal("Stable 2 consumer/range a1:range!>x b2:range!>x", group.Describe());
        Assert.Equal("2 consumer/range b2 led by a1", group.Answer(group.Join("b", "b2")));
    }

    [Fact]
    public void The_number_of_a_generation_that_a_crash_ended_before_its_assignment_is_not_used_again()
    {
        var group = Stable("a");
        var b = group.Join("b");
        group.Answer(group.Join("a", "a1"));
        Assert.Equal("2 consumer/range b2 led by a1", group.Answer(b));
        group.Restart();
        Assert.Equal("Stable 1 consumer/range a1:range!>x", group.Describe());
        Assert.Equal("IllegalGeneration", group.Answer(group.Sync("a1", 2, "a1=late")));
        Assert.Equal("3 consumer/range a1 led by a1: a1=range!", group.Answer(group.Join("a", "a1")));
        Assert.Equal("IllegalGeneration", group.Answer(group.Sync("a1", 2, "a1=late")));
    }

    [Fact]
    public void Of_consumers_it_is_known_what_they_subscribe_to()
    {
        var group = new ClassicBench();
        group.Answer(group.Join("a", type: "connect"));
        Assert.True(group.Machine.IsInteresting("any"));
        Assert.False(group.Machine.KnowsTopics);
        group.Leave("a1");
        Assert.False(group.Machine.IsInteresting("any"));
        group.Answer(group.Join("a", protocols: "range=\0\0\0\0\0\u0001\0\u0001t"));
        Assert.Equal((true, false), (group.Machine.IsInteresting("t"), group.Machine.IsInteresting("other")));
        Assert.False(group.Machine.KnowsTopics);
        group.Sync("a2", 3);
        Assert.True(group.Machine.KnowsTopics);
    }

    [Fact]
    public void A_group_that_becomes_another_kind_forgets_its_generations()
    {
        var group = Stable("a");
        group.Leave("a1");
        var step = group.Machine.End(group.Now);
        Assert.IsType<Coordination.Groups.Classic.ClassicRecord.Ended>(Assert.Single(step.Records));
        Assert.False(group.Machine.Exists);
        Assert.Equal("1 consumer/range b2 led by b2: b2=range!", group.Answer(group.Join("b")));
    }

    /// <summary>A generation of members, each with the assignment x.</summary>
    internal static ClassicBench Stable(params string[] clients)
    {
        var group = Joined(clients);
        var ids = clients.Select((client, i) => $"{client}{i + 1}").ToArray();
        foreach (var id in ids.Reverse())
        {
            group.Sync(id, clients.Length, string.Join(' ', ids.Select(one => $"{one}=x")));
        }

        return group;
    }

    /// <summary>A generation of members before its assignment: as many generations as members.</summary>
    internal static ClassicBench Joined(params string[] clients)
    {
        var group = new ClassicBench();
        for (var i = 0; i < clients.Length; i++)
        {
            var call = group.Join(clients[i]);
            for (var j = 0; j < i; j++)
            {
                group.Join(clients[j], $"{clients[j]}{j + 1}");
            }

            group.Answer(call);
            Assert.Equal(i + 1, group.Machine.Generation);
            if (i < clients.Length - 1)
            {
                group.Sync($"{clients[0]}1", i + 1);
            }
        }

        return group;
    }
}
