using Loire.Model;

namespace Loire.Coordination.Groups.Assignors;

/// <summary>
/// The partitions that someone subscribes to, numbered in their order, and the members, numbered in the assignor's order. An assignment is
/// then an array that holds each partition's member, and no longer depends on the order in which anything was listed.
/// </summary>
internal sealed class SubscribedPartitions
{
    /// <summary>In the place of a member's number: nobody.</summary>
    public const int Nobody = -1;

    private readonly Dictionary<TopicName, int> _topicNumbers;
    private readonly int[] _topicOf;

    /// <exception cref="ArgumentException">A member id occurs twice, or a topic has less than 0 partitions.</exception>
    public SubscribedPartitions(
        IReadOnlyCollection<GroupSubscription> members,
        IReadOnlyDictionary<TopicName, int> partitionsCounts,
        IComparer<GroupSubscription> order)
    {
        if (members.DistinctBy(member => member.MemberId).Count() != members.Count)
        {
            throw new ArgumentException("A member id occurs twice.", nameof(members));
        }

        Members = [.. members.Order(order)];
        Topics = [.. Subscribers(Members, partitionsCounts)
            .OrderBy(topic => topic.Key)
            .Select(topic => Next(topic.Key, partitionsCounts[topic.Key], topic.Value))];
        _topicNumbers = Topics.Select((topic, number) => (topic.Name, number)).ToDictionary();
        _topicOf = new int[Count];
        for (var number = 0; number < Topics.Length; number++)
        {
            Array.Fill(_topicOf, number, Topics[number].First, Topics[number].PartitionsCount);
        }
    }

    /// <summary>The members in the assignor's order.</summary>
    public GroupSubscription[] Members { get; }

    /// <summary>The topics that exist and have a subscriber and a partition, by name.</summary>
    public SubscribedTopic[] Topics { get; }

    /// <summary>How many partitions there are; they are numbered from 0.</summary>
    public int Count { get; private set; }

    /// <summary>The number of a partition's topic.</summary>
    public int TopicOf(int partition) => _topicOf[partition];

    /// <summary>The partition's number in its topic.</summary>
    public int InTopic(int partition) => partition - Topics[_topicOf[partition]].First;

    /// <summary>Finds a partition's number; there is none if it does not exist or nobody subscribes to its topic.</summary>
    public bool TryFind(TopicPartition partition, out int number)
    {
        number = 0;
        if (!_topicNumbers.TryGetValue(partition.Topic, out var topic) || (uint)partition.Partition >= (uint)Topics[topic].PartitionsCount)
        {
            return false;
        }

        number = Topics[topic].First + partition.Partition;
        return true;
    }

    /// <summary>The assignment that gives each partition to <paramref name="owners"/>' member.</summary>
    public IReadOnlyDictionary<MemberId, IReadOnlyList<TopicPartition>> Assignment(int[] owners)
    {
        var partitions = Array.ConvertAll(Members, _ => new List<TopicPartition>());
        for (var partition = 0; partition < Count; partition++)
        {
            Invariant.Check(owners[partition] != Nobody, "every partition of a topic with a subscriber has an owner");
            partitions[owners[partition]].Add(new TopicPartition(Topics[_topicOf[partition]].Name, InTopic(partition)));
        }

        return Members.Zip(partitions).ToDictionary(pair => pair.First.MemberId, pair => (IReadOnlyList<TopicPartition>)pair.Second);
    }

    private static Dictionary<TopicName, List<int>> Subscribers(
        GroupSubscription[] members, IReadOnlyDictionary<TopicName, int> partitionsCounts)
    {
        var subscribers = new Dictionary<TopicName, List<int>>();
        foreach (var (topic, count) in partitionsCounts)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(count, nameof(partitionsCounts));
            if (count > 0)
            {
                subscribers.Add(topic, []);
            }
        }

        for (var member = 0; member < members.Length; member++)
        {
            foreach (var topic in members[member].Topics)
            {
                // A member that names a topic twice subscribes to it once.
                if (subscribers.TryGetValue(topic, out var already) && (already.Count == 0 || already[^1] != member))
                {
                    already.Add(member);
                }
            }
        }

        return subscribers.Where(topic => topic.Value.Count > 0).ToDictionary();
    }

    private SubscribedTopic Next(TopicName name, int partitionsCount, List<int> subscribers)
    {
        var first = Count;
        Count = checked(Count + partitionsCount);
        return new SubscribedTopic(name, first, partitionsCount, [.. subscribers]);
    }
}

/// <summary>A topic in an assignment.</summary>
/// <param name="Name">Its name.</param>
/// <param name="First">The number of its partition 0; the others follow.</param>
/// <param name="PartitionsCount">At least 1.</param>
/// <param name="Subscribers">The numbers of the members that subscribe to it, ascending; at least one.</param>
internal readonly record struct SubscribedTopic(TopicName Name, int First, int PartitionsCount, int[] Subscribers);
