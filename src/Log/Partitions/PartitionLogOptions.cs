using Loire.Log.Chains;

namespace Loire.Log.Partitions;

/// <summary>The options of a <see cref="PartitionLog"/>.</summary>
public sealed class PartitionLogOptions : ChainOptions;
