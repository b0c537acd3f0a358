using Loire.Model;
using Orleans.Concurrency;

namespace Loire.Grains.Interfaces.Topics;

/// <summary>The controller of one topic. The key is the topic's name.</summary>
[Alias("loire.ITopicGrain")]
public interface ITopicGrain : IGrainWithStringKey
{
    /// <summary>Creates the topic.</summary>
    [Alias("Create")]
    ValueTask<TopicResult> Create(CreateTopicRequest request);

    /// <summary>Describes the topic, or answers <see cref="ErrorCode.UnknownTopicOrPartition"/>.</summary>
    [AlwaysInterleave]
    [Alias("Describe")]
    ValueTask<TopicResult> Describe();

    /// <summary>What a partition needs to start serving, or <see cref="ErrorCode.UnknownTopicOrPartition"/> if it must not.</summary>
    [AlwaysInterleave]
    [Alias("Settings")]
    ValueTask<PartitionSettingsResult> Settings(TopicId id, int partition);

    /// <summary>Raises the number of partitions; a lower or equal one is <see cref="ErrorCode.InvalidPartitions"/>.</summary>
    [Alias("AddPartitions")]
    ValueTask<TopicResult> AddPartitions(int partitionsCount, bool validateOnly);

    /// <summary>Sets and resets configurations; all of them or none.</summary>
    [Alias("AlterConfigs")]
    ValueTask<TopicResult> AlterConfigs(AlterConfigsRequest request);

    /// <summary>
    /// Deletes the topic and its data. Returns when the data is gone, or with an error; then the topic is gone for everyone already, and a
    /// second call or the catalog finishes what is left.
    /// </summary>
    [ResponseTimeout("00:05:00")]
    [Alias("Delete")]
    ValueTask<TopicResult> Delete();

    /// <summary>Finishes what a crash interrupted, and tells the catalog whether the topic exists. Called by the catalog alone.</summary>
    [ResponseTimeout("00:05:00")]
    [Alias("Settle")]
    ValueTask<TopicResult> Settle();
}

/// <summary>The topics of the cluster by name. There is one, with the key <c>default</c>.</summary>
[Alias("loire.ICatalogGrain")]
public interface ICatalogGrain : IGrainWithStringKey
{
    /// <summary>The key of the only catalog.</summary>
    const string Key = "default";

    /// <summary>Lists topics in ordinal order of their names.</summary>
    /// <param name="after">Names after this one; empty for the first page.</param>
    /// <param name="max">Names at most, from 1 to <see cref="Limits.TopicsPerPage"/>.</param>
    [AlwaysInterleave]
    [Alias("List")]
    ValueTask<TopicList> List(string after, int max);

    /// <summary>
    /// Notes durably that a topic is about to be created or deleted, so that a crash in between is found and finished. The topic is not
    /// listed until <see cref="Record"/>. Called by the topic alone.
    /// </summary>
    /// <param name="name">The topic's name.</param>
    /// <param name="validateOnly">Check, but note nothing.</param>
    /// <returns>
    /// <see cref="ErrorCode.None"/>; <c>InvalidTopicException</c> if another topic has the same <see cref="TopicName.MetricForm"/>;
    /// <c>PolicyViolation</c> if there are <see cref="Limits.Topics"/> already.
    /// </returns>
    [Alias("Announce")]
    ValueTask<CatalogResult> Announce(TopicName name, bool validateOnly);

    /// <summary>Notes durably that a topic exists, or that it does not any more. Called by the topic alone.</summary>
    [Alias("Record")]
    ValueTask<CatalogResult> Record(TopicName name, bool exists);

    /// <summary>
    /// Settles topics whose creation or deletion a crash interrupted, each by <see cref="ITopicGrain.Settle"/>. Called when a silo starts,
    /// and by the catalog itself as long as some are unsettled.
    /// </summary>
    [ResponseTimeout("00:05:00")]
    [Alias("Settle")]
    ValueTask Settle();
}
