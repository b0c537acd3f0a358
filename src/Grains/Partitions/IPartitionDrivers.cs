using Loire.Grains.Turns;
using Loire.Model;

namespace Loire.Grains.Partitions;

/// <summary>Creates the drivers of partitions, joined to the silo's storage, clock and peers.</summary>
public interface IPartitionDrivers
{
    /// <summary>Creates the driver of a partition.</summary>
    /// <param name="key">Which partition.</param>
    /// <param name="turns">The turns of its activation.</param>
    /// <param name="drop">Invoked once, when the driver is to be disposed of and forgotten.</param>
    PartitionDriver Partition(PartitionKey key, ITurnQueue turns, Action drop);
}
