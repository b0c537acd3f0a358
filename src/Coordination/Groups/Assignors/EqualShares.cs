namespace Loire.Coordination.Groups.Assignors;

/// <summary>
/// The sticky assignment where all members subscribe to the same topics. Everybody gets the same number of partitions, a fixed number of
/// members one more. Members keep what they had up to their share, and what is left is dealt to those that have less, in turn.
/// </summary>
internal static class EqualShares
{
    public static int[] Assign(SubscribedPartitions partitions, Claims claims)
    {
        var owners = new int[partitions.Count];
        Array.Fill(owners, SubscribedPartitions.Nobody);
        if (partitions.Members.Length > 0)
        {
            var share = Math.DivRem(partitions.Count, partitions.Members.Length);
            var counts = Keep(partitions, claims, owners, share.Quotient, share.Remainder, out var moreAreOwed);
            Deal(owners, counts, share.Quotient, moreAreOwed);
        }

        return owners;
    }

    /// <summary>Leaves the partitions with those that had them, as far as their shares go.</summary>
    /// <param name="partitions">The partitions.</param>
    /// <param name="claims">Who had them.</param>
    /// <param name="owners">Is filled with the members that keep partitions.</param>
    /// <param name="least">The share of every member.</param>
    /// <param name="more">How many members get one more.</param>
    /// <param name="moreAreOwed">Whether fewer members kept one more than will get it.</param>
    /// <returns>How many partitions each member keeps.</returns>
    private static int[] Keep(SubscribedPartitions partitions, Claims claims, int[] owners, int least, int more, out bool moreAreOwed)
    {
        var had = Array.ConvertAll(partitions.Members, _ => new List<int>());

        // What a member keeps is chosen by the number in the topic, so that it keeps some of each.
        foreach (var partition in Enumerable.Range(0, partitions.Count).OrderBy(partitions.InTopic))
        {
            if (claims.Owners[partition] is not SubscribedPartitions.Nobody and var member)
            {
                had[member].Add(partition);
            }
        }

        var counts = new int[had.Length];
        for (var member = 0; member < had.Length; member++)
        {
            // Where more members had one more than may keep it, the first by id keep it; Kafka takes the first of a hash map.
            counts[member] = Math.Min(had[member].Count, more > 0 && had[member].Count > least ? least + 1 : least);
            more -= counts[member] > least ? 1 : 0;
            foreach (var partition in had[member].Take(counts[member]))
            {
                owners[partition] = member;
            }
        }

        moreAreOwed = more > 0;
        return counts;
    }

    private static void Deal(int[] owners, int[] counts, int least, bool moreAreOwed)
    {
        // Who has less than a share gets one a round until it is full, and then waits behind those that are owed one more.
        var members = Enumerable.Range(0, counts.Length);
        var under = members.Where(member => counts[member] < least).ToList();
        var full = new Queue<int>(members.Where(member => moreAreOwed && counts[member] == least));
        var turn = 0;
        for (var partition = 0; partition < owners.Length; partition++)
        {
            if (owners[partition] != SubscribedPartitions.Nobody)
            {
                continue;
            }

            if (under.Count == 0)
            {
                owners[partition] = full.Dequeue();
                continue;
            }

            var member = under[turn];
            owners[partition] = member;
            counts[member]++;
            turn++;
            if (counts[member] == least)
            {
                full.Enqueue(member);
            }

            if (turn == under.Count)
            {
                under.RemoveAll(next => counts[next] == least);
                turn = 0;
            }
        }
    }
}
