using Loire.Grains.Interfaces.Groups;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;

namespace Loire.Kafka.Handlers.Groups;

/// <summary>
/// OffsetCommit 2 to 10: of classic members, of members of groups that assign themselves (version 9, KIP-848; before, a stale epoch is one that the version cannot tell),
/// and without a member. Partitions that do not exist and metadata that is too long are refused one by one, and the rest is stored. A retention time (until version 4) is
/// ignored. From version 10 on topics have ids instead of names (KIP-848). Deviation: −1 and −2 remove the
/// offset, because clients treat them as "no offset", and OffsetFetch returns −1 afterwards; other negative offsets are refused as positions that cannot be read.
/// </summary>
/// <param name="commits">Commits the offsets.</param>
internal sealed class OffsetCommitHandler(OffsetCommits commits) : KafkaHandler<OffsetCommitRequest>(ApiKey.OffsetCommit, 2, 10)
{
    private const int FirstWithEpochs = 9;
    private const int FirstWithTopicIds = 10;

    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, OffsetCommitRequest request)
    {
        if (!MemberNames.TryRead(request.MemberId, request.GroupInstanceId, out var names))
        {
            return Refuse(context, request, ErrorCode.UnknownMemberId);
        }

        var hasIds = context.Version >= FirstWithTopicIds;
        RequestedOffsets[] requested = Array.ConvertAll(request.Topics, topic => new RequestedOffsets(topic.Name, hasIds ? topic.TopicId : null, Array.ConvertAll(
            topic.Partitions, partition => new RequestedOffset(
                partition.PartitionIndex, partition.CommittedOffset, partition.CommittedLeaderEpoch, partition.CommittedMetadata))));
        var isOld = context.Version < FirstWithEpochs;
        return Answer(request, await commits.CommitAsync(
            context, request.GroupId, names, request.GenerationIdOrMemberEpoch, requested, (group, commit) => CommitAsync(group, commit, isOld)));
    }

    protected override IKafkaMessage Refuse(HandlerContext context, OffsetCommitRequest request, ErrorCode error) =>
        Answer(request, Array.ConvertAll(request.Topics, topic => Array.ConvertAll(topic.Partitions, _ => error)));

    private static async ValueTask<CommitResult> CommitAsync(IGroupGrain group, CommitRequest commit, bool isOld)
    {
        var result = await group.Commit(commit);
        return result.Error switch
        {
            ErrorCode.StaleMemberEpoch when isOld => result with { Error = ErrorCode.UnsupportedVersion },

            // Clients tell a group that is gone from a member that is.
            ErrorCode.UnknownMemberId when commit.MemberEpoch >= 0 && (await group.Describe()).Error == ErrorCode.GroupIdNotFound =>
                result with { Error = isOld ? ErrorCode.IllegalGeneration : ErrorCode.GroupIdNotFound },
            _ => result,
        };
    }

    private static OffsetCommitResponse Answer(OffsetCommitRequest request, ErrorCode[][] errors) => new()
    {
        Topics = [.. request.Topics.Zip(errors, (topic, errors) => new OffsetCommitResponse.Topic
        {
            Name = topic.Name,
            TopicId = topic.TopicId,
            Partitions = [.. topic.Partitions.Zip(errors, (partition, error) => new OffsetCommitResponse.Partition
            {
                PartitionIndex = partition.PartitionIndex, ErrorCode = error,
            })],
        })],
    };
}
