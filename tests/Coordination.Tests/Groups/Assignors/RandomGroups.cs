using Loire.Model;
using Loire.Coordination.Groups.Assignors;

namespace Loire.Coordination.Tests.Groups.Assignors;

/// <summary>The features of a random group.</summary>
[Flags]
internal enum Traits
{
    /// <summary>Dynamic members with different subscriptions and no owned partitions.</summary>
    None = 0,

    /// <summary>All members subscribe to all topics.</summary>
    Equal = 1,

    /// <summary>Some members owned partitions, a few of them very many.</summary>
    Owned = 2,

    /// <summary>
    /// Contradictory claims, from several generations, to nonexistent or unsubscribed partitions; empty subscriptions and subscriptions to
    /// nonexistent topics; static members.
    /// </summary>
    Wild = 4,
}

/// <summary>Generates groups from a seed, which the message of a failed check contains.</summary>
internal static class RandomGroups
{
    private static readonly int Seed =
        int.TryParse(Environment.GetEnvironmentVariable("LOIRE_SEED"), out var given) ? given : 20260101;

    /// <summary>Checks many groups, and reports the one that failed.</summary>
    public static void Each(int count, Traits traits, Action<GroupCase, Random> check)
    {
        var random = new Random(Seed);
        for (var i = 0; i < count; i++)
        {
            var group = Next(random, traits);
            try
            {
                check(group, random);
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"LOIRE_SEED={Seed}, group {i}: {group}", exception);
            }
        }
    }

    public static GroupCase[] List(int count, Traits traits)
    {
        var random = new Random(Seed);
        return [.. Enumerable.Range(0, count).Select(_ => Next(random, traits))];
    }

    public static GroupCase Next(Random random, Traits traits)
    {
        var wild = traits.HasFlag(Traits.Wild);
        var topics = Enumerable.Range(0, random.Next(1, 7)).Select(number => TopicName.Parse($"t{number}")).ToArray();
        var counts = topics.Skip(wild ? random.Next(2) : 0)
            .ToDictionary(topic => topic, _ => random.Next(wild ? 0 : 1, random.Next(2, 14)));
        var names = Enumerable.Range(0, random.Next(1, 10)).Select(number => $"{(char)random.Next('A', 'z' + 1)}{number}").ToArray();
        var members = Array.ConvertAll(names, name => new GroupSubscription(
            name,
            wild && random.Next(2) == 0 ? $"i{random.Next(1000)}{name}" : default(GroupInstanceId?),
            Topics(random, topics, traits),
            [],
            wild ? random.Next(-1, 4) : 5));
        if (traits.HasFlag(Traits.Owned))
        {
            Own(random, members, counts, wild);
        }

        return new GroupCase(members, counts);
    }

    private static TopicName[] Topics(Random random, TopicName[] topics, Traits traits)
    {
        if (traits.HasFlag(Traits.Equal))
        {
            return topics;
        }

        var some = topics.Where(_ => random.Next(2) == 0).ToArray();
        random.Shuffle(some);
        return some.Length == 0 && !traits.HasFlag(Traits.Wild) ? [topics[random.Next(topics.Length)]] : some;
    }

    private static void Own(Random random, GroupSubscription[] members, Dictionary<TopicName, int> counts, bool wild)
    {
        // Owners are drawn from the first few members, so that some own too many partitions.
        var few = random.Next(1, members.Length + 1);
        foreach (var (topic, count) in counts)
        {
            for (var number = 0; number < count + (wild ? 2 : 0); number++)
            {
                for (var claim = 0; claim < (wild ? 2 : 1); claim++)
                {
                    var member = random.Next(few);
                    if (random.Next(4) > 0 && (wild || members[member].Topics.Contains(topic)))
                    {
                        members[member] = members[member] with { Owned = [.. members[member].Owned, new TopicPartition(topic, number)] };
                    }
                }
            }
        }
    }
}
