namespace Loire.Model.Groups;

/// <summary>A partition and what is wrong with it.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Error">The error.</param>
[GenerateSerializer, Immutable, Alias("loire.PartitionError")]
public readonly record struct PartitionError([property: Id(0)] TopicPartition Partition, [property: Id(1)] ErrorCode Error);
