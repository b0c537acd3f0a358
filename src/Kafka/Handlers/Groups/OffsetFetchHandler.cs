using Loire.Grains.Interfaces.Groups;
using Loire.Kafka.Handlers.Topics;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Kafka.Handlers.Groups;

/// <summary>
/// OffsetFetch 1 to 10. A partition without an offset, one that does not exist and a group that does not exist are answered with −1 and no error. No list of topics means all
/// that have an offset (version 2). From version 8 on a request names several groups (KIP-709), from 7 on it may demand offsets that no open transaction can replace
/// (KIP-447), from 9 on it may name its member, whose epoch is checked in a group that assigns itself (KIP-848). Version 1 has no error of a group, so its partitions have it.
/// From version 10 on topics have ids instead of names, and an id that no topic has is an error. An offset that was committed for a topic that was deleted since is none.
/// </summary>
/// <param name="topics">Finds the topics.</param>
/// <param name="groups">Calls the groups.</param>
internal sealed class OffsetFetchHandler(TopicDirectory topics, GroupCalls groups) : KafkaHandler<OffsetFetchRequest>(ApiKey.OffsetFetch, 1, 10)
{
    private const int FirstWithGroups = 8;
    private const int FirstWithError = 2;
    private const int FirstWithTopicIds = 10;

    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, OffsetFetchRequest request)
    {
        await CommitOrder.Of(context).Commits;
        if (context.Version >= FirstWithGroups)
        {
            return new OffsetFetchResponse
            {
                Groups = await TopicDirectory.EachAsync(
                    request.Groups, async group => ForGroup(await FetchAsync(context, Question.Of(group), request.RequireStable))),
            };
        }

        return ForOne(context, await FetchAsync(context, Question.Of(request), request.RequireStable));
    }

    protected override IKafkaMessage Refuse(HandlerContext context, OffsetFetchRequest request, ErrorCode error) => context.Version >= FirstWithGroups
        ? new OffsetFetchResponse { Groups = Array.ConvertAll(request.Groups, group => ForGroup(new Found(Question.Of(group), error, []))) }
        : ForOne(context, new Found(Question.Of(request), error, []));

    private async ValueTask<Found> FetchAsync(HandlerContext context, Question question, bool requireStable)
    {
        // No group has an id that is not legal, so it has no offsets either.
        if (!GroupId.TryParse(question.GroupId, out _, out string? _))
        {
            return new Found(question, ErrorCode.None, []);
        }

        var hasIds = context.Version >= FirstWithTopicIds;
        if (hasIds && question.Topics is { } listed)
        {
            var named = await TopicDirectory.EachAsync(listed, topic => topics.FindAsync(new TopicId(topic.Id), context.Gone));
            var isLost = Array.Exists(named, lookup => lookup.Topic is null && lookup.Error != ErrorCode.UnknownTopicId);
            question = question with { Topics = [.. listed.Zip(named, (topic, lookup) => topic with { Name = lookup.Topic?.Name.Value ?? "" })] };
            if (isLost)
            {
                return new Found(question, ErrorCode.CoordinatorNotAvailable, []);
            }
        }

        if (await CheckMemberAsync(question) is not ErrorCode.None and var refusal)
        {
            return new Found(question, refusal, []);
        }

        var asked = question.Topics?
            .SelectMany(topic => TopicName.TryParse(topic.Name, out var name, out string? _)
                ? topic.Partitions.Select(partition => new TopicPartition(name, partition)) : [])
            .ToArray();
        var result = await groups.CallAsync(question.GroupId, group => group.Offsets(asked), static error => new OffsetsResult(error, []));
        if (result.Error != ErrorCode.None)
        {
            return new Found(question, GroupCalls.ForClient(result.Error), []);
        }

        var (error, offsets, ids) = await CurrentAsync(context, result.Offsets);
        if (error != ErrorCode.None)
        {
            return new Found(question, error, []);
        }

        Dictionary<TopicPartition, Stored> stored = offsets.ToDictionary(offset => offset.Partition, Stored.Of);
        foreach (var unstable in requireStable ? result.Pending ?? [] : [])
        {
            stored[unstable] = Stored.Unstable;
        }

        return new Found(question, ErrorCode.None, stored) { Ids = hasIds ? ids : null };
    }

    /// <summary>Whether the member that asks is one; only members of a group that assigns itself are checked.</summary>
    private async ValueTask<ErrorCode> CheckMemberAsync(Question question)
    {
        if (question is { MemberId: null, MemberEpoch: < 0 })
        {
            return ErrorCode.None;
        }

        var described = await groups.CallAsync(question.GroupId, static group => group.Describe(), static error => new GroupResult(error, null));
        return described.Group is not { Kind: GroupKind.Server } group
            ? described.Error is ErrorCode.None or ErrorCode.GroupIdNotFound ? ErrorCode.None : GroupCalls.ForClient(described.Error)
            : group.Members.Length == 0 || Array.Find(group.Members, member => member.MemberId.Value == question.MemberId) is not { } member
                ? ErrorCode.UnknownMemberId
            : member.MemberEpoch < 0 || question.MemberEpoch < 0 || question.MemberEpoch > group.Epoch ? ErrorCode.StaleMemberEpoch
            : ErrorCode.None;
    }

    /// <summary>The offsets of topics that exist, in their present creation.</summary>
    private async ValueTask<(ErrorCode Error, IEnumerable<CommittedOffset> Offsets, Dictionary<TopicName, TopicId> Ids)> CurrentAsync(
        HandlerContext context, CommittedOffset[] offsets)
    {
        TopicName[] names = [.. offsets.Select(offset => offset.Partition.Topic).Distinct()];
        var found = await TopicDirectory.EachAsync(names, name => topics.FindAsync(name.Value, context.Gone));
        var failed = Array.Find(found, lookup => lookup.Topic is null && lookup.Error != ErrorCode.UnknownTopicOrPartition);
        if (failed.Error != ErrorCode.None)
        {
            return (GroupCalls.ForClient(failed.Error), [], []);
        }

        var ids = names.Zip(found).Where(pair => pair.Second.Topic is not null).ToDictionary(pair => pair.First, pair => pair.Second.Topic!.Id);
        return (ErrorCode.None, offsets.Where(offset => ids.TryGetValue(offset.Partition.Topic, out var id) && offset.IsOf(id)), ids);
    }

    private static OffsetFetchResponse ForOne(HandlerContext context, Found found) => new()
    {
        ErrorCode = found.Error,
        Topics = [.. found.Answers(inPartitions: context.Version < FirstWithError).Select(topic => new OffsetFetchResponse.Topic
        {
            Name = topic.Name,
            Partitions = [.. topic.Offsets.Select(one => new OffsetFetchResponse.Partition
            {
                PartitionIndex = one.Partition,
                CommittedOffset = one.Stored.Offset,
                CommittedLeaderEpoch = one.Stored.LeaderEpoch,
                Metadata = one.Stored.Metadata,
                ErrorCode = one.Stored.Error,
            })],
        })],
    };

    private static OffsetFetchResponse.Group ForGroup(Found found) => new()
    {
        GroupId = found.Question.GroupId,
        ErrorCode = found.Error,
        Topics = [.. found.Answers(inPartitions: false).Select(topic => new OffsetFetchResponse.GroupTopic
        {
            Name = topic.Name,
            TopicId = topic.Id,
            Partitions = [.. topic.Offsets.Select(one => new OffsetFetchResponse.GroupTopicPartition
            {
                PartitionIndex = one.Partition,
                CommittedOffset = one.Stored.Offset,
                CommittedLeaderEpoch = one.Stored.LeaderEpoch,
                Metadata = one.Stored.Metadata,
                ErrorCode = one.Stored.Error,
            })],
        })],
    };

    private readonly record struct AskedTopic(string Name, Guid Id, int[] Partitions);

    /// <summary>What is asked of a group; topics are null for all.</summary>
    private sealed record Question(string GroupId, string? MemberId, int MemberEpoch, AskedTopic[]? Topics)
    {
        public static Question Of(OffsetFetchRequest request) => new(
            request.GroupId, null, -1,
            request.Topics is { } topics ? Array.ConvertAll(topics, topic => new AskedTopic(topic.Name, default, topic.PartitionIndexes)) : null);

        public static Question Of(OffsetFetchRequest.Group group) => new(
            group.GroupId, group.MemberId, group.MemberEpoch,
            group.Topics is { } topics ? Array.ConvertAll(topics, topic => new AskedTopic(topic.Name, topic.TopicId, topic.PartitionIndexes)) : null);
    }

    /// <summary>What is answered for a partition.</summary>
    private readonly record struct Stored(long Offset, int LeaderEpoch, string Metadata, ErrorCode Error)
    {
        public static Stored Unstable { get; } = None(ErrorCode.UnstableOffsetCommit);

        public static Stored None(ErrorCode error) => new(Model.Offset.None.Value, Model.LeaderEpoch.None.Value, "", error);

        public static Stored Of(CommittedOffset offset) => new(offset.Offset.Value, offset.LeaderEpoch.Value, offset.Metadata, ErrorCode.None);
    }

    /// <summary>The offsets of a group.</summary>
    private sealed record Found(Question Question, ErrorCode Error, Dictionary<TopicPartition, Stored> Offsets)
    {
        /// <summary>The ids of topics with offsets, if the answer has ids; otherwise null.</summary>
        public Dictionary<TopicName, TopicId>? Ids { get; init; }

        public IEnumerable<(string Name, Guid Id, IEnumerable<(int Partition, Stored Stored)> Offsets)> Answers(bool inPartitions)
        {
            if (Error != ErrorCode.None && !inPartitions)
            {
                return [];
            }

            return Question.Topics is { } topics
                ? topics.Select(topic => (topic.Name, topic.Id, topic.Partitions.Select(partition => (partition, Find(topic.Name, partition)))))
                : Offsets.GroupBy(pair => pair.Key.Topic).Select(topic => (
                    topic.Key.Value, Ids?.GetValueOrDefault(topic.Key).Value ?? Guid.Empty, topic.Select(pair => (pair.Key.Partition, pair.Value))));
        }

        private Stored Find(string topic, int partition) =>
            Error != ErrorCode.None ? Stored.None(Error)
            : Ids is not null && topic.Length == 0 ? Stored.None(ErrorCode.UnknownTopicId)
            : TopicName.TryParse(topic, out var name, out string? _) && Offsets.TryGetValue(new TopicPartition(name, partition), out var stored) ? stored
            : Stored.None(ErrorCode.None);
    }
}
