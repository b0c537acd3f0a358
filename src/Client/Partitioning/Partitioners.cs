namespace Loire.Client;

/// <summary>
/// The built-in partitioners. All producers of a topic must map keys in the same way, or records with the same key lose their order.
/// Compatible producers:
/// <list type="table">
/// <item><term><see cref="Default"/>, <see cref="Murmur2"/>, <see cref="Murmur2Random"/></term><description>Kafka's Java client and Kafka
/// Streams, Loire's own HTTP API, kafkajs (since 2.0), kafka-python, franz-go; librdkafka and Confluent's clients with
/// <c>partitioner=murmur2_random</c>.</description></item>
/// <item><term><see cref="ConsistentRandom"/>, <see cref="Consistent"/></term><description>librdkafka's default, and so Confluent's clients
/// for .NET, Python and Go, and kcat.</description></item>
/// <item><term>the others</term><description>None: they ignore the key.</description></item>
/// </list>
/// A partitioner serves one producer.
/// </summary>
public static class Partitioners
{
    /// <summary>
    /// Maps keys with murmur2, like Java's default; records without a key fill a batch of one partition, then switch to a partition with a
    /// short queue (KIP-794).
    /// </summary>
    /// <param name="random">Chooses partitions; null for an unseeded one.</param>
    public static IPartitioner Default(Random? random = null) => new KeyPartitioner(KeyHash.Murmur2, new AdaptiveStickyPartitioner(random));

    /// <summary>Maps keys with murmur2; all records without a key go to one partition. librdkafka's <c>murmur2</c>.</summary>
    public static IPartitioner Murmur2() => new KeyPartitioner(KeyHash.Murmur2, null);

    /// <summary>Maps keys with murmur2, records without a key randomly. librdkafka's <c>murmur2_random</c>.</summary>
    /// <param name="random">Chooses partitions; null for an unseeded one.</param>
    public static IPartitioner Murmur2Random(Random? random = null) => new KeyPartitioner(KeyHash.Murmur2, new RandomPartitioner(random));

    /// <summary>Maps keys with CRC-32; all records without a key, or with an empty one, go to one partition. librdkafka's
    /// <c>consistent</c>.</summary>
    public static IPartitioner Consistent() => new KeyPartitioner(KeyHash.Crc32, null);

    /// <summary>Maps keys with CRC-32; records without a key, or with an empty one, randomly. librdkafka's default,
    /// <c>consistent_random</c>.</summary>
    /// <param name="random">Chooses partitions; null for an unseeded one.</param>
    public static IPartitioner ConsistentRandom(Random? random = null) => new KeyPartitioner(KeyHash.Crc32, new RandomPartitioner(random));

    /// <summary>Uses partitions in turn and ignores the key. Kafka's <c>RoundRobinPartitioner</c>.</summary>
    public static IPartitioner RoundRobin() => new RoundRobinPartitioner();

    /// <summary>Uses a random partition and ignores the key.</summary>
    /// <param name="random">Chooses partitions; null for an unseeded one.</param>
    public static IPartitioner Random(Random? random = null) => new RandomPartitioner(random);

    /// <summary>Uses one partition until its batch is closed, then another at random; ignores the key. Kafka's
    /// <c>UniformStickyPartitioner</c> (KIP-480).</summary>
    /// <param name="random">Chooses partitions; null for an unseeded one.</param>
    public static IPartitioner Sticky(Random? random = null) => new StickyPartitioner(random);

    /// <summary>Like <see cref="Sticky"/>, but prefers partitions with short queues, so that slow partitions receive less
    /// (KIP-794).</summary>
    /// <param name="random">Chooses partitions; null for an unseeded one.</param>
    public static IPartitioner AdaptiveSticky(Random? random = null) => new AdaptiveStickyPartitioner(random);

    /// <summary>Always uses the same partition.</summary>
    /// <param name="partition">At least 0; records for a topic without this partition fail.</param>
    public static IPartitioner Explicit(int partition)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(partition);
        return new ExplicitPartitioner(partition);
    }
}
