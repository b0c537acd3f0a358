using System.Collections.Immutable;
using Loire.Model;
using Loire.Coordination.Groups.Membership;
using Loire.Model.Groups;
using static Loire.Coordination.Tests.Groups.Membership.TestGroup;

namespace Loire.Coordination.Tests.Groups.Membership;

public class SubscriptionTests
{
    [Fact]
    public void A_member_that_subscribes_to_less_gives_up_at_once_what_it_does_not_want()
    {
        var group = new TestGroup(null, ("t", 2), ("u", 2));
        group.Join("a", Wants("t u"));
        group.Join("b", Wants("t u"));
        group.Settle("a", "b");
        group.Beat("a", Wants("t"));
        Assert.All(group.State.Members["a"].Assigned, partition => Assert.Equal("t", partition.Topic.Value));
        group.Settle("a", "b");
        Assert.Equal(("t-0 t-1", "u-0 u-1"), (group.Assigned("a"), group.Assigned("b")));
    }

    [Fact]
    public void The_same_subscription_again_in_another_order_changes_nothing()
    {
        var group = new TestGroup();
        group.Join("a", Wants("t u v"));
        Assert.Empty(group.Beat("a", Wants("v t u v")).Records);
    }

    [Fact]
    public void Another_timeout_alone_makes_no_rebalance()
    {
        var group = new TestGroup();
        group.Join("a");
        var epoch = group.State.Epoch;
        Assert.IsType<GroupRecord.Resubscribed>(Assert.Single(group.Beat("a", Wants(sessionSeconds: 6)).Records));
        Assert.Equal(epoch, group.State.Epoch);
        group.After(6);
        Assert.Empty(group.State.Members);
    }

    [Fact]
    public void A_pattern_follows_topics_that_appear_and_vanish()
    {
        var group = new TestGroup(null, ("orders.eu", 1), ("xorders.eu", 1));
        group.Join("a", Wants("", "orders\\..*"));
        Assert.Equal("orders.eu-0", group.Knows("a"));
        Assert.True(group.State.IsInteresting(TopicName.Parse("orders.us")));
        Assert.False(group.State.IsInteresting(TopicName.Parse("orders")));
        Assert.Equal(["a"], group.Topics(("orders.eu", 1), ("orders.us", 2)).News);
        Assert.Equal("orders.eu-0 orders.us-0 orders.us-1", group.Assigned("a"));
        group.Topics(("orders.us", 2));
        Assert.Equal(("orders.us-0 orders.us-1", "orders.eu-0"), (group.Assigned("a"), group.Revoking("a")));
    }

    [Fact]
    public void Names_and_a_pattern_both_count()
    {
        var group = new TestGroup(null, ("a1", 1), ("b1", 1), ("c1", 1));
        group.Join("a", Wants("c1 a1 missing", "[ab]1"));
        Assert.Equal("a1-0 b1-0 c1-0", group.Knows("a"));
    }

    [Fact]
    public void A_topic_that_grows_gives_its_new_partitions_to_someone_and_moves_no_other()
    {
        var group = new TestGroup(null, ("t", 2));
        group.Join("a");
        group.Join("b");
        group.Settle("a", "b");
        group.Topics(("t", 4));
        Assert.Equal(GroupPhase.Stable, group.State.Phase);
        Assert.Equal(("t-0 t-2", "t-1 t-3"), (group.Assigned("a"), group.Assigned("b")));
        Assert.Empty(group.Topics(("t", 4), ("other", 7)).Records);
    }

    [Fact]
    public void A_topic_that_is_deleted_is_taken_back_and_may_come_back()
    {
        var group = new TestGroup();
        group.Join("a");
        group.Topics();
        Assert.Equal(("", "t-0 t-1 t-2 t-3"), (group.Assigned("a"), group.Revoking("a")));
        group.Topics(("t", 1));
        Assert.Equal("", group.Assigned("a"));
        group.Settle("a");
        Assert.Equal("t-0", group.Knows("a"));
    }

    [Theory]
    [InlineData("a)(b", "parentheses that would close ours")]
    [InlineData("(", "an open parenthesis")]
    [InlineData("(a)\\1", "a reference back")]
    [InlineData("(?=a)b", "a look ahead")]
    [InlineData("(?#", "an open comment")]
    [InlineData("((a{1000}){1000}){1000}", "an automaton of a thousand million states")]
    public void A_pattern_that_is_none_is_refused(string pattern, string reason)
    {
        var group = new TestGroup();
        Assert.True(group.Join("a", Wants("", pattern)).Error == ErrorCode.InvalidRegularExpression, reason);
        Assert.Empty(group.Journal);
    }

    [Theory]
    [InlineData("a|ab", "ab", true)]
    [InlineData("a|ab", "abc", false)]
    [InlineData("b", "ab", false)]
    [InlineData("(?i)ORDERS", "orders", true)]
    [InlineData("ORDERS", "orders", false)]
    [InlineData("^orders$", "orders", true)]
    [InlineData(".*", "any", true)]
    public void A_pattern_matches_whole_names(string pattern, string topic, bool matches)
    {
        Assert.True(TopicPattern.TryParse(pattern, out var parsed, out _));
        Assert.Equal(matches, parsed.Matches(TopicName.Parse(topic)));
    }

    [Fact]
    public void Assignors_that_nobody_knows_or_not_all_list_are_refused_and_change_nothing()
    {
        var group = new TestGroup();
        Assert.Equal(ErrorCode.UnsupportedAssignor, group.Join("a", Wants(assignors: "none")).Error);
        group.Join("a", Wants(assignors: "kept none"));
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, group.Join("b", Wants(assignors: "dealt none")).Error);
        Assert.Equal(ErrorCode.None, group.Beat("a", Wants(assignors: "dealt")).Error);
        Assert.Equal(ErrorCode.None, group.Join("b", Wants(assignors: "dealt")).Error);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, group.Beat("b", Wants("u", assignors: "kept")).Error);
        Assert.Equal("t", group.State.Members["b"].Profile.Subscription.Topics.Single().Value);
    }

    [Fact]
    public void What_is_too_long_too_many_or_malformed_is_refused_with_a_sentence()
    {
        var group = new TestGroup();
        var wants = Wants();
        var many = Enumerable.Range(0, Limits.SubscriptionLength + 1).Select(i => TopicName.Parse($"t{i}")).ToImmutableArray();
        (ErrorCode Error, HeartbeatRequest Request)[] cases =
        [
            (ErrorCode.InvalidRequest, Request(default)),
            (ErrorCode.InvalidRequest, Request("a") with { InstanceId = default(GroupInstanceId) }),
            (ErrorCode.InvalidRequest, Request("a") with { MemberEpoch = -1 }),
            (ErrorCode.InvalidRequest, Request("a") with { Subscription = null }),
            (ErrorCode.InvalidRequest, Request("a") with { ClientId = new string('x', Limits.ClientNameLength + 1) }),
            (ErrorCode.InvalidRequest, Request("a") with { Subscription = wants with { Topics = many } }),
            (ErrorCode.InvalidTopicException, Request("a") with { Subscription = wants with { Topics = [default] } }),
            (ErrorCode.InvalidRegularExpression, Request("a") with { Subscription = wants with { Pattern = new string('x', 1001) } }),
            (ErrorCode.InvalidRegularExpression, Request("a") with { Subscription = wants with { Pattern = "\uD800" } }),
            (ErrorCode.InvalidRequest, Request("a") with { Subscription = wants with { Assignors = [] } }),
            (ErrorCode.InvalidRequest, Request("a") with { Subscription = wants with { Assignors = ["kept", "kept"] } }),
            (ErrorCode.InvalidSessionTimeout, Request("a") with { Subscription = Wants(sessionSeconds: 5) }),
            (ErrorCode.InvalidSessionTimeout, Request("a") with { Subscription = Wants(sessionSeconds: 1801) }),
            (ErrorCode.InvalidRequest, Request("a") with { Subscription = Wants(rebalanceSeconds: 0) }),
        ];
        foreach (var (error, request) in cases)
        {
            var step = group.Machine.Heartbeat(request, group.Now);
            Assert.True(error == step.Error, $"{error} for {request}, but {step.Error}");
            Assert.False(string.IsNullOrEmpty(step.Detail));
        }

        Assert.Empty(group.State.Members);
        HeartbeatRequest Request(MemberId memberId) => new(memberId, null, 0, "", "", wants, [], default);
    }
}
