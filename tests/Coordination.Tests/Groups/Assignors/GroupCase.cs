using Loire.Model;
using Loire.Coordination.Groups.Assignors;

namespace Loire.Coordination.Tests.Groups.Assignors;

/// <summary>
/// A group and topics, as one line: <c>t0:3,t1:2|C0;instance;generation;t0,t1;t0-0,t1-1|C1;;-1;t0;</c>, that is topics with their
/// partition counts, then the ids, generation, subscription and owned partitions of each member.
/// </summary>
internal sealed record GroupCase(IReadOnlyList<GroupSubscription> Members, IReadOnlyDictionary<TopicName, int> PartitionsCounts)
{
    /// <summary>The partitions that must have an owner.</summary>
    public IEnumerable<TopicPartition> Partitions => PartitionsCounts
        .Where(topic => Members.Any(member => member.Topics.Contains(topic.Key)))
        .SelectMany(topic => Enumerable.Range(0, topic.Value).Select(number => new TopicPartition(topic.Key, number)));

    public static GroupCase Parse(string line)
    {
        var fields = line.Split('|');
        return new GroupCase(
            [.. fields.Skip(1).Select(ParseMember)],
            List(fields[0]).Select(topic => topic.Split(':'))
                .ToDictionary(topic => TopicName.Parse(topic[0]), topic => int.Parse(topic[1])));
    }

    public static TopicPartition ParsePartition(string text)
    {
        var dash = text.LastIndexOf('-');
        return new TopicPartition(TopicName.Parse(text[..dash]), int.Parse(text[(dash + 1)..]));
    }

    /// <summary>The assignment as <c>C0: t0-0 t0-1 | C1: t0-2</c>, members in order.</summary>
    public string Assign(IAssignor assignor) => Text(assignor.Assign(Members, PartitionsCounts));

    public static string Text(IReadOnlyDictionary<MemberId, IReadOnlyList<TopicPartition>> assignment) =>
        string.Join(" | ", assignment.OrderBy(member => member.Key)
            .Select(member => $"{member.Key}: {string.Join(' ', member.Value)}".TrimEnd()));

    /// <summary>The group after <paramref name="assignor"/> has assigned its partitions.</summary>
    public GroupCase After(IAssignor assignor)
    {
        var assignment = assignor.Assign(Members, PartitionsCounts);
        return this with
        {
            Members = [.. Members.Select(member => member with { Owned = assignment[member.MemberId], OwnedGeneration = 7 })],
        };
    }

    public override string ToString() =>
        string.Join('|', [string.Join(',', PartitionsCounts.Select(topic => $"{topic.Key}:{topic.Value}")), .. Members.Select(Text)]);

    private static string Text(GroupSubscription member) => string.Join(
        ';', member.MemberId, member.InstanceId, member.OwnedGeneration, string.Join(',', member.Topics), string.Join(',', member.Owned));

    private static GroupSubscription ParseMember(string text)
    {
        var fields = text.Split(';');
        return new GroupSubscription(
            fields[0],
            fields[1] == "" ? default(GroupInstanceId?) : fields[1],
            [.. List(fields[3]).Select(TopicName.Parse)],
            [.. List(fields[4]).Select(ParsePartition)],
            int.Parse(fields[2]));
    }

    private static string[] List(string text) => text.Split(',', StringSplitOptions.RemoveEmptyEntries);
}
