using Loire.Model;

namespace Loire.Grains.Brokers;

/// <summary>What a silo remembers of which brokers topics prefer as leaders. Thread-safe.</summary>
internal interface ILeaderCache
{
    /// <summary>Asks the topic again at the next use.</summary>
    void Forget(TopicId topic);
}
