using System.Buffers;
using Loire.Edge.Topics;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Client;

/// <summary>Finds the last record of a key of a compacted topic, without retries.</summary>
internal static class LatestRecords
{
    /// <summary>Asks the partition that has the key.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="key">The key.</param>
    /// <param name="partition">The partition; null for the one to which the default partitioner sends the key.</param>
    /// <param name="decode">Decodes the record.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>What <paramref name="decode"/> returns; null if there is no record, or it has no value.</returns>
    /// <exception cref="LoireException">The partition does not exist, refuses, or does not answer.</exception>
    public static async ValueTask<T?> FindAsync<T>(
        TopicRoutes topic, byte[] key, int? partition, Func<TopicPartition, RecordFrame, ReadOnlyMemory<byte>, ValueTask<T>> decode,
        CancellationToken cancellation)
        where T : class
    {
        var asked = new TopicPartition(topic.Name, partition ?? Murmur2.Partition(key, topic.PartitionsCount));
        var grain = PartitionPositions.Grain(topic, asked);
        cancellation.ThrowIfCancellationRequested();
        var answer = await GrainCallFailures.AnswerAsync(() => grain.Latest(key), $"The partition {asked}", cancellation);
        if (answer.Error != ErrorCode.None)
        {
            throw new LoireException(answer.Error, $"The partition {asked} cannot be searched for the key. {answer.Detail}".TrimEnd());
        }

        using var decoder = new BatchDecoder();
        var batches = new BatchPieces(answer.Batch);
        if (!batches.TryTake(out var batch, out var pooled))
        {
            return null;
        }

        var error = decoder.Open(batch, pooled, answer.Offset);
        if (error == ErrorCode.None && decoder.TryPeek(out var frame, out error))
        {
            // Compaction may have removed a tombstone from the batch.
            return frame.Offset != answer.Offset || frame.ValueIsNull ? null : await decode(asked, frame, decoder.Records);
        }

        return error == ErrorCode.None ? null : throw new ConsumeException(error, new TopicPartitionOffset(asked, answer.Offset));
    }

    /// <summary>The bytes of a key.</summary>
    /// <exception cref="SerializationException">The serializer failed.</exception>
    public static byte[] Serialize<TKey>(TopicName topic, TKey key, ISerializer<TKey> serializer)
    {
        var (bytes, context) = (new ArrayBufferWriter<byte>(), new SerializationContext(MessageComponent.Key, topic, null));
        try
        {
            serializer.Serialize(key, bytes, context);
        }
        catch (Exception exception)
        {
            throw new SerializationException(context, exception);
        }

        return bytes.WrittenSpan.ToArray();
    }
}
