namespace Loire.Grains.Topics;

/// <summary>Settings of topics.</summary>
/// <param name="DefaultPartitions">Partitions of a topic that is created without a number of partitions.</param>
/// <param name="Parallelism">How many partitions are called at once.</param>
/// <param name="MaxAge">How old a description may be: within it, changes by another owner may be missed.</param>
public sealed record TopicDriverOptions(int DefaultPartitions, int Parallelism, TimeSpan MaxAge);
