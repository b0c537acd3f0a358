using Loire.Grains.Turns;
using Loire.Model;

namespace Loire.Grains.Groups;

/// <summary>Creates the drivers of groups and their catalogs, joined to the silo's storage, clock and peers.</summary>
public interface IGroupDrivers
{
    /// <summary>How often a catalog has its groups remove what has expired.</summary>
    TimeSpan SweepInterval { get; }

    /// <summary>Creates the driver of a consumer group.</summary>
    /// <param name="id">Which group; a legal id.</param>
    /// <param name="turns">The turns of its activation.</param>
    /// <param name="wakeAfter">Schedules one call of <see cref="GroupDriver.WakeAsync"/> after a time.</param>
    /// <param name="activation">The activation of the grain that holds the driver.</param>
    GroupDriver Group(GroupId id, ITurnQueue turns, Action<TimeSpan> wakeAfter, IActivation activation);

    /// <summary>Creates the driver of one shard of the catalog of groups.</summary>
    /// <param name="shard">Which shard, from 0.</param>
    GroupCatalogDriver Catalog(int shard);
}
