namespace Loire.Coordination.Groups.Assignors;

/// <summary>
/// The sticky assignment for members that all subscribe to the same topics. Every member gets the same number of partitions, and as many
/// members as there are partitions left over get one more. Members keep their previous partitions up to their share; the other partitions
/// are dealt round-robin to members below their share.
/// </summary>
internal static class EqualShares
{
    public static int[] Assign(SubscribedPartitions partitions, Claims claims)
    {
        var owners = new int[partitions.Count];
        Array.Fill(owners, SubscribedPartitions.Unowned);
        if (partitions.Members.Length > 0)
        {
            var share = Math.DivRem(partitions.Count, partitions.Members.Length);
            var counts = Keep(partitions, claims, owners, share.Quotient, share.Remainder, out var moreAreOwed);
            Deal(owners, counts, share.Quotient, moreAreOwed);
        }

        return owners;
    }

    /// <summary>Leaves partitions with their previous owners, up to their shares.</summary>
    /// <param name="partitions">The partitions and members to assign.</param>
    /// <param name="claims">The previous owners.</param>
    /// <param name="owners">Receives the members that keep partitions.</param>
    /// <param name="least">The share of every member.</param>
    /// <param name="more">The number of members that get one partition more.</param>
    /// <param name="moreAreOwed">Whether some of those members still have to get theirs.</param>
    /// <returns>The number of partitions that each member keeps.</returns>
    private static int[] Keep(SubscribedPartitions partitions, Claims claims, int[] owners, int least, int more, out bool moreAreOwed)
    {
        var had = Array.ConvertAll(partitions.Members, _ => new List<int>());

        // Ordered by number within the topic, so that a member keeps partitions of every topic.
        foreach (var partition in Enumerable.Range(0, partitions.Count).OrderBy(partitions.InTopic))
        {
            if (claims.Owners[partition] is not SubscribedPartitions.Unowned and var member)
            {
                had[member].Add(partition);
            }
        }

        var counts = new int[had.Length];
        for (var member = 0; member < had.Length; member++)
        {
            // If more members had an extra partition than may keep one, the first by id keep theirs; Kafka takes the first in hash map
            // order.
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
        // Members below their share get one partition per round until they reach it, then queue behind the members owed one more.
        var members = Enumerable.Range(0, counts.Length);
        var under = members.Where(member => counts[member] < least).ToList();
        var full = new Queue<int>(members.Where(member => moreAreOwed && counts[member] == least));
        var turn = 0;
        for (var partition = 0; partition < owners.Length; partition++)
        {
            if (owners[partition] != SubscribedPartitions.Unowned)
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
