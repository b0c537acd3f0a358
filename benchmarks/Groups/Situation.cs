using Loire.Model;
using Loire.Coordination.Groups.Assignors;

namespace Loire.Groups.Benchmarks;

/// <summary>A group for which an assignment is to be made.</summary>
/// <param name="Name">In a few words.</param>
/// <param name="Members">Its members.</param>
/// <param name="PartitionsCounts">The topics.</param>
/// <param name="IsReassignment">Whether members had partitions before.</param>
internal sealed record Situation(
    string Name, GroupSubscription[] Members, IReadOnlyDictionary<TopicName, int> PartitionsCounts, bool IsReassignment)
{
    public static IEnumerable<Situation> All(int members, int partitions)
    {
        var one = Topics(1, partitions);
        var many = Topics(100, partitions);
        var tiny = Topics(1_000, partitions);
        var peers = tiny.Keys.ToArray();
        var next = -1;
        foreach (var (name, fresh) in new (string, Situation)[]
        {
            ("1 topic", Fresh(members, one, _ => one.Keys)),
            ("100 topics", Fresh(members, many, _ => many.Keys)),
            ("each of 100 topics by every other member", Fresh(members, many, random => many.Keys.Where(_ => random.Next(2) == 0))),
            ("each of 100 topics by 10 members", Fresh(members, many, random => many.Keys.Where(_ => random.Next(100) == 0))),
            ("each of 1,000 topics by every other member", Fresh(members, tiny, random => tiny.Keys.Where(_ => random.Next(2) == 0))),
            ("a chain: each topic by two peers", Fresh(members, tiny, _ => peers.Skip(++next % members).Take(2))),
            ("1 topic by half, 99 by all", Fresh(members, many, random => many.Keys.Skip(random.Next(2)))),
        })
        {
            yield return fresh with { Name = $"{name}, new group" };
            var running = Assigned(fresh);
            yield return running with { Name = $"{name}, one leaves", Members = running.Members[1..] };
            var newcomer = fresh.Members[0] with { MemberId = "new" };
            yield return running with { Name = $"{name}, one joins", Members = [.. running.Members, newcomer] };
            yield return Doubled(running) with { Name = $"{name}, partitions doubled from half" };
            yield return Heaped(fresh) with { Name = $"{name}, ten had everything" };
        }
    }

    private static Dictionary<TopicName, int> Topics(int count, int partitions) =>
        Enumerable.Range(0, count).ToDictionary(number => TopicName.Parse($"topic-{number:D4}"), _ => partitions / count);

    private static Situation Fresh(int members, Dictionary<TopicName, int> counts, Func<Random, IEnumerable<TopicName>> topics)
    {
        var random = new Random(1);
        return new Situation("", [.. Enumerable.Range(0, members).Select(_ =>
            new GroupSubscription($"member-{random.NextInt64():x16}", null, [.. topics(random)], [], 1))], counts, false);
    }

    private static Situation Assigned(Situation fresh)
    {
        var assignment = new StickyAssignor().Assign(fresh.Members, fresh.PartitionsCounts);
        return fresh with
        {
            Members = Array.ConvertAll(fresh.Members, member => member with { Owned = assignment[member.MemberId] }),
            IsReassignment = true,
        };
    }

    private static Situation Doubled(Situation running) => running with
    {
        Members = Array.ConvertAll(running.Members, member => member with
        {
            Owned = [.. member.Owned.Where(partition => partition.Partition < running.PartitionsCounts[partition.Topic] / 2)],
        }),
    };

    private static Situation Heaped(Situation fresh)
    {
        var few = Assigned(fresh with { Members = fresh.Members[..10] }).Members;
        return fresh with { Members = [.. few, .. fresh.Members[10..]], IsReassignment = true };
    }
}
