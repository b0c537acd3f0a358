namespace Loire.Coordination.Groups.Assignors;

/// <summary>
/// Who had which partition, as far as the members' claims agree. The claim of the newest generation counts; if two members claim a
/// partition in that generation, nobody had it.
/// </summary>
/// <remarks>
/// With three claims to one partition, of which two are equally old, Kafka's answer depends on the order in which its hash map lists the
/// members; here it does not.
/// </remarks>
internal sealed class Claims
{
    public Claims(SubscribedPartitions partitions)
    {
        Owners = new int[partitions.Count];
        PreviousDelivery = new int[partitions.Count];
        Array.Fill(Owners, SubscribedPartitions.Nobody);
        Array.Fill(PreviousDelivery, SubscribedPartitions.Nobody);
        var newest = partitions.Members.Select(member => member.OwnedGeneration).DefaultIfEmpty().Max();
        var claimants = new int[partitions.Count];
        Array.Fill(claimants, SubscribedPartitions.Nobody);
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
                if (generation < newest && (PreviousDelivery[partition] == SubscribedPartitions.Nobody
                    || generation > partitions.Members[PreviousDelivery[partition]].OwnedGeneration))
                {
                    PreviousDelivery[partition] = member;
                }
            }
        }
    }

    /// <summary>For each partition the member that had it, or <see cref="SubscribedPartitions.Nobody"/>.</summary>
    public int[] Owners { get; }

    /// <summary>
    /// For each partition the member with the newest claim that is older than the group's newest generation, or
    /// <see cref="SubscribedPartitions.Nobody"/>. If the partition has to move, this is where it is welcome first. Of equal claims, that of
    /// the first member by id; Kafka takes the first of a hash map.
    /// </summary>
    public int[] PreviousDelivery { get; }

    private void Claim(SubscribedPartitions partitions, int[] claimants, int partition, int member)
    {
        var other = claimants[partition];
        if (other == member)
        {
            return;
        }

        var generation = partitions.Members[member].OwnedGeneration;
        var otherGeneration = other == SubscribedPartitions.Nobody ? int.MinValue : partitions.Members[other].OwnedGeneration;
        if (generation > otherGeneration)
        {
            claimants[partition] = member;
            Owners[partition] = member;
        }
        else if (generation == otherGeneration)
        {
            Owners[partition] = SubscribedPartitions.Nobody;
        }
    }
}
