using Loire.Model;

namespace Loire.Client;

/// <summary>Batches as one append carries them, one after the other.</summary>
internal static class AppendBody
{
    /// <summary>
    /// Encodes batches and notes each one's <see cref="ProducerBatch.EncodedBytes"/>. The memory is the request's own: the broker keeps it.
    /// </summary>
    public static ReadOnlyMemory<byte> Encode(List<ProducerBatch> group, CompressionType compression)
    {
        if (compression == CompressionType.None)
        {
            var body = GC.AllocateUninitializedArray<byte>(SizeOf(group));
            var at = 0;
            foreach (var batch in group)
            {
                batch.EncodedBytes = batch.Builder.SizeInBytes;
                batch.Builder.BuildInto(body.AsSpan(at, batch.EncodedBytes));
                at += batch.EncodedBytes;
            }

            return body;
        }

        var parts = new ReadOnlyMemory<byte>[group.Count];
        for (var i = 0; i < parts.Length; i++)
        {
            parts[i] = group[i].Builder.Build(compression);
            group[i].EncodedBytes = parts[i].Length;
        }

        return parts.Length == 1 ? parts[0] : Join(parts);
    }

    private static int SizeOf(List<ProducerBatch> group)
    {
        var size = 0;
        foreach (var batch in group)
        {
            size += batch.Builder.SizeInBytes;
        }

        return size;
    }

    private static byte[] Join(ReadOnlyMemory<byte>[] parts)
    {
        var body = GC.AllocateUninitializedArray<byte>(parts.Sum(part => part.Length));
        var at = 0;
        foreach (var part in parts)
        {
            part.CopyTo(body.AsMemory(at));
            at += part.Length;
        }

        return body;
    }
}
