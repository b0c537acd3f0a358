using System.Buffers.Binary;
using System.Collections.Immutable;
using Loire.Model;

namespace Loire.Coordination.Placement;

/// <summary>A broker that may lead partitions.</summary>
/// <param name="Id">The broker's id.</param>
/// <param name="Rack">The rack or zone in which it runs; null if it has none.</param>
public readonly record struct BrokerPlace(int Id, string? Rack);

/// <summary>
/// Decides which broker should lead each partition of a topic (its preferred leader), and which one leads it while that one is away. All
/// answers depend on their arguments alone, so that every silo gives the same one.
/// </summary>
public static class PlacementRules
{
    /// <summary>The preferred leader of a partition that has none: the topic is older than its cluster.</summary>
    public const int NoBroker = -1;

    /// <summary>
    /// Gives the partitions from the end of <paramref name="leaders"/> on preferred leaders, so that every broker leads about as many partitions
    /// of the topic as every other, and consecutive partitions are led from different racks. Topics begin at different brokers.
    /// </summary>
    /// <param name="topic">The topic.</param>
    /// <param name="leaders">The preferred leaders so far, which are kept.</param>
    /// <param name="partitionsCount">The number of partitions, at least as many as there are leaders.</param>
    /// <param name="brokers">The brokers that serve; at least one.</param>
    public static ImmutableArray<int> Extend(
        TopicId topic, ImmutableArray<int> leaders, int partitionsCount, IReadOnlyCollection<BrokerPlace> brokers)
    {
        var order = InOrder(topic, brokers);
        var counts = order.ToDictionary(broker => broker, broker => leaders.Count(leader => leader == broker));
        var extended = leaders.ToBuilder();
        while (extended.Count < partitionsCount)
        {
            // Of those that lead the fewest, the next one in the order: MinBy takes the first.
            var next = extended.Count % order.Length;
            var leader = order[next..].Concat(order[..next]).MinBy(broker => counts[broker]);
            counts[leader]++;
            extended.Add(leader);
        }

        return extended.ToImmutable();
    }

    /// <summary>
    /// Spreads the partitions of a topic evenly over the brokers, with as few changes as that takes. Partitions whose preferred leader is not
    /// among the brokers get another one.
    /// </summary>
    /// <param name="topic">The topic.</param>
    /// <param name="leaders">The present preferred leaders; <see cref="NoBroker"/> for a partition without one.</param>
    /// <param name="brokers">The brokers that serve; at least one.</param>
    public static ImmutableArray<int> Rebalance(TopicId topic, ImmutableArray<int> leaders, IReadOnlyCollection<BrokerPlace> brokers)
    {
        var order = InOrder(topic, brokers);
        var (share, larger) = (leaders.Length / order.Length, leaders.Length % order.Length);

        // Those that lead the most keep one more, if not all shares are equal. OrderBy is stable.
        var room = order.OrderByDescending(broker => leaders.Count(leader => leader == broker))
            .Select((broker, rank) => (broker, share: rank < larger ? share + 1 : share))
            .ToDictionary(pair => pair.broker, pair => pair.share);
        var spread = leaders.ToBuilder();
        var homeless = new List<int>();
        for (var partition = 0; partition < spread.Count; partition++)
        {
            if (room.GetValueOrDefault(spread[partition]) > 0)
            {
                room[spread[partition]]--;
            }
            else
            {
                homeless.Add(partition);
            }
        }

        var next = 0;
        foreach (var partition in homeless)
        {
            while (room[order[next % order.Length]] == 0)
            {
                next++;
            }

            room[spread[partition] = order[next++ % order.Length]]--;
        }

        return spread.ToImmutable();
    }

    /// <summary>The broker that leads a partition: its preferred leader if that serves, otherwise one of the others.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="preferred">Its preferred leader, or <see cref="NoBroker"/>.</param>
    /// <param name="serving">The ids of the brokers that serve, in ascending order; at least one.</param>
    public static int Leader(PartitionKey partition, int preferred, IReadOnlyList<int> serving) =>
        serving.Contains(preferred) ? preferred : serving[(Start(partition.Id, serving.Count) + partition.Partition) % serving.Count];

    /// <summary>The ids from one rack after the other, beginning at one that depends on the topic.</summary>
    private static int[] InOrder(TopicId topic, IReadOnlyCollection<BrokerPlace> brokers)
    {
        Invariant.Check(brokers.Count > 0, "partitions are placed on brokers that serve");
        var byRack = brokers.OrderBy(broker => broker.Id).GroupBy(broker => broker.Rack ?? "", StringComparer.Ordinal)
            .OrderBy(rack => rack.Key, StringComparer.Ordinal).Select(rack => rack.ToArray()).ToArray();
        var order = Enumerable.Range(0, byRack.Max(rack => rack.Length))
            .SelectMany(place => byRack.Where(rack => place < rack.Length).Select(rack => rack[place].Id)).ToArray();
        var start = Start(topic, order.Length);
        return [.. order[start..], .. order[..start]];
    }

    /// <summary>Ids of topics are random, so their bytes are as good as a hash.</summary>
    private static int Start(TopicId topic, int count)
    {
        Span<byte> bytes = stackalloc byte[16];
        Invariant.Check(topic.Value.TryWriteBytes(bytes, bigEndian: true, out _));
        return (int)(BinaryPrimitives.ReadUInt32BigEndian(bytes) % (uint)count);
    }
}
