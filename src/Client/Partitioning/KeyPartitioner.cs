using Loire.Model;

namespace Loire.Client;

/// <summary>How keys become numbers.</summary>
internal enum KeyHash
{
    Murmur2,
    Crc32,
}

/// <summary>Keeps records of a key in one partition; where to put records without a key, another one says.</summary>
/// <param name="hash">How keys become numbers.</param>
/// <param name="withoutKey">Chooses for records without a key; null to treat them as ones with an empty key.</param>
internal sealed class KeyPartitioner(KeyHash hash, IPartitioner? withoutKey) : IPartitioner
{
    public int Partition(TopicLoad topic, ReadOnlySpan<byte> key, bool keyIsNull) =>

        // librdkafka makes no difference between no key and an empty one when it hashes by CRC-32.
        withoutKey is not null && (keyIsNull || (key.IsEmpty && hash == KeyHash.Crc32)) ? withoutKey.Partition(topic, key, keyIsNull)
        : hash == KeyHash.Murmur2 ? Murmur2.Partition(key, topic.PartitionsCount)
        : (int)(Crc32.Compute(key) % (uint)topic.PartitionsCount);

    public void OnBatchClosed(TopicLoad topic, int partition) => withoutKey?.OnBatchClosed(topic, partition);
}
