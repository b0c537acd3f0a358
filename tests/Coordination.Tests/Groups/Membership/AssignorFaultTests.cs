using Loire.Coordination.Groups.Membership;
using Loire.Model.Groups;
using static Loire.Coordination.Tests.Groups.Membership.TestGroup;

namespace Loire.Coordination.Tests.Groups.Membership;

/// <summary>Faulty third-party assignors.</summary>
public class AssignorFaultTests
{
    [Fact]
    public void Where_an_assignor_throws_the_next_that_all_list_makes_the_assignment()
    {
        var group = new TestGroup { Odd = _ => throw new FormatException("No.") };
        var step = group.Join("a", Wants(assignors: "odd-kept kept"));
        var failure = Assert.Single(step.Failures);
        Assert.Equal(("odd-kept", "It threw: No."), (failure.Assignor, failure.Detail));
        Assert.IsType<FormatException>(failure.Exception);
        Assert.Equal(("kept", "t-0 t-1 t-2 t-3"), (group.State.Assignor, group.Knows("a")));

        group.Odd = sound => sound;
        group.Join("b", Wants(assignors: "odd-kept kept"));
        group.Settle("a", "b");
        Assert.Equal("odd-kept", group.State.Assignor);
    }

    [Theory]
    [InlineData("c:t-1", "It assigns to 'c', which is no member.")]
    [InlineData("b:", "It has no list for member b.")]
    [InlineData("b:u-0", "It assigns u-0 to member b, which does not subscribe to that topic.")]
    [InlineData("b:t-2 t-3 t-4", "It assigns t-4, which does not exist.")]
    [InlineData("b:t-1 t-2 t-3", "It assigns t-1 twice.")]
    [InlineData("b:t-2", "It leaves 1 of 4 partitions to nobody.")]
    [InlineData("", "It has no list for member a.")]
    public void An_assignment_that_makes_no_sense_is_not_used(string change, string problem)
    {
        var group = new TestGroup(null, ("t", 4), ("u", 1));
        group.Join("a", Wants("t", assignors: "odd-kept kept"));
        group.Odd = sound =>
        {
            var (member, partitions) = (change.Split(':')[0], PartitionsOf(change[(change.IndexOf(':') + 1)..]));
            if (change.Length > 0)
            {
                sound.Remove(member);
            }

            if (partitions.Length > 0)
            {
                sound.Add(member, partitions);
            }

            return change.Length == 0 ? null! : sound;
        };
        var step = group.Join("b", Wants("t", assignors: "odd-kept kept"));
        Assert.Equal(new AssignorFailure("odd-kept", problem, null), Assert.Single(step.Failures));
        group.Settle("a", "b");
        Assert.Equal(("kept", "t-0 t-1", "t-2 t-3"), (group.State.Assignor, group.Assigned("a"), group.Assigned("b")));
    }

    [Theory]
    [InlineData("odd-kept")]
    [InlineData("odd-dealt")]
    public void Where_no_assignor_works_the_last_target_stays_and_whoever_has_nothing_of_it_learns_why(string assignor)
    {
        var group = new TestGroup();
        group.Join("a", Wants(assignors: assignor));
        group.Join("b", Wants(assignors: assignor));
        group.Settle("a", "b");
        var had = group.Assigned("a");
        group.Odd = _ => throw new FormatException("No.");

        Assert.Equal(ErrorCode.None, group.Join("c", Wants(assignors: assignor)).Error);
        Assert.Equal((ErrorCode.None, ""), (group.Told["c"].Error, group.Knows("c")));
        var joined = group.Told["c"];
        group.Beat("c");
        Assert.Equal(
            (ErrorCode.UnknownServerError, $"The assignor {assignor} fails. It threw: No."), (group.Told["c"].Error, group.Told["c"].Detail));
        group.Leave("b");
        Assert.Equal(ErrorCode.None, group.Beat("a").Error);
        Assert.Equal((ErrorCode.None, had), (group.Told["a"].Error, group.Knows("a")));
        group.Restart();
        Assert.NotEmpty(group.Topics(("t", 4)).Failures);

        group.Odd = sound => sound;
        Assert.Empty(group.Topics(("t", 4)).Failures);
        group.Told["c"] = joined;
        group.Settle("a", "c");
        Assert.Equal(4, group.State.Members.Values.Sum(member => member.Assigned.Count));
        Assert.Equal(2, group.State.Members["c"].Assigned.Count);
    }

    [Fact]
    public void An_eager_group_whose_assignor_fails_in_the_middle_of_a_rebalance_finishes_it()
    {
        var group = new TestGroup();
        group.Join("a", Wants(assignors: "odd-dealt"));
        group.Join("b", Wants(assignors: "odd-dealt"));
        Assert.Equal((GroupPhase.Reconciling, ""), (group.State.Phase, group.Assigned("a")));
        group.Odd = _ => throw new FormatException("No.");
        group.Join("c", Wants(assignors: "odd-dealt"));
        group.Beat("a");
        group.Beat("a");
        Assert.Equal(("t-0 t-2", "t-1 t-3", ""), (group.Assigned("a"), group.Assigned("b"), group.Assigned("c")));
    }

    [Fact]
    public void Nobody_asks_an_assignor_that_fails_again_before_something_changes()
    {
        var asked = 0;
        var group = new TestGroup
        {
            Odd = _ =>
            {
                asked++;
                throw new FormatException("No.");
            },
        };
        group.Join("a", Wants(assignors: "odd-kept"));
        Assert.Equal((1, GroupPhase.Assigning), (asked, group.State.Phase));
        for (var i = 0; i < 30; i++)
        {
            group.After(1);
            group.Beat("a", 1, []);
        }

        Assert.Equal(1, asked);
        group.Topics(("t", 4));
        group.Join("b", Wants(assignors: "odd-kept"));
        Assert.Equal(3, asked);
        group.Leave("a");
        group.Leave("b");
        group.Join("c");
        group.Beat("c");
        Assert.Equal((ErrorCode.None, "t-0 t-1 t-2 t-3"), (group.Told["c"].Error, group.Knows("c")));
    }
}
