using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Client;

/// <summary>Undecoded records of one partition, in order.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Slices">At least one.</param>
internal sealed record PartitionSlices(TopicPartition Partition, RecordSlice[] Slices);
