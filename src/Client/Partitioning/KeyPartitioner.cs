using Loire.Model;

namespace Loire.Client;

/// <summary>The hash function for keys.</summary>
internal enum KeyHash
{
    Murmur2,
    Crc32,
}

/// <summary>Maps records with the same key to the same partition; delegates records without a key to another partitioner.</summary>
/// <param name="hash">The hash function for keys.</param>
/// <param name="withoutKey">The partitioner for records without a key; null to treat them like records with an empty key.</param>
internal sealed class KeyPartitioner(KeyHash hash, IPartitioner? withoutKey) : IPartitioner
{
    public int Partition(TopicLoad topic, ReadOnlySpan<byte> key, bool keyIsNull) =>

        // librdkafka does not distinguish between no key and an empty one when it hashes with CRC-32.
        withoutKey is not null && (keyIsNull || (key.IsEmpty && hash == KeyHash.Crc32)) ? withoutKey.Partition(topic, key, keyIsNull)
        : hash == KeyHash.Murmur2 ? Murmur2.Partition(key, topic.PartitionsCount)
        : (int)(Crc32.Compute(key) % (uint)topic.PartitionsCount);

    public void OnBatchClosed(TopicLoad topic, int partition) => withoutKey?.OnBatchClosed(topic, partition);
}
