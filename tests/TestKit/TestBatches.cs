using System.Globalization;
using System.Text;
using Loire.Log.Partitions;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.TestKit;

/// <summary>Builds and reads record batches in tests.</summary>
public static class TestBatches
{
    /// <summary>
    /// One batch with a record for each value; the records' timestamps start at <paramref name="timestamp"/>, one millisecond apart.
    /// </summary>
    public static ReadOnlyMemory<byte> Of(long timestamp, params IEnumerable<string> values)
    {
        using var builder = new RecordBatchBuilder();
        foreach (var value in values)
        {
            Invariant.Check(builder.Append(new Timestamp(timestamp++), default, true, Encoding.UTF8.GetBytes(value), false, []));
        }

        return builder.Build();
    }

    /// <summary>A batch in the form that a log accepts.</summary>
    public static BatchToAppend ToAppend(ReadOnlyMemory<byte> batch)
    {
        Invariant.Check(RecordBatch.TryRead(batch.Span, out var view) == ErrorCode.None);
        return new BatchToAppend(batch, view.LastOffsetDelta + 1, view.MaxTimestamp);
    }

    /// <summary>The bytes of several pieces in one array.</summary>
    public static byte[] Join(IEnumerable<ReadOnlyMemory<byte>> pieces)
    {
        var bytes = new MemoryStream();
        foreach (var piece in pieces)
        {
            bytes.Write(piece.Span);
        }

        return bytes.ToArray();
    }

    /// <summary>
    /// The records of concatenated batches as <c>offset:value</c>; throws if a batch is incomplete or its checksum is wrong.
    /// </summary>
    public static List<string> Records(ReadOnlySpan<byte> batches, Offset from = default)
    {
        var records = new List<string>();
        while (!batches.IsEmpty)
        {
            var error = RecordBatch.TryRead(batches, out var batch);
            Invariant.Check(error == ErrorCode.None && batch.CrcIsValid(), "a reader gets whole batches");
            var reader = new RecordReader(batch, batch.Payload);
            while (reader.MoveNext())
            {
                if (reader.Current.Offset >= from)
                {
                    records.Add(string.Create(
                        CultureInfo.InvariantCulture, $"{reader.Current.Offset}:{Encoding.UTF8.GetString(reader.Current.Value)}"));
                }
            }

            batches = batches[batch.SizeInBytes..];
        }

        return records;
    }
}
