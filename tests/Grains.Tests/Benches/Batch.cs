using System.Text;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Grains.Tests.Benches;

/// <summary>Makes and reads record batches whose values are text.</summary>
internal static class Batch
{
    public static ReadOnlyMemory<byte> Of(params string[] values) => At(new Timestamp(1_767_225_600_000), values);

    public static ReadOnlyMemory<byte> At(Timestamp time, params string[] values) => Build(time, _ => { }, values);

    public static ReadOnlyMemory<byte> Build(Timestamp time, Action<RecordBatchBuilder> configure, params string[] values)
    {
        using var builder = new RecordBatchBuilder();
        foreach (var value in values)
        {
            Assert.True(builder.Append(time, [], keyIsNull: true, Encoding.UTF8.GetBytes(value), valueIsNull: false));
        }

        configure(builder);
        return builder.Build();
    }

    /// <summary>A batch of one record with about this many bytes in all.</summary>
    public static ReadOnlyMemory<byte> Sized(int bytes) => Of(new string('x', bytes - RecordBatch.HeaderSize - 12));

    /// <summary>Batches one after the other.</summary>
    public static ReadOnlyMemory<byte> Join(params ReadOnlyMemory<byte>[] batches) =>
        batches.SelectMany(batch => batch.ToArray()).ToArray();

    /// <summary>The bytes of a fetch.</summary>
    public static byte[] Bytes(FetchResult result) => Join(result.Batches).ToArray();

    /// <summary>The offsets and values of all records in a run of batches, whose checksums must be right.</summary>
    public static List<(long Offset, string Value)> Records(ReadOnlySpan<byte> batches)
    {
        List<(long, string)> records = [];
        while (!batches.IsEmpty)
        {
            Assert.Equal(ErrorCode.None, RecordBatch.TryRead(batches, out var batch));
            Assert.True(batch.CrcIsValid());
            var reader = new RecordReader(batch, batch.Payload);
            while (reader.MoveNext())
            {
                records.Add((reader.Current.Offset.Value, Encoding.UTF8.GetString(reader.Current.Value)));
            }

            Assert.Equal(ErrorCode.None, reader.Error);
            batches = batches[batch.SizeInBytes..];
        }

        return records;
    }

    public static string Text(FetchResult result) =>
        string.Join(' ', Records(Bytes(result)).Select(record => $"{record.Offset}:{record.Value}"));
}
