using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Edge.Producing;

/// <summary>The body of one append: concatenated batches.</summary>
internal static class AppendBody
{
    /// <summary>Encodes batches into memory that the partition will own.</summary>
    /// <param name="group">The batches.</param>
    /// <param name="compression">How to compress them.</param>
    /// <param name="stamp">The stamp of the first batch; the others follow it.</param>
    public static ReadOnlyMemory<byte> Encode(List<PendingBatch> group, CompressionType compression, BatchStamp stamp)
    {
        if (group.Count == 1)
        {
            return group[0].Encode(compression, stamp);
        }

        if (compression != CompressionType.None)
        {
            // A loop, because a lambda would allocate a closure for every append.
            List<ReadOnlyMemory<byte>> parts = new(group.Count);
            foreach (var batch in group)
            {
                parts.Add(batch.Encode(compression, stamp));
                stamp = stamp.After(batch.RecordsCount);
            }

            return Join(parts);
        }

        var body = GC.AllocateUninitializedArray<byte>(group.Sum(batch => batch.SizeInBytes));
        var rest = body.AsSpan();
        foreach (var batch in group)
        {
            batch.EncodeInto(ref rest, stamp);
            stamp = stamp.After(batch.RecordsCount);
        }

        return body;
    }

    /// <summary>Copies batches with other stamps.</summary>
    /// <param name="body">The batches.</param>
    /// <param name="stamp">The stamp of the first batch; the others follow it.</param>
    public static byte[] Restamp(ReadOnlySpan<byte> body, BatchStamp stamp)
    {
        var copy = body.ToArray();
        for (var rest = copy.AsSpan(); RecordBatch.TryRead(rest, out var batch) == ErrorCode.None;)
        {
            var (size, records) = (batch.SizeInBytes, batch.LastOffsetDelta + 1);
            RecordBatch.SetProducer(rest[..size], stamp.Producer, stamp.Sequence);
            rest = rest[size..];
            stamp = stamp.After(records);
        }

        return copy;
    }

    /// <summary>
    /// Splits batches larger than <paramref name="maxBytes"/> into smaller ones. The records keep their order and, sent as one append, the
    /// offsets that they would have had.
    /// </summary>
    /// <returns>False if splitting does not help: no batch is larger, or a single record is.</returns>
    public static bool TrySplit(ReadOnlySpan<byte> body, int maxBytes, CompressionType compression, out ReadOnlyMemory<byte> smaller)
    {
        smaller = default;
        if (maxBytes < RecordBatch.HeaderSize)
        {
            return false;
        }

        var isSplit = false;
        List<ReadOnlyMemory<byte>> parts = [];
        using var builder = new RecordBatchBuilder(Math.Min(maxBytes, Limits.BatchBytes));
        using var decompressor = new BatchDecompressor();
        for (; RecordBatch.TryRead(body, out var batch) == ErrorCode.None; body = body[batch.SizeInBytes..])
        {
            if (batch.SizeInBytes <= maxBytes)
            {
                parts.Add(body[..batch.SizeInBytes].ToArray());
                continue;
            }

            var partsBefore = parts.Count;
            if (decompressor.TryDecompress(batch, out var records) != ErrorCode.None)
            {
                return false;
            }

            for (var reader = new RecordReader(batch, records); reader.MoveNext();)
            {
                var record = reader.Current;
                var headers = Copy(record.Headers);
                while (!builder.Append(record.Timestamp, record.Key, record.KeyIsNull, record.Value, record.ValueIsNull, headers))
                {
                    if (builder.RecordCount == 0)
                    {
                        return false;
                    }

                    parts.Add(builder.Build(compression));
                }
            }

            parts.Add(builder.Build(compression));
            isSplit |= parts.Count > partsBefore + 1;
        }

        smaller = isSplit ? Join(parts) : default;
        return isSplit;
    }

    private static RecordHeader[] Copy(RecordHeaders headers)
    {
        var copies = new RecordHeader[headers.Count];
        var count = 0;
        foreach (var header in headers)
        {
            copies[count++] = new RecordHeader(header.Key.ToArray(), header.Value.ToArray(), header.ValueIsNull);
        }

        return copies;
    }

    private static byte[] Join(List<ReadOnlyMemory<byte>> parts)
    {
        var body = GC.AllocateUninitializedArray<byte>(parts.Sum(part => part.Length));
        var rest = body.AsSpan();
        foreach (var part in parts)
        {
            part.Span.CopyTo(rest);
            rest = rest[part.Length..];
        }

        return body;
    }
}
