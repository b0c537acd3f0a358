using Loire.Model.Transactions;

namespace Loire.Coordination.Groups.Offsets;

/// <summary>The fields of transactions in records of offsets, which <see cref="OffsetsRecordCodec"/> draws.</summary>
internal static class PendingFields
{
    private const byte CommitsBit = 1;
    private const byte RaisesEpochBit = 2;

    public static void Write(FieldWriter writer, OpenTransaction transaction)
    {
        writer.Text(transaction.Id.Value);
        Write(writer, transaction.Producer);
        writer.Int64(transaction.Number);
    }

    public static void Write(FieldWriter writer, TransactionEnd end)
    {
        Write(writer, end.Producer);
        writer.Byte((byte)((end.Commits ? CommitsBit : 0) | (end.RaisesEpoch ? RaisesEpochBit : 0))).Int64(end.Number);
    }

    public static void Write(FieldWriter writer, OffsetsRecord.Snapshot snapshot)
    {
        writer.Int64(snapshot.NextOrder).Int32(snapshot.Pending.Count);
        foreach (var (transaction, offsets) in snapshot.Pending)
        {
            Write(writer, transaction);
            writer.Int32(offsets.Count);
            foreach (var (offset, order, isOvertaken) in offsets)
            {
                OffsetsRecordCodec.Write(writer, offset);
                writer.Int64(offset.CommittedAt.Milliseconds).Int64(order).Byte((byte)(isOvertaken ? 1 : 0));
            }
        }
    }

    public static bool TryRead(ref FieldReader reader, out OpenTransaction transaction)
    {
        transaction = default;
        if (!reader.TryText(out var text) || !TransactionalId.TryParse(text, out var id, out _) || !TryRead(ref reader, out ProducerIdentity producer))
        {
            return false;
        }

        transaction = new OpenTransaction(id, producer, reader.Int64());
        return transaction.Number >= 0 && !reader.HasFailed;
    }

    public static bool TryRead(ref FieldReader reader, out TransactionEnd end)
    {
        end = default;
        if (!TryRead(ref reader, out ProducerIdentity producer))
        {
            return false;
        }

        var bits = reader.Byte();
        end = new TransactionEnd(producer, (bits & RaisesEpochBit) != 0, (bits & CommitsBit) != 0, reader.Int64());
        return bits <= (CommitsBit | RaisesEpochBit) && end.Number >= 0 && !reader.HasFailed;
    }

    public static bool TryRead(ref FieldReader reader, out PendingTransaction[] pending, out long nextOrder)
    {
        (pending, nextOrder) = ([], reader.Int64());
        if (nextOrder < 0 || !OffsetsRecordCodec.ReadCount(ref reader, out var count) || count == 0)
        {
            return false;
        }

        pending = new PendingTransaction[count];
        var producers = new HashSet<long>(count);
        for (var i = 0; i < count; i++)
        {
            if (!TryRead(ref reader, out OpenTransaction transaction) || !producers.Add(transaction.Producer.Id)
                || !TryReadOffsets(ref reader, nextOrder, out var offsets))
            {
                return false;
            }

            pending[i] = new PendingTransaction(transaction, offsets);
        }

        return true;
    }

    private static void Write(FieldWriter writer, ProducerIdentity producer) => writer.Int64(producer.Id).UInt16((ushort)producer.Epoch);

    private static bool TryRead(ref FieldReader reader, out ProducerIdentity producer)
    {
        producer = new ProducerIdentity(reader.Int64(), (short)reader.UInt16());
        return producer is { Id: >= 0, Epoch: >= 0 } && !reader.HasFailed;
    }

    private static bool TryReadOffsets(ref FieldReader reader, long nextOrder, out PendingOffset[] offsets)
    {
        offsets = [];
        if (!OffsetsRecordCodec.ReadCount(ref reader, out var count))
        {
            return false;
        }

        offsets = new PendingOffset[count];
        for (var i = 0; i < count; i++)
        {
            if (!OffsetsRecordCodec.ReadOffset(ref reader, true, null, out var offset))
            {
                return false;
            }

            var (order, isOvertaken) = (reader.Int64(), reader.Byte());
            if (order < 0 || order >= nextOrder || isOvertaken > 1)
            {
                return false;
            }

            offsets[i] = new PendingOffset(offset, order, isOvertaken == 1);
        }

        return true;
    }
}
