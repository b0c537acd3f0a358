using System.Diagnostics.CodeAnalysis;
using Loire.Model;
using Loire.Model.Transactions;

namespace Loire.Coordination.Transactions;

/// <summary>
/// The encoding of <see cref="TransactionRecord"/> in the journal of a transactional id. Big-endian; a text is a 2-byte length and UTF-8; a time is 8 bytes
/// of Unix milliseconds, −1 for none.
/// <code>
///   every record   1 layout, now 1 | 1 kind | fields
///   1 Initialized  time | producer | previous producer | 4 timeout in milliseconds
///   2 Begun        time
///   3 Added        members
///   4 Prepared     time | 1 flags | next producer
///   5 Completed    time
///   6 Snapshot     1 status | 1 flags | producer | previous producer | marker's producer | 4 timeout | 8 number | time of start | time of change | members
///   flags          1 commits, not in a snapshot | 2 raises the epoch | 4 forced
///   producer       8 id | 2 epoch; −1 and −1 for none
///   members        4 count | count × partition | 4 count | count × group id
///   partition      topic | 16 topic id | 4 number
/// </code>
/// Golden bytes: TransactionRecordCodecTests.
/// </summary>
public static class TransactionRecordCodec
{
    private const byte Layout = 1;
    private const byte CommitsFlag = 1;
    private const byte RaisesFlag = 2;
    private const byte ForcedFlag = 4;
    private const int ShortestPartition = 2 + 1 + 16 + 4;
    private const int ShortestGroup = 2 + 1;

    /// <summary>Writes a record.</summary>
    public static ReadOnlyMemory<byte> Write(TransactionRecord record)
    {
        var writer = new FieldWriter().Byte(Layout);
        switch (record)
        {
            case TransactionRecord.Initialized initialized:
                writer.Byte(1).Int64(initialized.At.Milliseconds);
                Write(writer, initialized.Producer);
                Write(writer, initialized.Previous);
                writer.Int32((int)initialized.Timeout.TotalMilliseconds);
                break;
            case TransactionRecord.Begun begun:
                writer.Byte(2).Int64(begun.At.Milliseconds);
                break;
            case TransactionRecord.Added added:
                Write(writer.Byte(3), added.Partitions, added.Groups);
                break;
            case TransactionRecord.Prepared prepared:
                writer.Byte(4).Int64(prepared.At.Milliseconds).Byte(Flags(prepared.Commits, prepared.RaisesEpoch, prepared.IsForced));
                Write(writer, prepared.Next);
                break;
            case TransactionRecord.Completed completed:
                writer.Byte(5).Int64(completed.At.Milliseconds);
                break;
            case TransactionRecord.Snapshot snapshot:
                writer.Byte(6).Byte((byte)snapshot.Status).Byte(Flags(false, snapshot.RaisesEpoch, snapshot.IsForced));
                Write(writer, snapshot.Producer);
                Write(writer, snapshot.Previous);
                Write(writer, snapshot.Marker);
                writer.Int32((int)snapshot.Timeout.TotalMilliseconds).Int64(snapshot.Number);
                writer.Int64(snapshot.StartedAt.Milliseconds).Int64(snapshot.ChangedAt.Milliseconds);
                Write(writer, snapshot.Partitions, snapshot.Groups);
                break;
        }

        return writer.Written;
    }

    /// <summary>Reads a record; false unless the bytes are a valid record of a known layout.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out TransactionRecord? record)
    {
        var reader = new FieldReader(bytes);
        record = null;
        if (reader.Byte() != Layout)
        {
            return false;
        }

        record = reader.Byte() switch
        {
            1 => ReadInitialized(ref reader),
            2 => ReadTime(ref reader, out var at) ? new TransactionRecord.Begun(at) : null,
            3 => ReadMembers(ref reader, out var partitions, out var groups) ? new TransactionRecord.Added(partitions, groups) : null,
            4 => ReadPrepared(ref reader),
            5 => ReadTime(ref reader, out var at) ? new TransactionRecord.Completed(at) : null,
            6 => ReadSnapshot(ref reader),
            _ => null,
        };
        record = reader.IsComplete ? record : null;
        return record is not null;
    }

    private static byte Flags(bool commits, bool raises, bool forced) =>
        (byte)((commits ? CommitsFlag : 0) | (raises ? RaisesFlag : 0) | (forced ? ForcedFlag : 0));

    private static void Write(FieldWriter writer, ProducerIdentity producer) => writer.Int64(producer.Id).UInt16((ushort)producer.Epoch);

    private static void Write(FieldWriter writer, IReadOnlyList<PartitionKey> partitions, IReadOnlyList<GroupId> groups)
    {
        writer.Int32(partitions.Count);
        foreach (var partition in partitions)
        {
            writer.Text(partition.Topic.Value).Guid(partition.Id.Value).Int32(partition.Partition);
        }

        writer.Int32(groups.Count);
        foreach (var group in groups)
        {
            writer.Text(group.Value);
        }
    }

    private static TransactionRecord.Initialized? ReadInitialized(ref FieldReader reader) =>
        ReadTime(ref reader, out var at) && ReadProducer(ref reader, out var producer) && producer != ProducerIdentity.None
            && ReadProducer(ref reader, out var previous) && ReadTimeout(ref reader, out var timeout)
            ? new TransactionRecord.Initialized(at, producer, previous, timeout)
            : null;

    private static TransactionRecord.Prepared? ReadPrepared(ref FieldReader reader)
    {
        if (!ReadTime(ref reader, out var at))
        {
            return null;
        }

        var flags = reader.Byte();
        return flags < 8 && ReadProducer(ref reader, out var next) && next != ProducerIdentity.None
            ? new TransactionRecord.Prepared(at, (flags & CommitsFlag) != 0, (flags & RaisesFlag) != 0, (flags & ForcedFlag) != 0, next)
            : null;
    }

    private static TransactionRecord.Snapshot? ReadSnapshot(ref FieldReader reader)
    {
        var (status, flags) = ((TransactionStatus)reader.Byte(), reader.Byte());
        if (!Enum.IsDefined(status) || (flags & ~(RaisesFlag | ForcedFlag)) != 0 || !ReadProducer(ref reader, out var producer)
            || !ReadProducer(ref reader, out var previous) || !ReadProducer(ref reader, out var marker) || !ReadTimeout(ref reader, out var timeout))
        {
            return null;
        }

        var number = reader.Int64();
        var (started, changed) = (new Timestamp(reader.Int64()), new Timestamp(reader.Int64()));
        return number >= 0 && started >= Timestamp.None && changed >= Timestamp.None && ReadMembers(ref reader, out var partitions, out var groups)
            ? new TransactionRecord.Snapshot(
                status, producer, previous, marker, (flags & RaisesFlag) != 0, (flags & ForcedFlag) != 0, timeout, number, started, changed, partitions, groups)
            : null;
    }

    private static bool ReadMembers(ref FieldReader reader, out PartitionKey[] partitions, out GroupId[] groups)
    {
        (partitions, groups) = ([], []);
        if (!ReadCount(ref reader, ShortestPartition, out var count))
        {
            return false;
        }

        partitions = new PartitionKey[count];
        for (var i = 0; i < count; i++)
        {
            if (!reader.TryText(out var text) || !TopicName.TryParse(text, out var topic, out _))
            {
                return false;
            }

            partitions[i] = new PartitionKey(topic, new TopicId(reader.Guid()), reader.Int32());
            if (partitions[i].Partition < 0)
            {
                return false;
            }
        }

        if (!ReadCount(ref reader, ShortestGroup, out count))
        {
            return false;
        }

        groups = new GroupId[count];
        for (var i = 0; i < count; i++)
        {
            if (!reader.TryText(out var text) || !GroupId.TryParse(text, out groups[i], out _))
            {
                return false;
            }
        }

        return !reader.HasFailed;
    }

    private static bool ReadCount(ref FieldReader reader, int shortest, out int count)
    {
        count = reader.Int32();
        return count >= 0 && count <= reader.Left / shortest && !reader.HasFailed;
    }

    private static bool ReadProducer(ref FieldReader reader, out ProducerIdentity producer)
    {
        producer = new ProducerIdentity(reader.Int64(), (short)reader.UInt16());
        return !reader.HasFailed && (producer == ProducerIdentity.None || (producer.Id >= 0 && producer.Epoch >= 0));
    }

    private static bool ReadTimeout(ref FieldReader reader, out TimeSpan timeout)
    {
        var milliseconds = reader.Int32();
        timeout = TimeSpan.FromMilliseconds(milliseconds);
        return milliseconds >= 0 && !reader.HasFailed;
    }

    private static bool ReadTime(ref FieldReader reader, out Timestamp time)
    {
        time = new Timestamp(reader.Int64());
        return time > Timestamp.None && !reader.HasFailed;
    }
}
