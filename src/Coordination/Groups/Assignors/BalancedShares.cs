namespace Loire.Coordination.Groups.Assignors;

/// <summary>
/// The sticky assignment where members subscribe to different topics. Members keep what they had and still subscribe to; what is left goes
/// to the subscriber with the fewest partitions; then single partitions move from a member to one that has at least two fewer, until there
/// is no such move. Partitions of topics with few subscribers go first, since they have the least choice.
/// </summary>
/// <remarks>
/// A move makes the sum of the squares of the members' counts smaller, except for a bounded number of them, so it ends. It takes a look at
/// each subscriber for each partition, about as many times over as moves depend on each other, which is few where many members share
/// topics.
/// </remarks>
internal sealed class BalancedShares
{
    private readonly SubscribedPartitions _partitions;
    private readonly int[] _earlier;
    private readonly int[] _owners;
    private readonly int[] _counts;
    private readonly Moves _moves;
    private int _detours;

    private BalancedShares(SubscribedPartitions partitions, Claims claims)
    {
        _partitions = partitions;
        _owners = [.. claims.Owners];
        _earlier = claims.PreviousDelivery;
        _counts = new int[partitions.Members.Length];
        _moves = new Moves(partitions);
        _detours = partitions.Count;
    }

    public static int[] Assign(SubscribedPartitions partitions, Claims claims)
    {
        var shares = new BalancedShares(partitions, claims);
        var anyRevoked = shares.Keep();
        var all = Enumerable.Range(0, partitions.Topics.Length)
            .OrderBy(topic => partitions.Topics[topic].Subscribers.Length)
            .SelectMany(topic => Enumerable.Range(partitions.Topics[topic].First, partitions.Topics[topic].PartitionsCount))
            .ToArray();
        var unowned = Array.FindAll(all, partition => shares._owners[partition] == SubscribedPartitions.Nobody);
        shares.Give(unowned);

        // At first only those move that are new to their owner anyway. Kafka does not try that when something was revoked.
        if (!anyRevoked)
        {
            shares.Balance(unowned);
        }

        shares.Balance(all);
        return shares._owners;
    }

    private bool Keep()
    {
        var anyRevoked = false;
        for (var partition = 0; partition < _owners.Length; partition++)
        {
            if (_owners[partition] == SubscribedPartitions.Nobody)
            {
                continue;
            }

            if (Subscribes(_owners[partition], partition))
            {
                _counts[_owners[partition]]++;
            }
            else
            {
                _owners[partition] = SubscribedPartitions.Nobody;
                anyRevoked = true;
            }
        }

        return anyRevoked;
    }

    private void Give(int[] unowned)
    {
        foreach (var partition in unowned)
        {
            _owners[partition] = Poorest(partition);
            _counts[_owners[partition]]++;
        }
    }

    private void Balance(int[] partitions)
    {
        var moved = true;
        while (moved)
        {
            moved = false;
            foreach (var partition in partitions)
            {
                if (Better(partition) is { } member)
                {
                    Move(Chosen(partition, member), member);
                    moved = true;
                }
            }
        }
    }

    private int? Better(int partition)
    {
        // Kafka forgets to ask whether that member still subscribes to the topic.
        if (_earlier[partition] is not SubscribedPartitions.Nobody and var earlier
            && Subscribes(earlier, partition) && IsBetter(earlier, partition))
        {
            return earlier;
        }

        var poorest = Poorest(partition);
        return IsBetter(poorest, partition) ? poorest : null;
    }

    private int Chosen(int partition, int member)
    {
        if (_moves.Instead(partition, _owners[partition], member) is not { } other)
        {
            return partition;
        }

        // What returns to the member may come from one that has no more than it. Kafka does that always; a bound makes sure of an end.
        return IsBetter(member, other) || _detours-- > 0 ? other : partition;
    }

    private bool IsBetter(int member, int partition) => _counts[_owners[partition]] > _counts[member] + 1;

    private void Move(int partition, int member)
    {
        _moves.Add(partition, _owners[partition], member);
        _counts[_owners[partition]]--;
        _counts[member]++;
        _owners[partition] = member;
    }

    private bool Subscribes(int member, int partition) =>
        Array.BinarySearch(_partitions.Topics[_partitions.TopicOf(partition)].Subscribers, member) >= 0;

    // The subscriber with the fewest partitions; of several, the first by id.
    private int Poorest(int partition)
    {
        var subscribers = _partitions.Topics[_partitions.TopicOf(partition)].Subscribers;
        var (poorest, fewest) = (subscribers[0], _counts[subscribers[0]]);
        foreach (var member in subscribers)
        {
            if (_counts[member] < fewest)
            {
                (poorest, fewest) = (member, _counts[member]);
            }
        }

        return poorest;
    }
}
