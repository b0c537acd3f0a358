using Loire.Model;

namespace Loire.Coordination.Groups.Assignors;

/// <summary>
/// The partitions of subscribed topics, numbered in order, and the members, numbered in the assignor's order. An assignment is an array
/// that maps partition numbers to member numbers, so it does not depend on the order of the input.
/// </summary>
internal sealed class SubscribedPartitions
{
    /// <summary>The member number of a partition without an owner.</summary>
    public const int Unowned = -1;

    private readonly Dictionary<TopicName, int> _topicNumbers;
    private readonly int[] _topicOf;

    /// <exception cref="ArgumentException">A member id occurs twice, or a partition count is negative.</exception>
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

    /// <summary>The existing topics that have a subscriber and a partition, in order of their names.</summary>
    public SubscribedTopic[] Topics { get; }

    /// <summary>The number of partitions; they are numbered from 0.</summary>
    public int Count { get; private set; }

    /// <summary>The index in <see cref="Topics"/> of a partition's topic.</summary>
    public int TopicOf(int partition) => _topicOf[partition];

    /// <summary>The partition's number within its topic.</summary>
    public int InTopic(int partition) => partition - Topics[_topicOf[partition]].First;

    /// <summary>Finds a partition's number; false if the partition does not exist or its topic has no subscriber.</summary>
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

    /// <summary>Converts an array of member numbers, indexed by partition number, to an assignment.</summary>
    public IReadOnlyDictionary<MemberId, IReadOnlyList<TopicPartition>> Assignment(int[] owners)
    {
        var partitions = Array.ConvertAll(Members, _ => new List<TopicPartition>());
        for (var partition = 0; partition < Count; partition++)
        {
            Invariant.Check(owners[partition] != Unowned, "every partition of a topic with a subscriber has an owner");
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
/// <param name="Name">The topic's name.</param>
/// <param name="First">The number of its partition 0; the others follow.</param>
/// <param name="PartitionsCount">At least 1.</param>
/// <param name="Subscribers">The numbers of its subscribers, ascending; at least one.</param>
internal readonly record struct SubscribedTopic(TopicName Name, int First, int PartitionsCount, int[] Subscribers);
