using Loire.Grains.Turns;
using Loire.Model;

namespace Loire.Grains.Placement;

/// <summary>A partition that is open on this silo.</summary>
internal interface ILedPartition : IMoving
{
    /// <summary>The partition.</summary>
    PartitionKey Key { get; }
}
