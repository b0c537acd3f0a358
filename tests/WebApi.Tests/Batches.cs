using System.Text;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.WebApi.Tests;

public static class Batches
{
    public static byte[] Of(params string[] values) => Of(CompressionType.None, 1_000, values);

    public static byte[] Of(CompressionType compression, long firstTimestamp, params string[] values)
    {
        var builder = new RecordBatchBuilder();
        for (var i = 0; i < values.Length; i++)
        {
            Assert.True(builder.Append(new Timestamp(firstTimestamp + i), default, true, Encoding.UTF8.GetBytes(values[i]), false));
        }

        return builder.Build(compression).ToArray();
    }

    /// <summary>A batch with a good checksum, whose records are rubbish.</summary>
    public static byte[] Rubbish(int records)
    {
        var batch = Of([.. Enumerable.Repeat("xxxxxxxx", records)]);
        batch.AsSpan(RecordBatch.HeaderSize).Fill(0xff);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(batch.AsSpan(17), Crc32C.Compute(batch.AsSpan(21)));
        return batch;
    }
}
