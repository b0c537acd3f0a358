using System.Collections.Immutable;
using Loire.Model;

namespace Loire.Coordination.Groups.Classic;

/// <summary>
/// What consumers put into the bytes that a classic group relays (protocol type <c>consumer</c>). Of a subscription only what version 0 has must be readable:
/// some clients say a later version and leave out what that added.
/// <code>
///   subscription   2 version | 4 count × (2 length | topic) | 4 length, −1 null | user data | from version 1 on: owned partitions
///   assignment     2 version | partitions | 4 length, −1 null | user data
///   partitions     4 count × (2 length | topic | 4 count × 4 partition)
/// </code>
/// </summary>
public static class ConsumerProtocol
{
    private const int SmallestTopic = 2;
    private const int SmallestTopicPartitions = 6;

    /// <summary>Reads a subscription; false if its beginning cannot be read. Topics whose names are not legal are left out.</summary>
    /// <param name="bytes">A member's metadata.</param>
    /// <param name="subscription">What it says.</param>
    public static bool TryReadSubscription(ReadOnlySpan<byte> bytes, out ConsumerSubscription subscription)
    {
        subscription = default;
        var reader = new FieldReader(bytes);
        var version = (short)reader.UInt16();
        var count = reader.Int32();
        if (reader.HasFailed || version < 0 || count < 0 || count > reader.Left / SmallestTopic)
        {
            return false;
        }

        var topics = ImmutableArray.CreateBuilder<TopicName>(count);
        for (var i = 0; i < count && reader.TryText(out var text); i++)
        {
            if (TopicName.TryParse(text, out var topic, out _))
            {
                topics.Add(topic);
            }
        }

        if (reader.HasFailed)
        {
            return false;
        }

        reader.Skip(Math.Max(0, reader.Int32()));
        var owned = version >= 1 && !reader.HasFailed ? ReadPartitions(ref reader) : null;
        subscription = new ConsumerSubscription(version, [.. topics.Distinct()], owned ?? []);
        return true;
    }

    /// <summary>Reads the partitions of an assignment; none if it cannot be read.</summary>
    public static ImmutableArray<TopicPartition> ReadAssignment(ReadOnlySpan<byte> bytes)
    {
        var reader = new FieldReader(bytes);
        return (short)reader.UInt16() >= 0 && ReadPartitions(ref reader) is { } partitions ? partitions : [];
    }

    /// <summary>Writes an assignment without user data.</summary>
    /// <param name="version">The version that the member's subscription has.</param>
    /// <param name="partitions">The partitions, those of a topic one after the other.</param>
    public static ReadOnlyMemory<byte> WriteAssignment(short version, IEnumerable<TopicPartition> partitions)
    {
        var writer = new FieldWriter().UInt16((ushort)version);
        var topics = partitions.GroupBy(partition => partition.Topic).ToArray();
        writer.Int32(topics.Length);
        foreach (var topic in topics)
        {
            writer.Text(topic.Key.Value).Int32(topic.Count());
            foreach (var partition in topic)
            {
                writer.Int32(partition.Partition);
            }
        }

        return writer.Int32(-1).Written;
    }

    private static ImmutableArray<TopicPartition>? ReadPartitions(ref FieldReader reader)
    {
        var topics = reader.Int32();
        if (reader.HasFailed || topics < 0 || topics > reader.Left / SmallestTopicPartitions)
        {
            return null;
        }

        var partitions = ImmutableArray.CreateBuilder<TopicPartition>();
        for (var i = 0; i < topics; i++)
        {
            var name = reader.Text();
            var count = reader.Int32();
            if (name is null || count < 0 || count > reader.Left / sizeof(int))
            {
                return null;
            }

            var isLegal = TopicName.TryParse(name, out var topic, out _);
            for (var j = 0; j < count; j++)
            {
                var partition = reader.Int32();
                if (isLegal && partition is >= 0 and < Limits.PartitionsPerTopic)
                {
                    partitions.Add(new TopicPartition(topic, partition));
                }
            }
        }

        return [.. partitions.Distinct().Order()];
    }
}

/// <summary>A consumer's subscription.</summary>
/// <param name="Version">The version of its encoding.</param>
/// <param name="Topics">The topics that it names.</param>
/// <param name="Owned">The partitions that it says it still has, in order; eager consumers have none when they join.</param>
public readonly record struct ConsumerSubscription(short Version, ImmutableArray<TopicName> Topics, ImmutableArray<TopicPartition> Owned);
