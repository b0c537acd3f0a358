namespace Loire.Grains.Topics;

/// <summary>What a topic goes by.</summary>
/// <param name="DefaultPartitions">Partitions of a topic whose creator does not say how many.</param>
/// <param name="Parallelism">Partitions called at once.</param>
public sealed record TopicDriverOptions(int DefaultPartitions, int Parallelism);
