using System.Buffers.Binary;

namespace Loire.Model;

/// <summary>
/// The hash with which Kafka's Java producer maps keys to partitions. All producers of a topic must use the same one, or records with the
/// same key lose their order.
/// </summary>
public static class Murmur2
{
    private const uint Seed = 0x9747b28c;
    private const uint Multiplier = 0x5bd1e995;
    private const int Shift = 24;

    /// <summary>The 32-bit MurmurHash2 of <paramref name="data"/> with Kafka's seed, as a signed number like in Java.</summary>
    public static int Hash(ReadOnlySpan<byte> data)
    {
        var hash = Seed ^ (uint)data.Length;
        while (data.Length >= 4)
        {
            var word = BinaryPrimitives.ReadUInt32LittleEndian(data) * Multiplier;
            word = (word ^ (word >> Shift)) * Multiplier;
            hash = (hash * Multiplier) ^ word;
            data = data[4..];
        }

        if (data.Length > 0)
        {
            var rest = (uint)data[0];
            rest |= data.Length > 1 ? (uint)data[1] << 8 : 0;
            rest |= data.Length > 2 ? (uint)data[2] << 16 : 0;
            hash = (hash ^ rest) * Multiplier;
        }

        hash = (hash ^ (hash >> 13)) * Multiplier;
        return (int)(hash ^ (hash >> 15));
    }

    /// <summary>
    /// The partition of a key, from 0 to <paramref name="partitions"/> exclusive. As in Kafka, the sign bit is masked rather than negated.
    /// </summary>
    /// <param name="key">The key's bytes; not null (a record without a key can go to any partition).</param>
    /// <param name="partitions">The number of partitions of the topic, available or not; at least 1.</param>
    public static int Partition(ReadOnlySpan<byte> key, int partitions)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(partitions, 1);
        return (Hash(key) & int.MaxValue) % partitions;
    }
}
