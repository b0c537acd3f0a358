using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Groups;
using Loire.Kafka.Handlers.Topics;
using Loire.Kafka.Requests;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Kafka.Handlers.Groups;

/// <summary>An offset that a request commits.</summary>
/// <param name="Partition">The partition of its topic, as the client wrote it.</param>
/// <param name="Offset">The next offset to read.</param>
/// <param name="LeaderEpoch">The epoch of the last record read; −1 for none.</param>
/// <param name="Metadata">Text of the client; null counts as empty.</param>
internal readonly record struct RequestedOffset(int Partition, long Offset, int LeaderEpoch, string? Metadata);

/// <summary>The offsets of a topic in a request.</summary>
/// <param name="Topic">Its name; empty if the request has its id.</param>
/// <param name="Id">Its id; null if the request has its name.</param>
/// <param name="Offsets">The offsets.</param>
internal readonly record struct RequestedOffsets(string Topic, Guid? Id, RequestedOffset[] Offsets);

/// <summary>
/// What OffsetCommit and TxnOffsetCommit share: finds the topics, commits the offsets of the partitions that exist, and says for each what became of it. A topic may have been
/// deleted and created again less than a second ago without being noticed: a commit of that time is one of the former topic, and does not count.
/// </summary>
/// <param name="topics">Finds the topics.</param>
/// <param name="groups">Calls the group.</param>
internal sealed class OffsetCommits(TopicDirectory topics, GroupCalls groups)
{
    /// <summary>Commits offsets; answers with the error of each, in the shape of <paramref name="requested"/>.</summary>
    /// <param name="context">The request.</param>
    /// <param name="groupId">The group.</param>
    /// <param name="names">The member.</param>
    /// <param name="epoch">Its generation or epoch; −1 without a member.</param>
    /// <param name="requested">The offsets.</param>
    /// <param name="commit">Makes the call.</param>
    public async ValueTask<ErrorCode[][]> CommitAsync(
        HandlerContext context, string groupId, MemberNames names, int epoch, RequestedOffsets[] requested,
        Func<IGroupGrain, CommitRequest, ValueTask<CommitResult>> commit)
    {
        CommitResult result;
        TopicLookup[] found;
        using (var turn = CommitOrder.Of(context).Take())
        {
            // Whether the client is there or not: a commit has an effect.
            found = await TopicDirectory.EachAsync(requested, topic => topic.Id is { } id
                ? topics.FindAsync(new TopicId(id), CancellationToken.None)
                : topics.FindAsync(topic.Topic, CancellationToken.None));
            await turn.Before;
            CommittedOffset[] offsets = [.. requested.Zip(found).SelectMany(pair => OffsetsOf(pair.First, pair.Second.Topic))
                .GroupBy(offset => offset.Partition).Select(same => same.Last())];
            if (offsets.Length == 0 && GroupId.TryParse(groupId, out _, out string? _))
            {
                result = new CommitResult(ErrorCode.None, [], null);
            }
            else
            {
                var request = new CommitRequest(names.MemberId, epoch, offsets, names.InstanceId);
                result = await groups.CallAsync(groupId, group => commit(group, request), static error => new CommitResult(error, [], null));
            }
        }

        var refused = result.Refused.DistinctBy(one => one.Partition).ToDictionary(one => one.Partition, one => one.Error);
        return [.. requested.Zip(found, (topic, lookup) => Array.ConvertAll(topic.Offsets, offset => ErrorOf(offset, lookup, result.Error, refused)))];
    }

    private static ErrorCode ErrorOf(RequestedOffset offset, TopicLookup lookup, ErrorCode error, Dictionary<TopicPartition, ErrorCode> refused) =>
        lookup.Topic is not { } topic ? Unknown(lookup.Error)
        : !Has(topic, offset.Partition) ? ErrorCode.UnknownTopicOrPartition
        : GroupCalls.ForClient(error != ErrorCode.None ? error : refused.GetValueOrDefault(new TopicPartition(topic.Name, offset.Partition)));

    // A topic that cannot be asked is no topic that does not exist: the client is to try again.
    private static ErrorCode Unknown(ErrorCode error) =>
        error is ErrorCode.InvalidTopicException ? ErrorCode.UnknownTopicOrPartition : GroupCalls.ForClient(error);

    private static IEnumerable<CommittedOffset> OffsetsOf(RequestedOffsets requested, TopicRoutes? topic) => topic is null ? [] : requested.Offsets
        .Where(offset => Has(topic, offset.Partition))
        .Select(offset => new CommittedOffset(
            new TopicPartition(topic.Name, offset.Partition), offset.Offset, new LeaderEpoch(offset.LeaderEpoch), offset.Metadata ?? "", Timestamp.None,
            topic.Id));

    private static bool Has(TopicRoutes topic, int partition) => partition >= 0 && partition < topic.PartitionsCount;
}
