using Loire.Coordination.Topics;
using Loire.Grains.Journals;
using Loire.Log;
using Loire.Log.Journals;
using Loire.Model;
using Orleans.Storage;

namespace Loire.Grains.Topics;

/// <summary>Which topics the partitions' logs of a store belong to, for a store that no node uses.</summary>
public static class TopicIds
{
    private const int AtOnce = 8;

    /// <summary>Reads the journals of the topics.</summary>
    /// <param name="listing">Lists the objects.</param>
    /// <param name="storage">Reads them; the storage of the same store.</param>
    /// <param name="writer">A random id; nothing is written.</param>
    /// <param name="time">The clock of deadlines.</param>
    /// <returns>The names; those of topics whose journal cannot be read are missing.</returns>
    public static async Task<IReadOnlyDictionary<TopicId, TopicName>> ReadAsync(
        IObjectListing listing, IGrainStorage storage, Guid writer, TimeProvider time)
    {
        var topics = new StoredTopics(
            listing, name => new JournalSource(name, id => new Journal(storage, id, writer, new JournalOptions(), time)), AtOnce);
        return (await topics.ReadAsync()).Topics.Where(topic => topic.State.Phase != TopicPhase.Absent)
            .ToDictionary(topic => topic.State.Id, topic => topic.Name);
    }
}
