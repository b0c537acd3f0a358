using Loire.Model;

namespace Loire.Coordination.Producers;

/// <summary>
/// The stored form of a partition's producers and aborted transactions: pages of entries of one kind, producers first, the one first that appended the
/// longest time ago, and aborted transactions in the order of their markers. Integers are big-endian.
/// <code>
///    0  u8   layout
///            1: producers that have never written transactions
///               entries {i64 producer, i64 last append in ms, u16 epoch, u8 batches, batches {i32 last sequence, i32 offsets, i64 last offset, i64 time}}
///            2: producers (feature level 4)
///               entries {i64 producer, i64 last append in ms, u16 epoch, u8 batches, u8 flags: 1 if a transaction has ended,
///                        i64 first offset of the open transaction or −1, batches as above}
///            3: aborted transactions (feature level 4)
///               entries {i64 producer, i64 first offset, i64 offset of the marker, i64 last stable offset after it}
/// </code>
/// </summary>
public static class ProducerPage
{
    private const byte Plain = 1;
    private const byte Transactional = 2;
    private const byte Aborted = 3;
    private const byte HasEndedFlag = 1;
    private const int PageBytes = 64 * 1024;

    /// <summary>Encodes what a table has of what is durable; at least one page.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Write(ProducerTable table)
    {
        var producers = table.Producers.ToArray();
        var layout = producers.Any(producer => producer.HasEnded || producer.IsOpen || producer.Batches.Length == 0) ? Transactional : Plain;
        List<ReadOnlyMemory<byte>> pages = [.. Pages(layout, producers, (writer, producer) => Write(writer, layout, producer))];
        pages.AddRange(Pages(Aborted, table.Aborted.Spans, Write));
        return pages.Count > 0 ? pages : [new FieldWriter().Byte(Plain).Written];
    }

    /// <summary>Decodes a page; false if a byte is wrong, missing or surplus.</summary>
    public static bool TryRead(ReadOnlySpan<byte> page, List<ProducerState> producers, List<AbortedSpan> aborted)
    {
        var reader = new FieldReader(page);
        var (layout, isRight) = (reader.Byte(), true);
        while (isRight && !reader.IsComplete)
        {
            isRight = layout switch
            {
                Plain or Transactional => TryReadProducer(ref reader, layout, producers),
                Aborted => TryReadAborted(ref reader, aborted),
                _ => false,
            };
        }

        return isRight && layout is Plain or Transactional or Aborted;
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Pages<T>(byte layout, IEnumerable<T> entries, Action<FieldWriter, T> write)
    {
        FieldWriter? writer = null;
        foreach (var entry in entries)
        {
            writer ??= new FieldWriter().Byte(layout);
            write(writer, entry);
            if (writer.Written.Length >= PageBytes)
            {
                yield return writer.Written;
                writer = null;
            }
        }

        if (writer is not null)
        {
            yield return writer.Written;
        }
    }

    private static void Write(FieldWriter writer, byte layout, ProducerState producer)
    {
        writer.Int64(producer.Producer).Int64(producer.LastAppend.Milliseconds).UInt16((ushort)producer.Epoch).Byte((byte)producer.Batches.Length);
        if (layout == Transactional)
        {
            writer.Byte(producer.HasEnded ? HasEndedFlag : (byte)0).Int64(producer.TransactionStart.Value);
        }

        foreach (var batch in producer.Batches)
        {
            writer.Int32(batch.LastSequence).Int32(batch.Offsets).Int64(batch.LastOffset.Value).Int64(batch.MaxTimestamp.Milliseconds);
        }
    }

    private static void Write(FieldWriter writer, AbortedSpan span) =>
        writer.Int64(span.Producer).Int64(span.FirstOffset.Value).Int64(span.MarkerOffset.Value).Int64(span.LastStable.Value);

    private static bool TryReadProducer(ref FieldReader reader, byte layout, List<ProducerState> producers)
    {
        var (producer, time, epoch, count) = (reader.Int64(), new Timestamp(reader.Int64()), (short)reader.UInt16(), reader.Byte());
        var (flags, start) = layout == Transactional ? (reader.Byte(), new Offset(reader.Int64())) : ((byte)0, Offset.None);
        if (reader.HasFailed || producer < 0 || count > ProducerTable.Window || (count == 0 && layout == Plain) || flags > HasEndedFlag || start < Offset.None)
        {
            return false;
        }

        var batches = new AppendedBatch[count];
        for (var i = 0; i < count; i++)
        {
            batches[i] = new AppendedBatch(epoch, reader.Int32(), reader.Int32(), new Offset(reader.Int64()), new Timestamp(reader.Int64()));
            if (reader.HasFailed || batches[i].LastSequence < 0 || batches[i].Offsets < 1 || batches[i].BaseOffset < Offset.Zero)
            {
                return false;
            }
        }

        producers.Add(new ProducerState(producer, epoch, time, batches, start, flags == HasEndedFlag));
        return true;
    }

    private static bool TryReadAborted(ref FieldReader reader, List<AbortedSpan> aborted)
    {
        var span = new AbortedSpan(reader.Int64(), new Offset(reader.Int64()), new Offset(reader.Int64()), new Offset(reader.Int64()));
        if (reader.HasFailed || span.Producer < 0 || span.FirstOffset < Offset.Zero || span.MarkerOffset <= span.FirstOffset
            || span.LastStable > span.MarkerOffset + 1 || (aborted.Count > 0 && aborted[^1].MarkerOffset >= span.MarkerOffset))
        {
            return false;
        }

        aborted.Add(span);
        return true;
    }
}
