using System.Collections.Immutable;
using Loire.Coordination.Placement;
using Loire.Model;

namespace Loire.Coordination.Tests.Placement;

public class PlacementRulesTests
{
    private static readonly BrokerPlace[] ThreeBrokers = [new(1, null), new(2, null), new(3, null)];

    [Fact]
    public void Partitions_of_a_topic_are_spread_evenly_and_topics_begin_at_different_brokers()
    {
        var firsts = new HashSet<int>();
        foreach (var topic in Topics(100))
        {
            var leaders = PlacementRules.Extend(topic, [], 7, ThreeBrokers);
            Assert.Equal([2, 2, 3], leaders.CountBy(leader => leader).Select(pair => pair.Value).Order());
            firsts.Add(leaders[0]);
        }

        Assert.Equal([1, 2, 3], firsts.Order());
    }

    [Fact]
    public void Consecutive_partitions_are_led_from_different_racks()
    {
        BrokerPlace[] brokers = [new(1, "a"), new(2, "a"), new(3, "b"), new(4, "b"), new(5, "c"), new(6, "c")];
        foreach (var topic in Topics(20))
        {
            var racks = PlacementRules.Extend(topic, [], 6, brokers).Select(leader => brokers.Single(broker => broker.Id == leader).Rack).ToList();
            Assert.Equal(["a", "b", "c"], racks[..3].Order());
            Assert.Equal(racks[..3], racks[3..]);
        }
    }

    [Fact]
    public void Added_partitions_go_where_the_topic_has_the_fewest_and_the_existing_ones_stay()
    {
        var leaders = PlacementRules.Extend(Topic.Id, [1, 1, 2], 6, ThreeBrokers);

        Assert.Equal([1, 1, 2], leaders.Take(3));
        Assert.Equal([2, 2, 2], leaders.CountBy(leader => leader).Select(pair => pair.Value));
    }

    [Fact]
    public void Rebalance_is_even_with_as_few_changes_as_that_takes()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var round = 0; round < 300; round++)
        {
            var brokers = Enumerable.Range(0, random.Next(1, 6)).Select(id => new BrokerPlace(id, random.Next(2) == 0 ? null : "r")).ToArray();
            var before = Enumerable.Range(0, random.Next(0, 12)).Select(_ => random.Next(-1, 7)).ToImmutableArray();
            var after = PlacementRules.Rebalance(Topic.Id, before, brokers);
            var counts = brokers.Select(broker => after.Count(leader => leader == broker.Id)).ToList();
            Assert.True(after.Length == before.Length && counts.Sum() == after.Length, $"seed {seed}, round {round}: every partition has a broker that serves");
            Assert.True(counts.Max() - counts.Min() <= 1, $"seed {seed}, round {round}: {string.Join(",", after)}");

            // At least as many must move as any even spread leaves without room: the brokers with the most keep the larger shares.
            var (share, larger) = (before.Length / brokers.Length, before.Length % brokers.Length);
            var kept = brokers.Select(broker => before.Count(leader => leader == broker.Id)).OrderDescending()
                .Select((count, rank) => Math.Min(count, rank < larger ? share + 1 : share)).Sum();
            Assert.Equal(before.Length - kept, before.Zip(after).Count(pair => pair.First != pair.Second));
        }
    }

    [Fact]
    public void Leader_is_the_preferred_one_while_it_serves_and_the_others_share_its_partitions_otherwise()
    {
        var standIns = new List<int>();
        for (var partition = 0; partition < 6; partition++)
        {
            var key = new PartitionKey(TopicName.Parse("t"), Topic.Id, partition);
            Assert.Equal(2, PlacementRules.Leader(key, 2, [1, 2, 3]));
            standIns.Add(PlacementRules.Leader(key, 2, [1, 3]));
        }

        Assert.Equal([3, 3], standIns.CountBy(leader => leader).Select(pair => pair.Value));
    }

    private static IEnumerable<TopicId> Topics(int count)
    {
        var random = new Random(1);
        var bytes = new byte[16];
        for (; count > 0; count--)
        {
            random.NextBytes(bytes);
            yield return new TopicId(new Guid(bytes));
        }
    }
}
