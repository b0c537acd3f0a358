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

    /// <summary>Describes the topic, or returns <see cref="ErrorCode.UnknownTopicOrPartition"/>.</summary>
    [AlwaysInterleave]
    [ResponseTimeout("00:00:05")]
    [Alias("Describe")]
    ValueTask<TopicResult> Describe();

    /// <summary>Describes the settings of the topic, or returns <see cref="ErrorCode.UnknownTopicOrPartition"/>.</summary>
    [AlwaysInterleave]
    [ResponseTimeout("00:00:05")]
    [Alias("DescribeConfigs")]
    ValueTask<TopicConfigsResult> DescribeConfigs();

    /// <summary>
    /// Describes the topic as soon as it is another one than the caller knows, by its id or its version, or when the wait is over.
    /// </summary>
    /// <param name="id">The id that the caller knows.</param>
    /// <param name="version">The version that the caller knows.</param>
    /// <param name="wait">How long to wait, from 0 to <see cref="Limits.FetchWait"/>; other values are reduced to these.</param>
    /// <param name="cancellation">Ends the wait.</param>
    [AlwaysInterleave]
    [ResponseTimeout("00:02:00")]
    [Alias("Watch")]
    ValueTask<TopicResult> Watch(TopicId id, long version, TimeSpan wait, CancellationToken cancellation);

    /// <summary>
    /// Returns the settings that a partition needs to serve; <see cref="ErrorCode.UnknownTopicOrPartition"/> if it must not.
    /// </summary>
    [AlwaysInterleave]
    [ResponseTimeout("00:00:05")]
    [Alias("Settings")]
    ValueTask<PartitionSettingsResult> Settings(TopicId id, int partition);

    /// <summary>Increases the number of partitions; <see cref="ErrorCode.InvalidPartitions"/> if it is not larger.</summary>
    [Alias("AddPartitions")]
    ValueTask<TopicResult> AddPartitions(int partitionsCount, bool validateOnly);

    /// <summary>
    /// Spreads the preferred leaders of the partitions evenly over the brokers that serve, with as few changes as that takes. The partitions
    /// move shortly after.
    /// </summary>
    [ResponseTimeout("00:01:00")]
    [Alias("Rebalance")]
    ValueTask<TopicResult> Rebalance(bool validateOnly);

    /// <summary>Changes and resets configurations atomically.</summary>
    [Alias("AlterConfigs")]
    ValueTask<TopicResult> AlterConfigs(AlterConfigsRequest request);

    /// <summary>
    /// Deletes the topic and its data. Returns when the data is gone, or with an error; in that case the topic is no longer visible, and a
    /// repeated call or the catalog completes the deletion.
    /// </summary>
    [ResponseTimeout("00:05:00")]
    [Alias("Delete")]
    ValueTask<TopicResult> Delete();

    /// <summary>Deletes one creation of the topic, like <see cref="Delete"/>; <see cref="ErrorCode.UnknownTopicId"/> if the name belongs to another one.</summary>
    [ResponseTimeout("00:05:00")]
    [Alias("DeleteCreation")]
    ValueTask<TopicResult> DeleteCreation(TopicId id);

    /// <summary>Keeps what partitions report of their logs. Called by the silos of the partitions, from feature level 2 on.</summary>
    /// <param name="id">The creation of the topic to which the partitions belong.</param>
    /// <param name="reports">One for each partition at most.</param>
    [AlwaysInterleave]
    [Alias("Report")]
    ValueTask<ErrorCode> Report(TopicId id, PartitionReport[] reports);

    /// <summary>
    /// Describes the logs of the partitions as they were last reported, without a call to any of them; or returns
    /// <see cref="ErrorCode.UnknownTopicOrPartition"/>.
    /// </summary>
    [AlwaysInterleave]
    [ResponseTimeout("00:00:05")]
    [Alias("DescribeLogs")]
    ValueTask<TopicLogsResult> DescribeLogs();

    /// <summary>Opens closed partitions that are due for retention or compaction. Called only by the catalog.</summary>
    /// <param name="max">The number of partitions that may be opened.</param>
    [AlwaysInterleave]
    [ResponseTimeout("00:05:00")]
    [Alias("Retain")]
    ValueTask<TopicRetainResult> Retain(int max);

    /// <summary>
    /// Completes a creation or deletion that a crash interrupted, and reports to the catalog whether the topic exists. Called only by the
    /// catalog.
    /// </summary>
    [ResponseTimeout("00:05:00")]
    [Alias("Settle")]
    ValueTask<TopicResult> Settle();
}

/// <summary>The names of all topics of the cluster. The only instance has the key <c>default</c>.</summary>
[Alias("loire.ICatalogGrain")]
public interface ICatalogGrain : IGrainWithStringKey
{
    /// <summary>The key of the only catalog.</summary>
    const string Key = "default";

    /// <summary>Lists topics in ordinal order of their names.</summary>
    /// <param name="after">Names after this one; empty for the first page.</param>
    /// <param name="max">The maximum number of names, from 1 to <see cref="Limits.TopicsPerPage"/>.</param>
    [AlwaysInterleave]
    [ResponseTimeout("00:00:05")]
    [Alias("List")]
    ValueTask<TopicList> List(string after, int max);

    /// <summary>
    /// Durably records that a topic is about to be created or deleted, so that an interrupted operation is found and completed after a
    /// crash. The topic is not listed until <see cref="Record"/>. Called only by the topic.
    /// </summary>
    /// <param name="name">The topic's name.</param>
    /// <param name="validateOnly">Whether to validate without recording anything.</param>
    /// <returns>
    /// <see cref="ErrorCode.None"/>; <c>InvalidTopicException</c> if another topic has the same <see cref="TopicName.MetricForm"/>;
    /// <c>PolicyViolation</c> if there are already <see cref="Limits.Topics"/> topics.
    /// </returns>
    [Alias("Announce")]
    ValueTask<CatalogResult> Announce(TopicName name, bool validateOnly);

    /// <summary>Durably records that a topic exists, or that it no longer does. Called only by the topic.</summary>
    [Alias("Record")]
    ValueTask<CatalogResult> Record(TopicName name, bool exists);

    /// <summary>
    /// Settles topics whose creation or deletion a crash interrupted, each with <see cref="ITopicGrain.Settle"/>. Called when a silo
    /// starts, and by the catalog itself while any topic is unsettled.
    /// </summary>
    [ResponseTimeout("00:05:00")]
    [Alias("Settle")]
    ValueTask Settle();

    /// <summary>
    /// Deletes the objects that deletions have left in the store, as a write that arrived late does, and reconciles the catalog with the
    /// store. The catalog itself does so every few hours.
    /// </summary>
    [ResponseTimeout("00:30:00")]
    [Alias("Sweep")]
    ValueTask Sweep();

    /// <summary>
    /// Asks the topics with closed partitions that are due to look after them (<see cref="ITopicGrain.Retain"/>). Called by every silo at an interval,
    /// from feature level 2 on; a call while another one is at work shares its result.
    /// </summary>
    [ResponseTimeout("00:30:00")]
    [Alias("Retain")]
    ValueTask Retain();

    /// <summary>Notes that a topic must be asked within a time. Called only by the topic.</summary>
    [Alias("RetainWithin")]
    ValueTask RetainWithin(TopicName topic, TimeSpan wait);
}
