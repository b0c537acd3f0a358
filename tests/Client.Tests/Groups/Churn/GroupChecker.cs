using Loire.Model;

namespace Loire.Client.Tests.Groups.Churn;

/// <summary>
/// Judges what was seen of groups by what they promise, and knows nothing of how they work:
/// <list type="number">
/// <item>in one generation a partition is assigned to one member, and a member's generation never falls;</item>
/// <item>a consumer is given records of its partitions only, and none once another consumer has taken the partition over;</item>
/// <item>at least once: a consumer goes on where the group has arrived, behind no stored commit and beyond no record that nobody was given;
/// nothing is committed that no application has finished; in the end everything acknowledged was delivered;</item>
/// <item>at most once: no record is delivered twice, and each is committed before;</item>
/// <item>a stored commit never falls behind an earlier one, is never lost, and never comes from who has lost the partition before;</item>
/// <item>everyone is given the same record at the same offset, the one that was acknowledged.</item>
/// </list>
/// A consumer that takes over the instance id of another is its successor: until the older one hears of it, both are given records.
/// </summary>
internal sealed class GroupChecker(IReadOnlyDictionary<string, ConsumeGuarantee> groups)
{
    private readonly Dictionary<TopicPartition, Dictionary<long, long>> _values = [];
    private readonly Dictionary<TopicPartition, long> _acknowledged = [];
    private readonly Dictionary<(string Group, TopicPartition Partition), PartitionFacts> _facts = [];
    private readonly Dictionary<string, (int Generation, long At)> _generations = new(StringComparer.Ordinal);
    private readonly List<string> _problems = [];

    /// <summary>What was not as promised; empty after a good run.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>Takes note of what happened next.</summary>
    public void Take(Happening next)
    {
        switch (next)
        {
            case Acknowledged record:
                _acknowledged[record.Partition] = Math.Max(record.Offset, _acknowledged.GetValueOrDefault(record.Partition));
                CheckValue(record.Partition, record.Offset, record.Value, "a producer");
                break;
            case Answered answer:
                CheckGenerations(answer);
                break;
            case Assigned assigned:
                Of(assigned.Group, assigned.Partition).Assign(assigned);
                break;
            case Revoked revoked:
                Of(revoked.Group, revoked.Partition).Revoke(revoked.Consumer);
                break;
            case Delivered record:
                CheckValue(record.Partition, record.Offset, record.Value, record.Consumer);
                Note(record, Of(record.Group, record.Partition).Deliver(record));
                break;
            case Finished record:
                Of(record.Group, record.Partition).Finish(record.Offset);
                break;
            case Committing commit:
                Note(commit, Of(commit.Group, commit.Partition).BeginCommit(commit));
                break;
            case Committed commit:
                Note(commit, Of(commit.Group, commit.Partition).EndCommit(commit));
                break;
            case OffsetRead read:
                Note(read, Of(read.Group, read.Partition).Read(read));
                break;
        }
    }

    /// <summary>The first record that was acknowledged and not delivered to a group; null if there is none.</summary>
    public (TopicPartition Partition, long Offset)? FirstMissing(string group)
    {
        foreach (var (partition, last) in _acknowledged)
        {
            if (Of(group, partition).Through <= last)
            {
                return (partition, Of(group, partition).Through);
            }
        }

        return null;
    }

    /// <summary>Nothing more will happen.</summary>
    public void End()
    {
        foreach (var (group, guarantee) in groups)
        {
            if (guarantee == ConsumeGuarantee.AtLeastOnce && FirstMissing(group) is var (partition, offset))
            {
                _problems.Add($"{group}: {partition}@{offset} was acknowledged and never delivered");
            }
        }
    }

    private PartitionFacts Of(string group, TopicPartition partition)
    {
        if (!_facts.TryGetValue((group, partition), out var facts))
        {
            _facts.Add((group, partition), facts = new PartitionFacts(groups[group]));
        }

        return facts;
    }

    private void CheckValue(TopicPartition partition, long offset, long value, string who)
    {
        if (!_values.TryGetValue(partition, out var values))
        {
            _values.Add(partition, values = []);
        }

        if (values.TryAdd(offset, value) ? value < 0 : values[offset] != value)
        {
            _problems.Add($"{partition}@{offset} is {value} for {who} and was {values[offset]} before");
        }
    }

    private void CheckGenerations(Answered answer)
    {
        // An answer may be late: what counts is what the member could know when it asked.
        var (before, at) = _generations.GetValueOrDefault(answer.MemberId);
        if (answer.Generation > before)
        {
            _generations[answer.MemberId] = (answer.Generation, answer.At);
        }
        else if (answer.Generation < before && at <= answer.BegunAt)
        {
            Note(answer, $"the generation has fallen from {before}");
        }

        foreach (var partition in answer.Partitions)
        {
            Note(answer, Of(answer.Group, partition).Own(answer.Instance ?? answer.MemberId, answer.Generation));
        }
    }

    private void Note(Happening happening, string? problem)
    {
        if (problem is not null)
        {
            _problems.Add($"{problem}: {happening}");
        }
    }
}
