using System.Collections.Immutable;
using Loire.Model;

namespace Loire.Coordination.Groups.Membership;

/// <summary>
/// Encodes the partition lists of group records, grouped by topic; the layout is drawn at <see cref="GroupRecordCodec"/>.
/// </summary>
internal static class PartitionFields
{
    private delegate void WriteItem<T>(FieldWriter writer, T item);

    private delegate T ReadItem<out T>(ref FieldReader reader, TopicName topic);

    public static void Write(FieldWriter writer, ImmutableArray<TopicPartition> partitions) =>
        Write(writer, partitions, partition => partition, static (_, _) => { });

    public static void Write(FieldWriter writer, ImmutableArray<HeldPartition> held) =>
        Write(writer, held, item => item.Partition, static (writer, item) => writer.Int32(item.Since).Int32(item.RevokedAt));

    public static bool TryRead(ref FieldReader reader, out ImmutableArray<TopicPartition> partitions) =>
        TryRead(ref reader, out partitions, partition => partition, ReadPartition);

    public static bool TryReadHeld(ref FieldReader reader, out ImmutableArray<HeldPartition> held) =>
        TryRead(ref reader, out held, item => item.Partition,
            static (ref reader, topic) => new HeldPartition(ReadPartition(ref reader, topic), reader.Int32(), reader.Int32()));

    private static TopicPartition ReadPartition(ref FieldReader reader, TopicName topic) => new(topic, reader.Int32());

    private static void Write<T>(FieldWriter writer, ImmutableArray<T> items, Func<T, TopicPartition> partitionOf, WriteItem<T> rest)
    {
        var topics = items.GroupBy(item => partitionOf(item).Topic).ToArray();
        writer.Int32(topics.Length);
        foreach (var topic in topics)
        {
            writer.Text(topic.Key.Value).Int32(topic.Count());
            foreach (var item in topic)
            {
                writer.Int32(partitionOf(item).Partition);
                rest(writer, item);
            }
        }
    }

    private static bool TryRead<T>(
        ref FieldReader reader, out ImmutableArray<T> items, Func<T, TopicPartition> partitionOf, ReadItem<T> read)
    {
        items = [];
        var found = ImmutableArray.CreateBuilder<T>();
        TopicPartition? last = null;
        for (var topicsLeft = reader.Int32(); topicsLeft != 0; topicsLeft--)
        {
            if (!reader.TryText(out var text) || !TopicName.TryParse(text, out var topic, out _))
            {
                return false;
            }

            var count = reader.Int32();
            if (count < 1 || count > reader.Left / sizeof(int))
            {
                return false;
            }

            for (; count > 0; count--)
            {
                var item = read(ref reader, topic);
                var partition = partitionOf(item);
                if (reader.HasFailed || partition.Partition < 0 || !(last is null || last.Value.CompareTo(partition) < 0))
                {
                    return false;
                }

                found.Add(item);
                last = partition;
            }
        }

        items = found.ToImmutable();
        return !reader.HasFailed;
    }
}
