using System.Text;
using Loire.Model.Batches;

namespace Loire.Model.Tests.Golden;

/// <summary>Reads batches completely and says what is in them, in lines that can be compared.</summary>
public static class BatchText
{
    /// <summary>The records of all batches in <paramref name="bytes"/>; fails if one is not well-formed.</summary>
    public static List<string> Lines(ReadOnlySpan<byte> bytes)
    {
        using var decompressor = new BatchDecompressor();
        var lines = new List<string>();
        while (bytes.Length > 0)
        {
            Assert.Equal(ErrorCode.None, RecordBatch.TryRead(bytes, out var batch));
            Assert.True(batch.CrcIsValid());
            Assert.Equal(ErrorCode.None, decompressor.TryDecompress(batch, out var records));
            var reader = new RecordReader(batch, records);
            while (reader.MoveNext())
            {
                lines.Add(Line(reader.Current));
            }

            Assert.Equal(ErrorCode.None, reader.Error);
            bytes = bytes[batch.SizeInBytes..];
        }

        return lines;
    }

    private static string Line(Loire.Model.Batches.Record record)
    {
        var line = new StringBuilder();
        line.Append(record.Offset).Append('|').Append(record.Timestamp.Milliseconds).Append('|');
        Append(line, record.Key, record.KeyIsNull).Append('|');
        Append(line, record.Value, record.ValueIsNull).Append('|');
        var separator = "";
        foreach (var header in record.Headers)
        {
            line.Append(separator).Append(Convert.ToHexStringLower(header.Key)).Append('=');
            Append(line, header.Value, header.ValueIsNull);
            separator = ",";
        }

        return line.ToString();
    }

    private static StringBuilder Append(StringBuilder line, ReadOnlySpan<byte> bytes, bool isNull)
    {
        Assert.True(!isNull || bytes.IsEmpty);
        return line.Append(isNull ? "null" : Convert.ToHexStringLower(bytes));
    }
}
