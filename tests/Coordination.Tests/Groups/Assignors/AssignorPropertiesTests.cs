using Loire.Coordination.Groups.Assignors;

namespace Loire.Coordination.Tests.Groups.Assignors;

/// <summary>Properties of all assignments, checked on random groups.</summary>
public class AssignorPropertiesTests
{
    private const int Groups = 600;

    public static TheoryData<string> Names => [.. new AssignorRegistry().Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_partition_of_a_subscribed_topic_goes_to_exactly_one_subscriber(string name) =>
        RandomGroups.Each(Groups, Traits.Owned | Traits.Wild, (group, _) =>
        {
            var assignment = Assignor(name).Assign(group.Members, group.PartitionsCounts);

            Assert.Equal(group.Members.Select(member => member.MemberId).Order(), assignment.Keys.Order());
            Assert.Equal(group.Partitions.Order(), assignment.Values.SelectMany(partitions => partitions).Order());
            Assert.All(group.Members, member =>
            {
                var partitions = assignment[member.MemberId];
                Assert.Equal(partitions.Order(), partitions);
                Assert.All(partitions, partition => Assert.Contains(partition.Topic, member.Topics));
            });
        });

    [Theory]
    [MemberData(nameof(Names))]
    public void The_order_of_the_input_does_not_matter(string name) =>
        RandomGroups.Each(Groups, Traits.Owned | Traits.Wild, (group, random) =>
        {
            var shuffled = new GroupCase(
                Shuffled(group.Members.Select(member => member with
                {
                    Topics = Shuffled(member.Topics, random),
                    Owned = Shuffled(member.Owned, random),
                }), random),
                Shuffled(group.PartitionsCounts, random).ToDictionary());

            Assert.Equal(group.Assign(Assignor(name)), shuffled.Assign(Assignor(name)));
        });

    [Theory]
    [InlineData("roundrobin")]
    [InlineData("sticky")]
    [InlineData("cooperative-sticky")]
    public void Members_with_the_same_topics_get_the_same_number_to_within_one(string name) =>
        RandomGroups.Each(Groups, Traits.Owned | Traits.Equal, (group, _) =>
        {
            var partitions = Assignor(name).Assign(group.Members, group.PartitionsCounts).Values;
            Assert.InRange(partitions.Max(some => some.Count) - partitions.Min(some => some.Count), 0, 1);
        });

    [Theory]
    [InlineData((int)(Traits.Owned))]
    [InlineData((int)(Traits.Owned | Traits.Wild))]
    public void No_single_move_makes_a_sticky_assignment_more_even(int traits) =>
        RandomGroups.Each(Groups, (Traits)traits, (group, _) =>
        {
            var assignment = new StickyAssignor().Assign(group.Members, group.PartitionsCounts);
            foreach (var poor in group.Members)
            {
                var rich = assignment.Where(other => other.Value.Count > assignment[poor.MemberId].Count + 1);
                Assert.DoesNotContain(rich.SelectMany(other => other.Value), partition => poor.Topics.Contains(partition.Topic));
            }
        });

    [Fact]
    public void Members_with_the_same_topics_keep_as_much_as_their_shares_allow() =>
        RandomGroups.Each(Groups, Traits.Owned | Traits.Equal, (group, _) =>
        {
            var (share, more) = Math.DivRem(group.Partitions.Count(), group.Members.Count);
            var had = group.Members.Select(member => member.Owned.Count).ToArray();
            var most = had.Sum(count => Math.Min(count, share)) + Math.Min(more, had.Count(count => count > share));
            Assert.Equal(most, Kept(group, new StickyAssignor()));
        });

    [Theory]
    [InlineData((int)(Traits.None))]
    [InlineData((int)(Traits.Equal))]
    public void Nothing_moves_when_nothing_has_changed(int traits) =>
        RandomGroups.Each(Groups, (Traits)traits, (group, _) =>
            Assert.Equal(group.Assign(new StickyAssignor()), group.After(new StickyAssignor()).Assign(new StickyAssignor())));

    [Fact]
    public void When_a_member_leaves_only_its_partitions_move() =>
        RandomGroups.Each(Groups, Traits.Equal, (group, random) =>
        {
            var after = group.After(new StickyAssignor());
            var left = after with { Members = [.. after.Members.Where((_, place) => place != 0)] };
            Assert.Equal(left.Members.Sum(member => member.Owned.Count), Kept(left, new StickyAssignor()));
        });

    [Fact]
    public void When_a_member_joins_partitions_move_to_it_alone() =>
        RandomGroups.Each(Groups, Traits.Equal, (group, _) =>
        {
            var after = group.After(new StickyAssignor());
            var newcomer = after.Members[0] with { MemberId = "New", Owned = [], OwnedGeneration = -1 };
            var joined = after with { Members = [.. after.Members, newcomer] };
            var assignment = new StickyAssignor().Assign(joined.Members, joined.PartitionsCounts);
            Assert.All(after.Members, member => Assert.Empty(assignment[member.MemberId].Except(member.Owned)));
        });

    [Fact]
    public void When_partitions_are_added_those_that_were_there_stay() =>
        RandomGroups.Each(Groups, Traits.Equal, (group, random) =>
        {
            var after = group.After(new StickyAssignor());
            var counts = after.PartitionsCounts.ToDictionary(topic => topic.Key, topic => topic.Value + random.Next(5));
            var grown = after with { PartitionsCounts = counts };
            Assert.Equal(group.Partitions.Count(), Kept(grown, new StickyAssignor()));
        });

    [Fact]
    public void With_different_topics_what_a_member_leaves_behind_is_nearly_all_that_moves()
    {
        var (moved, stayed) = (0, 0);
        RandomGroups.Each(Groups, Traits.None, (group, _) =>
        {
            var after = group.After(new StickyAssignor());
            var left = after with { Members = [.. after.Members.Skip(1)] };
            var kept = Kept(left, new StickyAssignor());
            stayed += kept;
            moved += left.Members.Sum(member => member.Owned.Count) - kept;
        });

        // A departed member's partition may trigger a chain of moves if only that balances the counts.
        Assert.InRange((double)moved / (moved + stayed), 0, 0.03);
    }

    [Fact]
    public void A_member_id_that_occurs_twice_is_refused() =>
        Assert.All(AssignorRegistry.BuiltIn,
            assignor => Assert.Throws<ArgumentException>(() => GroupCase.Parse("t:1|a;;-1;t;|a;;-1;t;").Assign(assignor)));

    [Fact]
    public void A_negative_number_of_partitions_is_refused() =>
        Assert.All(AssignorRegistry.BuiltIn,
            assignor => Assert.Throws<ArgumentOutOfRangeException>(() => GroupCase.Parse("t:-1|a;;-1;t;").Assign(assignor)));

    [Fact]
    public void A_group_without_members_gets_nothing() =>
        Assert.All(AssignorRegistry.BuiltIn, assignor => Assert.Empty(assignor.Assign([], GroupCase.Parse("t:3").PartitionsCounts)));

    private static IAssignor Assignor(string name) => AssignorRegistry.BuiltIn.Single(assignor => assignor.Name == name);

    private static int Kept(GroupCase group, IAssignor assignor)
    {
        var assignment = assignor.Assign(group.Members, group.PartitionsCounts);
        return group.Members.Sum(member => assignment[member.MemberId].Intersect(member.Owned).Count());
    }

    private static T[] Shuffled<T>(IEnumerable<T> items, Random random)
    {
        var shuffled = items.ToArray();
        random.Shuffle(shuffled);
        return shuffled;
    }
}
