using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Edge.Producing;

/// <summary>The body of one append: a piece for each batch, since a fresh array for all of them costs more than it saves.</summary>
internal static class AppendBody
{
    /// <summary>Encodes batches into memory that the partition will own.</summary>
    /// <param name="group">The batches.</param>
    /// <param name="compression">How to compress them.</param>
    /// <param name="stamp">The stamp of the first batch; the others follow it.</param>
    public static AppendBatches Encode(List<PendingBatch> group, CompressionType compression, BatchStamp stamp)
    {
        if (group.Count == 1)
        {
            return group[0].Encode(compression, stamp);
        }

        // A loop, because a lambda would allocate a closure for every append.
        var pieces = new ReadOnlyMemory<byte>[group.Count];
        for (var i = 0; i < pieces.Length; i++)
        {
            pieces[i] = group[i].Encode(compression, stamp);
            stamp = stamp.After(group[i].RecordsCount);
        }

        return new AppendBatches(pieces);
    }

    /// <summary>Copies batches with other stamps.</summary>
    /// <param name="body">The batches.</param>
    /// <param name="stamp">The stamp of the first batch; the others follow it.</param>
    public static AppendBatches Restamp(AppendBatches body, BatchStamp stamp)
    {
        var copies = new ReadOnlyMemory<byte>[body.Pieces.Length];
        for (var i = 0; i < copies.Length; i++)
        {
            var copy = body.Pieces[i].ToArray();
            for (var rest = copy.AsSpan(); RecordBatch.TryRead(rest, out var batch) == ErrorCode.None;)
            {
                var (size, records) = (batch.SizeInBytes, batch.LastOffsetDelta + 1);
                RecordBatch.SetProducer(rest[..size], stamp.Producer, stamp.Sequence);
                rest = rest[size..];
                stamp = stamp.After(records);
            }

            copies[i] = copy;
        }

        return new AppendBatches(copies);
    }

    /// <summary>
    /// Splits batches larger than <paramref name="maxBytes"/> into smaller ones. The records keep their order and, sent as one append, the
    /// offsets that they would have had.
    /// </summary>
    /// <param name="batches">The batches.</param>
    /// <param name="maxBytes">What a batch may have.</param>
    /// <param name="compression">How to compress the smaller ones.</param>
    /// <param name="smaller">The smaller ones.</param>
    /// <returns>False if splitting does not help: no batch is larger, or a single record is.</returns>
    public static bool TrySplit(AppendBatches batches, int maxBytes, CompressionType compression, out AppendBatches smaller)
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
        var body = batches.Join().Span;
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

        smaller = isSplit ? new AppendBatches([.. parts]) : default;
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
}
