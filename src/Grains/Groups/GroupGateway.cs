using System.Globalization;
using Loire.Grains.Interfaces.Groups;
using Loire.Grains.Interfaces.Partitions;
using Loire.Grains.Interfaces.Topics;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model;
using Loire.Model.Transactions;
using Microsoft.Extensions.Logging;
using TopicOfOffsets = Loire.Coordination.Groups.Offsets.OffsetsTopic;

namespace Loire.Grains.Groups;

/// <summary>
/// The calls of groups to other grains. Every failure of a call becomes an error code here. One instance serves all groups of a silo and
/// caches the id and size of <c>__consumer_offsets</c>. Thread-safe.
/// </summary>
internal sealed partial class GroupGateway(IGrainFactory grains, int offsetsPartitions, TopicWatches watches, ILogger logger) : IGroupPeers
{
    private TopicResult? _offsetsTopic;

    public ValueTask<ErrorCode> Record(GroupId groupId, bool exists)
    {
        var shard = groupId.Place(IGroupCatalogGrain.Shards).ToString(CultureInfo.InvariantCulture);
        return Reach(() => grains.GetGrain<IGroupCatalogGrain>(shard).Record(groupId, exists), static error => error);
    }

    /// <summary>Calls a group to remove what has expired.</summary>
    public ValueTask<ErrorCode> Expire(GroupId groupId) =>
        Reach(() => grains.GetGrain<IGroupGrain>(groupId.Value).Expire(), static error => error);

    public ValueTask<TopicResult> Describe(TopicName topic) =>
        Reach(() => grains.GetGrain<ITopicGrain>(topic.Value).Describe(), static error => new TopicResult(error, null, null));

    public TopicDescription? Watched(TopicName topic) => watches.Find(topic);

    public void Watch(TopicDescription topic) => watches.Start(topic);

    public ValueTask<TopicList> ListTopics(string after, int max) => Reach(
        () => grains.GetGrain<ICatalogGrain>(ICatalogGrain.Key).List(after, max), static error => new TopicList(error, [], false));

    public async ValueTask<TopicResult> OffsetsTopic()
    {
        if (Volatile.Read(ref _offsetsTopic) is { } known)
        {
            return known;
        }

        var topic = await Describe(TopicOfOffsets.Name);
        if (topic.Error == ErrorCode.UnknownTopicOrPartition)
        {
            var request = new CreateTopicRequest(offsetsPartitions, -1, [new("cleanup.policy", "compact")], false);
            topic = await Reach(
                () => grains.GetGrain<ITopicGrain>(TopicOfOffsets.Name.Value).Create(request),
                static error => new TopicResult(error, null, null));
            topic = topic.Error == ErrorCode.TopicAlreadyExists ? await Describe(TopicOfOffsets.Name) : topic;
        }

        if (topic.Error == ErrorCode.None)
        {
            Volatile.Write(ref _offsetsTopic, topic);
        }

        return topic;
    }

    public async ValueTask<ErrorCode> Append(PartitionKey partition, AppendRequest request)
    {
        var error = await Reach(
            async () => (await grains.GetGrain<IPartitionGrain>(partition.ToString()).Append(request)).Error, static error => error);
        if (error is ErrorCode.UnknownTopicId or ErrorCode.UnknownTopicOrPartition)
        {
            // The topic has been deleted.
            Volatile.Write(ref _offsetsTopic, null);
        }

        return error;
    }

    public ValueTask<EnlistResult> Enlist(TransactionalId transaction, EnlistRequest request) => Reach(
        () => grains.GetGrain<ITransactionGrain>(transaction.Value).Enlist(request), static error => new EnlistResult(error, 0, null));

    public ValueTask<TransactionResult> DescribeTransaction(TransactionalId transaction) => Reach(
        () => grains.GetGrain<ITransactionGrain>(transaction.Value).Describe(), static error => new TransactionResult(error, null));

    private async ValueTask<T> Reach<T>(Func<ValueTask<T>> call, Func<ErrorCode, T> failure)
    {
        try
        {
            return await call();
        }
        catch (Exception error)
        {
            Unreachable(error);
            return failure(ErrorCode.CoordinatorNotAvailable);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "A call from a group to another grain failed.")]
    private partial void Unreachable(Exception error);
}
