using Loire.Grains.Turns;
using Loire.Model;

namespace Loire.Grains.Topics;

/// <summary>Creates the drivers of topics and their catalog, joined to the silo's storage and peers.</summary>
public interface ITopicDrivers
{
    /// <summary>How long after an interruption the catalog settles a topic.</summary>
    TimeSpan SettleInterval { get; }

    /// <summary>How often the store is swept.</summary>
    TimeSpan StoreSweepInterval { get; }

    /// <summary>Deletes what deletions have left in the store; does nothing if the store cannot be listed.</summary>
    Task SweepStoreAsync();

    /// <summary>Creates the driver of a topic.</summary>
    /// <param name="name">Which topic.</param>
    /// <param name="activation">The activation of the grain that holds the driver.</param>
    TopicDriver Topic(TopicName name, IActivation activation);

    /// <summary>Creates the driver of the catalog.</summary>
    CatalogDriver Catalog();
}
