namespace Loire.Coordination.Groups.Assignors;

/// <summary>
/// The previous owner of each partition according to the members' claims. The claim of the newest generation wins; a partition that two
/// members claim in that generation has no previous owner.
/// </summary>
/// <remarks>
/// For three claims to one partition, two of them of the same generation, Kafka's result depends on the iteration order of a hash map; this
/// one does not.
/// </remarks>
internal sealed class Claims
{
    public Claims(SubscribedPartitions partitions)
    {
        Owners = new int[partitions.Count];
        EarlierOwners = new int[partitions.Count];
        Array.Fill(Owners, SubscribedPartitions.Unowned);
        Array.Fill(EarlierOwners, SubscribedPartitions.Unowned);
        var newest = partitions.Members.Select(member => member.OwnedGeneration).DefaultIfEmpty().Max();
        var claimants = new int[partitions.Count];
        Array.Fill(claimants, SubscribedPartitions.Unowned);
        for (var member = 0; member < partitions.Members.Length; member++)
        {
            foreach (var owned in partitions.Members[member].Owned)
            {
                if (!partitions.TryFind(owned, out var partition))
                {
                    continue;
                }

                var generation = partitions.Members[member].OwnedGeneration;
                Claim(partitions, claimants, partition, member);
                if (generation < newest && (EarlierOwners[partition] == SubscribedPartitions.Unowned
                    || generation > partitions.Members[EarlierOwners[partition]].OwnedGeneration))
                {
                    EarlierOwners[partition] = member;
                }
            }
        }
    }

    /// <summary>The previous owner of each partition, or <see cref="SubscribedPartitions.Unowned"/>.</summary>
    public int[] Owners { get; }

    /// <summary>
    /// For each partition the member with the newest claim from before the group's newest generation, or
    /// <see cref="SubscribedPartitions.Unowned"/>: the preferred destination if the partition has to move. Ties go to the first member by
    /// id; Kafka takes the first in hash map order.
    /// </summary>
    public int[] EarlierOwners { get; }

    private void Claim(SubscribedPartitions partitions, int[] claimants, int partition, int member)
    {
        var other = claimants[partition];
        if (other == member)
        {
            return;
        }

        var generation = partitions.Members[member].OwnedGeneration;
        var otherGeneration = other == SubscribedPartitions.Unowned ? int.MinValue : partitions.Members[other].OwnedGeneration;
        if (generation > otherGeneration)
        {
            claimants[partition] = member;
            Owners[partition] = member;
        }
        else if (generation == otherGeneration)
        {
            Owners[partition] = SubscribedPartitions.Unowned;
        }
    }
}
