namespace Loire.Coordination.Tests.Groups.Classic;

/// <summary>Static members (KIP-345): they come back under another id, and a group does without them until their session ends.</summary>
public class ClassicStaticTests
{
    [Theory]
    [InlineData(5, "1 consumer/range i2 led by i1")]
    [InlineData(9, "1 consumer/range i2 led by i2, skips: i2=range!")]
    public void A_leader_that_comes_back_while_the_group_is_stable_takes_over_at_once(int version, string expected)
    {
        var group = Stable();
        Assert.Equal(expected, group.Answer(group.Join("a", instance: "i", version: version)));
        Assert.Equal("Replaced", group.Records);
        Assert.Equal("x", group.Answer(group.Sync("i2", 1, instance: "i")));
        Assert.Equal(
            (ErrorCode.FencedInstanceId, ErrorCode.UnknownMemberId, ErrorCode.None, ErrorCode.UnknownMemberId),
            (group.Heartbeat("i1", 1, "i"), group.Heartbeat("i1", 1), group.Heartbeat("i2", 1), group.Heartbeat("i2", 1, "other")));
        Assert.Equal(
            (ErrorCode.FencedInstanceId, ErrorCode.FencedInstanceId, ErrorCode.None), (group.Commit("i1", 1, "i"), group.Commit(null, 1, "i"), group.Commit("i2", 1)));
        Assert.Equal("FencedInstanceId i1", group.Answer(group.Join("a", "i1", instance: "i")));
        group.Restart();
        Assert.Equal("Stable 1 consumer/range i2:range!>x", group.Describe());
    }

    [Fact]
    public void Other_metadata_of_the_same_protocol_change_no_generation_but_another_protocol_does()
    {
        var group = Stable();
        Assert.Equal("1 consumer/range i2 led by i1", group.Answer(group.Join("a", instance: "i", protocols: "range=new sticky", version: 6)));
        Assert.Equal("2 consumer/sticky i3 led by i3: i3=sticky!", group.Answer(group.Join("a", instance: "i", protocols: "sticky range", version: 6)));
    }

    [Fact]
    public void One_that_comes_back_before_the_assignment_begins_a_new_generation()
    {
        var group = ClassicGroupTests.Stable("a");
        var i = group.Join("i", instance: "i");
        group.Answer(group.Join("a", "a1"));
        group.Answer(i);
        var sync = group.Sync("i2", 2, instance: "i");
        var back = group.Join("i", instance: "i");
        Assert.Equal(("FencedInstanceId", "waits"), (group.Answer(sync), group.Answer(back)));
        Assert.Equal("RebalanceInProgress", group.Answer(group.Sync("a1", 2, "a1=x i2=y")));
        Assert.Equal("3 consumer/range a1 led by a1: a1=range! i4=range!", group.Answer(group.Join("a", "a1")));
        Assert.Equal("3 consumer/range i4 led by a1", group.Answer(back));
    }

    [Fact]
    public void A_crash_in_a_rebalance_does_not_bring_back_the_id_that_a_static_member_has_left_behind()
    {
        var group = Stable();
        var b = group.Join("b");
        group.Answer(group.Join("a", "i1", instance: "i", protocols: "range sticky"));
        Assert.StartsWith("2 ", group.Answer(b), StringComparison.Ordinal);
        var back = group.Join("a", instance: "i", protocols: "range sticky");
        Assert.Equal("waits", group.Answer(back));
        group.Join("b", "b2");
        Assert.StartsWith("3 consumer/range i4 ", group.Answer(back), StringComparison.Ordinal);
        group.Restart();
        Assert.Equal("Stable 1 consumer/range i4:range!>x", group.Describe());
        Assert.Equal((ErrorCode.FencedInstanceId, ErrorCode.None), (group.Heartbeat("i1", 1, "i"), group.Heartbeat("i4", 1, "i")));
    }

    [Fact]
    public void A_join_that_waits_is_fenced_when_its_instance_comes_again()
    {
        var group = ClassicGroupTests.Stable("a");
        var first = group.Join("b", instance: "i");
        var second = group.Join("b", instance: "i");
        Assert.Equal(("FencedInstanceId i2", "waits"), (group.Answer(first), group.Answer(second)));
        Assert.Equal("2 consumer/range a1 led by a1: a1=range! i3=range!", group.Answer(group.Join("a", "a1")));
        Assert.Equal("2 consumer/range i3 led by a1", group.Answer(second));
    }

    [Fact]
    public void One_that_does_not_come_to_the_rebalance_stays_and_may_sync_in_the_new_generation()
    {
        var group = new ClassicBench();
        group.Answer(group.Join("s", instance: "s", rebalance: 2));
        group.Sync("s1", 1, "s1=x");
        var t = group.Join("t", instance: "t", rebalance: 2);
        group.Advance(2);
        Assert.Equal("2 consumer/range t2 led by t2: s1=range! t2=range!", group.Answer(t));
        Assert.Equal(ErrorCode.IllegalGeneration, group.Heartbeat("s1", 1, "s"));
        Assert.Equal("y", group.Answer(group.Sync("t2", 2, "t2=y s1=z", "t")));
        Assert.Equal("z", group.Answer(group.Sync("s1", 2, instance: "s")));
        Assert.Equal(ErrorCode.None, group.Heartbeat("s1", 2, "s"));
    }

    [Fact]
    public void If_nobody_comes_to_a_rebalance_it_waits_until_the_sessions_end()
    {
        var group = new ClassicBench();
        group.Answer(group.Join("s", instance: "s", rebalance: 2));
        var t = group.Join("t", instance: "t", rebalance: 2);
        group.Answer(group.Join("s", "s1", instance: "s", rebalance: 2));
        group.Answer(t);
        group.Sync("s1", 2, "s1=x");
        group.Sync("t2", 2);
        group.Leave("s1");
        group.Advance(5);
        Assert.Equal("PreparingRebalance 2 consumer t2:>", group.Describe());
        group.Advance(5);
        Assert.Equal("Empty 3 consumer", group.Describe());
    }

    [Theory]
    [InlineData("/i", "None")]
    [InlineData("i1/i", "None")]
    [InlineData("i1", "None")]
    [InlineData("b2/i", "FencedInstanceId")]
    [InlineData("i1/other", "UnknownMemberId")]
    [InlineData("/other", "UnknownMemberId")]
    public void Members_are_removed_by_id_or_by_instance(string leaver, string expected) => Assert.Equal(expected, Joined().Leave(leaver));

    private static ClassicBench Stable()
    {
        var group = new ClassicBench();
        group.Answer(group.Join("a", instance: "i", protocols: "range sticky"));
        group.Sync("i1", 1, "i1=x");
        return group;
    }

    /// <summary>A static leader and a dynamic follower.</summary>
    private static ClassicBench Joined()
    {
        var group = new ClassicBench();
        group.Answer(group.Join("a", instance: "i"));
        group.Sync("i1", 1);
        var b = group.Join("b");
        group.Join("a", "i1", instance: "i");
        group.Answer(b);
        return group;
    }
}
