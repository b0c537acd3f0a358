using System.Diagnostics.CodeAnalysis;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Offsets;

/// <summary>
/// The encoding of <see cref="OffsetsRecord"/> in a group's journal. Big-endian; a text is a 2-byte length and UTF-8; a time is 8 bytes of
/// Unix milliseconds, −1 for none.
/// <code>
///   every record   1 layout, now 2 | 1 kind | fields
///   1 Committed    time | 4 count | count × offset
///   2 Removed      4 count | count × partition
///   3 Emptied      time
///   4 Snapshot     time | 4 count | count × (offset | time); without pending offsets
///   5 Pended       time | transaction | 4 count | count × offset
///   6 Ended        time | 8 producer id | 2 epoch of the marker | 1 bits: 1 commits, 2 raises the epoch | 8 number
///   7 Snapshot     as 4, then 8 next order | 4 count, not 0 | count × (transaction | 4 count | count × pending)
///   partition      topic | 4 number
///   offset         partition | 8 offset | 4 leader epoch | metadata | 16 topic id, zeros for none; not in layout 1
///   transaction    transactional id | 8 producer id | 2 epoch | 8 number
///   pending        offset | time | 8 order | 1 whether it is overtaken
/// </code>
/// Kinds 5 to 7 are from feature level 4 on, and not in layout 1. Golden bytes: OffsetsRecordCodecTests.
/// </summary>
public static class OffsetsRecordCodec
{
    private const byte Layout = 2;
    private const byte LayoutWithoutTopicIds = 1;
    private const int ShortestPartition = 2 + 1 + 4;

    /// <summary>Writes a record.</summary>
    public static ReadOnlyMemory<byte> Write(OffsetsRecord record)
    {
        var writer = new FieldWriter().Byte(Layout);
        switch (record)
        {
            case OffsetsRecord.Committed committed:
                writer.Byte(1).Int64(committed.At.Milliseconds).Int32(committed.Offsets.Count);
                foreach (var offset in committed.Offsets)
                {
                    Write(writer, offset);
                }

                break;
            case OffsetsRecord.Removed removed:
                writer.Byte(2).Int32(removed.Partitions.Count);
                foreach (var partition in removed.Partitions)
                {
                    Write(writer, partition);
                }

                break;
            case OffsetsRecord.Emptied emptied:
                writer.Byte(3).Int64(emptied.At.Milliseconds);
                break;
            case OffsetsRecord.Snapshot snapshot:
                writer.Byte((byte)(snapshot.Pending.Count == 0 ? 4 : 7)).Int64(snapshot.EmptiedAt.Milliseconds).Int32(snapshot.Offsets.Count);
                foreach (var offset in snapshot.Offsets)
                {
                    Write(writer, offset);
                    writer.Int64(offset.CommittedAt.Milliseconds);
                }

                if (snapshot.Pending.Count > 0)
                {
                    PendingFields.Write(writer, snapshot);
                }

                break;
            case OffsetsRecord.Pended pended:
                writer.Byte(5).Int64(pended.At.Milliseconds);
                PendingFields.Write(writer, pended.Transaction);
                writer.Int32(pended.Offsets.Count);
                foreach (var offset in pended.Offsets)
                {
                    Write(writer, offset);
                }

                break;
            case OffsetsRecord.Ended ended:
                writer.Byte(6).Int64(ended.At.Milliseconds);
                PendingFields.Write(writer, ended.End);
                break;
        }

        return writer.Written;
    }

    /// <summary>Reads a record; false unless the bytes are a valid record of a known layout.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out OffsetsRecord? record)
    {
        var reader = new FieldReader(bytes);
        record = null;
        var layout = reader.Byte();
        if (layout is not (Layout or LayoutWithoutTopicIds))
        {
            return false;
        }

        var hasTopicIds = layout == Layout;

        record = reader.Byte() switch
        {
            1 => ReadCommitted(ref reader, hasTopicIds),
            2 => ReadRemoved(ref reader),
            3 => ReadTime(ref reader, out var at) && at != Timestamp.None ? new OffsetsRecord.Emptied(at) : null,
            4 => ReadSnapshot(ref reader, hasTopicIds, hasPending: false),
            5 when hasTopicIds => ReadPended(ref reader),
            6 when hasTopicIds => ReadEnded(ref reader),
            7 when hasTopicIds => ReadSnapshot(ref reader, hasTopicIds, hasPending: true),
            _ => null,
        };
        record = reader.IsComplete ? record : null;
        return record is not null;
    }

    private static void Write(FieldWriter writer, TopicPartition partition) =>
        writer.Text(partition.Topic.Value).Int32(partition.Partition);

    /// <summary>Writes an offset without its time.</summary>
    internal static void Write(FieldWriter writer, CommittedOffset offset)
    {
        Write(writer, offset.Partition);
        writer.Int64(offset.Offset.Value).Int32(offset.LeaderEpoch.Value).Text(offset.Metadata).Guid(offset.TopicId.Value);
    }

    private static OffsetsRecord.Committed? ReadCommitted(ref FieldReader reader, bool hasTopicIds) =>
        ReadTime(ref reader, out var at) && at != Timestamp.None && ReadOffsets(ref reader, hasTopicIds, at, out var offsets)
            ? new OffsetsRecord.Committed(at, offsets)
            : null;

    private static OffsetsRecord.Snapshot? ReadSnapshot(ref FieldReader reader, bool hasTopicIds, bool hasPending)
    {
        if (!ReadTime(ref reader, out var emptied) || !ReadOffsets(ref reader, hasTopicIds, null, out var offsets))
        {
            return null;
        }

        var (pending, nextOrder) = (Array.Empty<PendingTransaction>(), 0L);
        return hasPending && !PendingFields.TryRead(ref reader, out pending, out nextOrder)
            ? null
            : new OffsetsRecord.Snapshot(emptied, offsets, pending, nextOrder);
    }

    private static OffsetsRecord.Pended? ReadPended(ref FieldReader reader) =>
        ReadTime(ref reader, out var at) && at != Timestamp.None && PendingFields.TryRead(ref reader, out OpenTransaction transaction)
        && ReadOffsets(ref reader, true, at, out var offsets)
            ? new OffsetsRecord.Pended(at, transaction, offsets)
            : null;

    private static OffsetsRecord.Ended? ReadEnded(ref FieldReader reader) =>
        ReadTime(ref reader, out var at) && at != Timestamp.None && PendingFields.TryRead(ref reader, out TransactionEnd end)
            ? new OffsetsRecord.Ended(at, end)
            : null;

    private static OffsetsRecord.Removed? ReadRemoved(ref FieldReader reader)
    {
        if (!ReadCount(ref reader, out var count))
        {
            return null;
        }

        var partitions = new TopicPartition[count];
        for (var i = 0; i < count; i++)
        {
            if (!ReadPartition(ref reader, out partitions[i]))
            {
                return null;
            }
        }

        return new OffsetsRecord.Removed(partitions);
    }

    private static bool ReadOffsets(ref FieldReader reader, bool hasTopicIds, Timestamp? committedAt, out CommittedOffset[] offsets)
    {
        offsets = [];
        if (!ReadCount(ref reader, out var count))
        {
            return false;
        }

        offsets = new CommittedOffset[count];
        for (var i = 0; i < count; i++)
        {
            if (!ReadOffset(ref reader, hasTopicIds, committedAt, out offsets[i]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Reads an offset, and its time unless that is known.</summary>
    internal static bool ReadOffset(ref FieldReader reader, bool hasTopicIds, Timestamp? committedAt, out CommittedOffset read)
    {
        read = default;
        if (!ReadPartition(ref reader, out var partition))
        {
            return false;
        }

        var (offset, epoch) = (reader.Int64(), reader.Int32());
        if (offset < 0 || epoch < -1 || !reader.TryText(out var metadata))
        {
            return false;
        }

        var topicId = hasTopicIds ? new TopicId(reader.Guid()) : default;
        var at = committedAt ?? (ReadTime(ref reader, out var time) ? time : Timestamp.None);
        read = new CommittedOffset(partition, new Offset(offset), new LeaderEpoch(epoch), metadata, at, topicId);
        return at != Timestamp.None;
    }

    private static bool ReadPartition(ref FieldReader reader, out TopicPartition partition)
    {
        partition = default;
        if (!reader.TryText(out var text) || !TopicName.TryParse(text, out var topic, out _))
        {
            return false;
        }

        partition = new TopicPartition(topic, reader.Int32());
        return partition.Partition >= 0 && !reader.HasFailed;
    }

    /// <summary>Reads a number of things that each take some bytes; false if there are not as many.</summary>
    internal static bool ReadCount(ref FieldReader reader, out int count)
    {
        count = reader.Int32();
        return count >= 0 && count <= reader.Left / ShortestPartition;
    }

    private static bool ReadTime(ref FieldReader reader, out Timestamp time)
    {
        time = new Timestamp(reader.Int64());
        return time >= Timestamp.None && !reader.HasFailed;
    }
}
