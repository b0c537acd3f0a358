using Loire.Model;
using Loire.Model.Tests.Clients;
using Loire.Coordination.Groups.Assignors;

namespace Loire.Coordination.Tests.Groups.Assignors;

/// <summary>
/// Compares kafka-python's assignors with ours on random groups. It has no static members, and its sticky assignor is Kafka's first
/// version, without the separate algorithm for members with equal subscriptions.
/// </summary>
public class KafkaPythonTests
{
    private const int Groups = 300;

    [NeedsTheory(Needed.KafkaPython)]
    [InlineData("range", (int)Traits.None)]
    [InlineData("range", (int)Traits.Equal)]
    [InlineData("roundrobin", (int)Traits.None)]
    [InlineData("roundrobin", (int)Traits.Equal)]
    [InlineData("sticky", (int)Traits.None)]
    [InlineData("sticky", (int)Traits.Equal)]
    public void A_new_group_is_assigned_alike(string name, int traits)
    {
        var groups = RandomGroups.List(Groups, (Traits)traits);
        Assert.All(groups.Zip(Theirs(name, groups)), pair => Assert.Equal(pair.Second, pair.First.Assign(Assignor(name))));
    }

    [NeedsFact(Needed.KafkaPython)]
    public void A_group_with_equal_subscriptions_is_as_balanced_and_keeps_as_much()
    {
        var groups = RandomGroups.List(Groups, Traits.Owned | Traits.Equal);
        Assert.All(groups.Zip(Theirs("sticky", groups)), pair => BalancesAndKeeps(pair.First, pair.Second));
    }

    [NeedsFact(Needed.KafkaPython)]
    public void A_group_with_different_subscriptions_is_reassigned_alike_but_for_the_order_of_a_hash_set()
    {
        var groups = RandomGroups.List(Groups, Traits.Owned)
            .Where(group => group.Members.Any(member => !member.Topics.ToHashSet().SetEquals(group.Members[0].Topics))).ToArray();
        var theirs = Theirs("sticky", groups);

        Assert.All(groups.Zip(theirs), pair => BalancesAndKeeps(pair.First, pair.Second));

        // Which of several equivalent partitions returns to a member is arbitrary. Few groups reach this case.
        var alike = groups.Zip(theirs).Count(pair => pair.First.Assign(new StickyAssignor()) == pair.Second);
        Assert.InRange(alike, groups.Length * 97 / 100, groups.Length);
    }

    private static void BalancesAndKeeps(GroupCase group, string theirs)
    {
        var ours = group.Assign(new StickyAssignor());
        Assert.Equal(Counts(theirs), Counts(ours));
        Assert.True(Kept(group, ours) >= Kept(group, theirs), $"{group}: ours {ours}, theirs {theirs}");
    }

    private static IAssignor Assignor(string name) => AssignorRegistry.BuiltIn.Single(assignor => assignor.Name == name);

    private static string[] Theirs(string name, GroupCase[] groups)
    {
        var input = Path.GetTempFileName();
        try
        {
            File.WriteAllLines(input, groups.Select(group => $"{name}|{group}"));
            var script = Path.Combine(AppContext.BaseDirectory, "Groups", "Assignors", "kafka_python_assign.py");
            return Installed.Output(Installed.Python, script, input).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        finally
        {
            File.Delete(input);
        }
    }

    private static IEnumerable<(string Member, TopicPartition[] Partitions)> Members(string assignment) =>
        assignment.Split(" | ").Select(member => member.Split(' ')).Select(words =>
            (words[0].TrimEnd(':'), words.Skip(1).Select(GroupCase.ParsePartition).ToArray()));

    private static IEnumerable<int> Counts(string assignment) => Members(assignment).Select(member => member.Partitions.Length).Order();

    private static int Kept(GroupCase group, string assignment) => Members(assignment).Sum(member =>
        group.Members.Single(known => known.MemberId == member.Member).Owned.Intersect(member.Partitions).Count());
}
