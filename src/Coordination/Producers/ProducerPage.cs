using Loire.Model;

namespace Loire.Coordination.Producers;

/// <summary>
/// The stored form of a partition's producers: pages of entries, the one first that appended the longest time ago. Integers are big-endian.
/// <code>
///    0  u8   version: 1
///            entries {i64 producer, i64 last append in ms, u16 epoch, u8 batches, batches {i32 last sequence, i32 offsets, i64 last offset, i64 time}}
/// </code>
/// </summary>
public static class ProducerPage
{
    private const byte Version = 1;
    private const int PageBytes = 64 * 1024;

    /// <summary>Encodes producers; at least one page.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Write(IEnumerable<ProducerState> producers)
    {
        var pages = new List<ReadOnlyMemory<byte>>();
        FieldWriter? writer = null;
        foreach (var producer in producers)
        {
            writer ??= Begin();
            Write(writer, producer);
            if (writer.Written.Length >= PageBytes)
            {
                pages.Add(writer.Written);
                writer = null;
            }
        }

        if (writer is not null || pages.Count == 0)
        {
            pages.Add((writer ?? Begin()).Written);
        }

        return pages;
    }

    /// <summary>Decodes a page; false if a byte is wrong, missing or surplus.</summary>
    public static bool TryRead(ReadOnlySpan<byte> page, List<ProducerState> producers)
    {
        var reader = new FieldReader(page);
        if (reader.Byte() != Version)
        {
            return false;
        }

        while (!reader.IsComplete)
        {
            var (producer, time, epoch, count) = (reader.Int64(), new Timestamp(reader.Int64()), (short)reader.UInt16(), reader.Byte());
            if (reader.HasFailed || producer < 0 || count is 0 or > ProducerTable.Window)
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

            producers.Add(new ProducerState(producer, time, batches));
        }

        return true;
    }

    private static FieldWriter Begin() => new FieldWriter().Byte(Version);

    private static void Write(FieldWriter writer, ProducerState producer)
    {
        writer.Int64(producer.Producer).Int64(producer.LastAppend.Milliseconds)
            .UInt16((ushort)producer.Batches[0].Epoch).Byte((byte)producer.Batches.Length);
        foreach (var batch in producer.Batches)
        {
            writer.Int32(batch.LastSequence).Int32(batch.Offsets).Int64(batch.LastOffset.Value).Int64(batch.MaxTimestamp.Milliseconds);
        }
    }
}
