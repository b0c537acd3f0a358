using Loire.Coordination.Topics;
using Loire.Grains.Journals;
using Loire.Grains.Turns;
using Loire.Log;
using Loire.Log.Audits;
using Loire.Model;

namespace Loire.Grains.Topics;

/// <summary>The name of a topic's journal.</summary>
internal static class TopicJournalName
{
    /// <summary>The kind of the journals of topics.</summary>
    public const string Kind = "topic";

    /// <summary>Returns the name.</summary>
    public static string Of(TopicName name) => $"{Kind}/{name}";
}

/// <summary>A topic as its own journal has it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Error">Why the journal could not be read: it is damaged; None if it could.</param>
/// <param name="State">Its state; absent if the journal could not be read, or has no record yet.</param>
internal readonly record struct StoredTopic(TopicName Name, ErrorCode Error, TopicState State);

/// <summary>The topics of a store, found by its listing and read from their journals: what the catalog should say.</summary>
/// <param name="listing">Lists the objects of the store.</param>
/// <param name="journals">Returns the journal of a name.</param>
/// <param name="parallelism">How many journals are read at once.</param>
internal sealed class StoredTopics(IObjectListing listing, Func<string, JournalSource> journals, int parallelism)
{
    /// <summary>Lists the names of the topics that have a journal.</summary>
    /// <returns>The names in no order; null if storage cannot be listed now.</returns>
    public async Task<IReadOnlyList<TopicName>?> ListAsync()
    {
        try
        {
            List<TopicName> names = [];
            foreach (var text in await LogNames.OfKindAsync(listing, TopicJournalName.Kind))
            {
                if (TopicName.TryParse(text, out var name, out _))
                {
                    names.Add(name);
                }
            }

            return names;
        }
        catch (Exception)
        {
            // The provider's own exception: as for any call to storage, only that it failed matters.
            return null;
        }
    }

    /// <summary>Reads every topic.</summary>
    /// <returns>The topics, or <see cref="ErrorCode.KafkaStorageError"/> if storage cannot be read now.</returns>
    public async Task<(ErrorCode Error, IReadOnlyList<StoredTopic> Topics)> ReadAsync()
    {
        var topics = new List<StoredTopic>();
        if (await ListAsync() is not { } names)
        {
            return (ErrorCode.KafkaStorageError, topics);
        }

        var (_, error) = await BoundedCalls.ForEach(names, parallelism, async name =>
        {
            // Only read, never led: an instance without an epoch holds nothing that must be given back.
            var (error, state, _) = await JournalReplay.ReadAsync(journals(TopicJournalName.Of(name)).New(), TopicJournalCodec.Instance);
            if (error == ErrorCode.KafkaStorageError)
            {
                return error;
            }

            // A journal that is being deleted belongs to a topic that is gone.
            topics.Add(new StoredTopic(name, error == ErrorCode.UnknownTopicOrPartition ? ErrorCode.None : error, state));
            return ErrorCode.None;
        });
        return (error, topics);
    }

    /// <summary>
    /// Reads what the catalog should say. A topic that is being deleted, or has no record, is announced, so that it is settled. One whose journal
    /// is damaged is listed: its deletion is not known.
    /// </summary>
    /// <returns>The whole catalog, null if there are no topics; or the error of storage.</returns>
    public async Task<(ErrorCode Error, CatalogRecord? Snapshot)> ReadCatalogAsync()
    {
        var (error, topics) = await ReadAsync();
        if (error != ErrorCode.None || topics.Count == 0)
        {
            return (error, null);
        }

        // No two names of a catalog share a metric form.
        var ordered = topics.OrderBy(topic => IsListed(topic) ? 0 : 1).ThenBy(topic => topic.Name)
            .DistinctBy(topic => topic.Name.MetricForm).ToList();
        return (error, new CatalogRecord.Snapshot(
            [.. ordered.Where(IsListed).Select(topic => topic.Name)], [.. ordered.Where(topic => !IsListed(topic)).Select(topic => topic.Name)]));
    }

    private static bool IsListed(StoredTopic topic) => topic.State.Phase == TopicPhase.Live || topic.Error != ErrorCode.None;
}
