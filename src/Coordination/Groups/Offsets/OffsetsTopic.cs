using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Offsets;

/// <summary>
/// Kafka's compacted topic of committed offsets, and the encoding of its records (OffsetCommitKey 1, OffsetCommitValue 3). Big-endian; a
/// text is a 2-byte length and UTF-8.
/// <code>
///   key     2 version, 1 | group | topic | 4 partition
///   value   2 version, 3 | 8 offset | 4 leader epoch | metadata | 8 commit time; no value (a tombstone) for a removed offset
/// </code>
/// Golden bytes, some of them captured from a Kafka broker: OffsetsTopicTests.
/// </summary>
public static class OffsetsTopic
{
    private const ushort KeyVersion = 1;
    private const ushort ValueVersion = 3;

    /// <summary>The topic's name.</summary>
    public static readonly TopicName Name = TopicName.Parse("__consumer_offsets");

    /// <summary>Writes the key of a committed offset.</summary>
    public static ReadOnlyMemory<byte> WriteKey(GroupId group, TopicPartition partition) =>
        new FieldWriter().UInt16(KeyVersion).Text(group.Value).Text(partition.Topic.Value).Int32(partition.Partition).Written;

    /// <summary>Writes the value of a committed offset.</summary>
    public static ReadOnlyMemory<byte> WriteValue(CommittedOffset offset) => new FieldWriter()
        .UInt16(ValueVersion).Int64(offset.Offset.Value).Int32(offset.LeaderEpoch.Value).Text(offset.Metadata)
        .Int64(offset.CommittedAt.Milliseconds).Written;

    /// <summary>Reads a key; false unless the bytes are a valid key of version 1.</summary>
    public static bool TryReadKey(ReadOnlySpan<byte> bytes, out GroupId group, out TopicPartition partition)
    {
        var reader = new FieldReader(bytes);
        partition = default;
        group = default;
        if (reader.UInt16() != KeyVersion || !reader.TryText(out var id) || !GroupId.TryParse(id, out group, out _) || !reader.TryText(out var topic)
            || !TopicName.TryParse(topic, out var name, out _))
        {
            return false;
        }

        partition = new TopicPartition(name, reader.Int32());
        return reader.IsComplete && partition.Partition >= 0;
    }

    /// <summary>Reads the value of a committed offset; false unless the bytes are a valid value of version 3.</summary>
    public static bool TryReadValue(ReadOnlySpan<byte> bytes, TopicPartition partition, out CommittedOffset offset)
    {
        var reader = new FieldReader(bytes);
        var version = reader.UInt16();
        var (next, epoch) = (new Offset(reader.Int64()), new LeaderEpoch(reader.Int32()));
        var hasMetadata = reader.TryText(out var metadata);
        offset = new CommittedOffset(partition, next, epoch, metadata ?? "", new Timestamp(reader.Int64()));
        return version == ValueVersion && hasMetadata && reader.IsComplete;
    }
}
