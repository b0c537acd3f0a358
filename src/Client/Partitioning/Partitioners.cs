namespace Loire.Client;

/// <summary>
/// The partitioners that come with the client. Producers of one topic must agree on how they map keys, or records of a key lose their
/// order:
/// <list type="table">
/// <item><term><see cref="Default"/>, <see cref="Murmur2"/>, <see cref="Murmur2Random"/></term><description>Kafka's Java client and Kafka
/// Streams, Loire's own HTTP API, kafkajs (since 2.0), kafka-python, franz-go; librdkafka and Confluent's clients with
/// <c>partitioner=murmur2_random</c>.</description></item>
/// <item><term><see cref="ConsistentRandom"/>, <see cref="Consistent"/></term><description>librdkafka's default, so Confluent's clients for
/// .NET, Python and Go, kcat.</description></item>
/// <item><term>the others</term><description>Nobody: they do not look at the key.</description></item>
/// </list>
/// A partitioner serves one producer.
/// </summary>
public static class Partitioners
{
    /// <summary>
    /// Keys by murmur2 as Java's default does; records without a key fill one partition's batch and go on to a partition that has little
    /// queued (KIP-794).
    /// </summary>
    /// <param name="random">Chooses partitions; null for an unseeded one.</param>
    public static IPartitioner Default(Random? random = null) => new KeyPartitioner(KeyHash.Murmur2, new AdaptiveStickyPartitioner(random));

    /// <summary>Keys by murmur2; records without a key all go to one partition. librdkafka's <c>murmur2</c>.</summary>
    public static IPartitioner Murmur2() => new KeyPartitioner(KeyHash.Murmur2, null);

    /// <summary>Keys by murmur2, records without a key anywhere. librdkafka's <c>murmur2_random</c>.</summary>
    /// <param name="random">Chooses partitions; null for an unseeded one.</param>
    public static IPartitioner Murmur2Random(Random? random = null) => new KeyPartitioner(KeyHash.Murmur2, new RandomPartitioner(random));

    /// <summary>Keys by CRC-32; records without a key, or with an empty one, all go to one partition. librdkafka's
    /// <c>consistent</c>.</summary>
    public static IPartitioner Consistent() => new KeyPartitioner(KeyHash.Crc32, null);

    /// <summary>Keys by CRC-32; records without a key, or with an empty one, anywhere. librdkafka's <c>consistent_random</c>, its
    /// default.</summary>
    /// <param name="random">Chooses partitions; null for an unseeded one.</param>
    public static IPartitioner ConsistentRandom(Random? random = null) => new KeyPartitioner(KeyHash.Crc32, new RandomPartitioner(random));

    /// <summary>One partition after the other, whatever the key. Kafka's <c>RoundRobinPartitioner</c>.</summary>
    public static IPartitioner RoundRobin() => new RoundRobinPartitioner();

    /// <summary>Any partition, whatever the key.</summary>
    /// <param name="random">Chooses partitions; null for an unseeded one.</param>
    public static IPartitioner Random(Random? random = null) => new RandomPartitioner(random);

    /// <summary>One partition until its batch is closed, then another at random, whatever the key. Kafka's
    /// <c>UniformStickyPartitioner</c> (KIP-480).</summary>
    /// <param name="random">Chooses partitions; null for an unseeded one.</param>
    public static IPartitioner Sticky(Random? random = null) => new StickyPartitioner(random);

    /// <summary>As <see cref="Sticky"/>, but the next partition is one that has little queued, so slow partitions get less
    /// (KIP-794).</summary>
    /// <param name="random">Chooses partitions; null for an unseeded one.</param>
    public static IPartitioner AdaptiveSticky(Random? random = null) => new AdaptiveStickyPartitioner(random);

    /// <summary>Always the same partition.</summary>
    /// <param name="partition">At least 0; a record for a topic without it fails.</param>
    public static IPartitioner Explicit(int partition)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(partition);
        return new ExplicitPartitioner(partition);
    }
}
