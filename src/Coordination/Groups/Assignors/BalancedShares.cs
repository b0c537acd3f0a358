namespace Loire.Coordination.Groups.Assignors;

/// <summary>
/// The sticky assignment for members that subscribe to different topics. Members keep the partitions that they had and still subscribe to;
/// each unowned partition goes to its subscriber with the fewest partitions; then single partitions move from a member to one that has at
/// least two fewer, until no such move exists. Partitions of topics with few subscribers are handled first, since they have the fewest
/// candidates.
/// </summary>
/// <remarks>
/// Terminates because every move, except for a bounded number, decreases the sum of the squares of the members' counts. Each pass examines
/// every subscriber of every partition; the number of passes grows with the length of chains of dependent moves, which are short where many
/// members share topics.
/// </remarks>
internal sealed class BalancedShares
{
    private readonly SubscribedPartitions _partitions;
    private readonly int[] _earlierOwners;
    private readonly int[] _owners;
    private readonly int[] _counts;
    private readonly Moves _moves;
    private int _neutralMovesLeft;

    private BalancedShares(SubscribedPartitions partitions, Claims claims)
    {
        _partitions = partitions;
        _owners = [.. claims.Owners];
        _earlierOwners = claims.EarlierOwners;
        _counts = new int[partitions.Members.Length];
        _moves = new Moves(partitions);
        _neutralMovesLeft = partitions.Count;
    }

    public static int[] Assign(SubscribedPartitions partitions, Claims claims)
    {
        var shares = new BalancedShares(partitions, claims);
        var anyRevoked = shares.KeepPrevious();
        var all = Enumerable.Range(0, partitions.Topics.Length)
            .OrderBy(topic => partitions.Topics[topic].Subscribers.Length)
            .SelectMany(topic => Enumerable.Range(partitions.Topics[topic].First, partitions.Topics[topic].PartitionsCount))
            .ToArray();
        var unowned = Array.FindAll(all, partition => shares._owners[partition] == SubscribedPartitions.Unowned);
        shares.AssignUnowned(unowned);

        // Balance the newly assigned partitions first: moving them costs no stickiness. Like Kafka, skip this if anything was revoked.
        if (!anyRevoked)
        {
            shares.Balance(unowned);
        }

        shares.Balance(all);
        return shares._owners;
    }

    private bool KeepPrevious()
    {
        var anyRevoked = false;
        for (var partition = 0; partition < _owners.Length; partition++)
        {
            if (_owners[partition] == SubscribedPartitions.Unowned)
            {
                continue;
            }

            if (Subscribes(_owners[partition], partition))
            {
                _counts[_owners[partition]]++;
            }
            else
            {
                _owners[partition] = SubscribedPartitions.Unowned;
                anyRevoked = true;
            }
        }

        return anyRevoked;
    }

    private void AssignUnowned(int[] unowned)
    {
        foreach (var partition in unowned)
        {
            _owners[partition] = LeastLoaded(partition);
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
                if (FindBetterOwner(partition) is { } member)
                {
                    Move(SelectPartition(partition, member), member);
                    moved = true;
                }
            }
        }
    }

    private int? FindBetterOwner(int partition)
    {
        // Kafka does not check here whether the earlier owner still subscribes to the topic.
        if (_earlierOwners[partition] is not SubscribedPartitions.Unowned and var earlier
            && Subscribes(earlier, partition) && IsBetter(earlier, partition))
        {
            return earlier;
        }

        var leastLoaded = LeastLoaded(partition);
        return IsBetter(leastLoaded, partition) ? leastLoaded : null;
    }

    private int SelectPartition(int partition, int member)
    {
        if (_moves.FindReverse(partition, _owners[partition], member) is not { } other)
        {
            return partition;
        }

        // The reversed move may take a partition from a member that does not have more. Kafka always allows that; the bound here ensures
        // termination.
        return IsBetter(member, other) || _neutralMovesLeft-- > 0 ? other : partition;
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

    // Ties go to the first member by id.
    private int LeastLoaded(int partition)
    {
        var subscribers = _partitions.Topics[_partitions.TopicOf(partition)].Subscribers;
        var (leastLoaded, fewest) = (subscribers[0], _counts[subscribers[0]]);
        foreach (var member in subscribers)
        {
            if (_counts[member] < fewest)
            {
                (leastLoaded, fewest) = (member, _counts[member]);
            }
        }

        return leastLoaded;
    }
}
