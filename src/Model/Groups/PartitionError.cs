namespace Loire.Model.Groups;

/// <summary>A partition for which a request failed, and the error.</summary>
[GenerateSerializer, Immutable, Alias("loire.PartitionError")]
public readonly record struct PartitionError([property: Id(0)] TopicPartition Partition, [property: Id(1)] ErrorCode Error);
