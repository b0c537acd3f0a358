using System.Collections.Immutable;
using Loire.Grains.Interfaces.Groups;
using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model;
using Loire.Model.Groups;
using Heartbeat = Loire.Model.Groups.HeartbeatRequest;

namespace Loire.Kafka.Handlers.Groups;

/// <summary>
/// ConsumerGroupHeartbeat 0 to 1 (KIP-848): members of a group that assigns itself, the same as those of .NET and HTTP. Answered at once, but that a join waits a moment for its
/// first partitions, which the group assigns a little later than Kafka's: otherwise the member would have none until its next heartbeat. While it has none, that is
/// due after a second. Epoch 0 joins, −1 leaves; −2 says that a static member goes for a while: it keeps its partitions until its session ends, or another member comes with its
/// instance id. Fields that are null have not changed, and the assignment is told
/// only when it has, or when the request has everything. From version 1 on the member chooses its id, and may subscribe by a pattern.
/// <para>
/// Deviations: that a static member has gone is forgotten when the group moves; then anybody may take its place who comes before it. A member is told the group's epoch,
/// and not one of its own, so it may also be older. A pattern is matched by the group, not later, so the first answer may have partitions already.
/// </para>
/// </summary>
/// <param name="groups">Calls the group.</param>
/// <param name="partitions">Translates partitions.</param>
internal sealed class ConsumerGroupHeartbeatHandler(GroupCalls groups, ConsumerPartitions partitions)
    : KafkaHandler<ConsumerGroupHeartbeatRequest>(ApiKey.ConsumerGroupHeartbeat, 0, 1)
{
    private const int FirstWithChosenId = 1;
    private const int LeavingForAWhile = -2;

    // Kafka takes any number but -1; a member that allows no time loses at once what it does not give up.
    private const int LeastRebalanceTimeoutMs = 1;

    // Kafka's default of group.consumer.session.timeout.ms: it is the broker's to choose.
    private static readonly TimeSpan SessionTimeout = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan JoinWait = TimeSpan.FromSeconds(1);

    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, ConsumerGroupHeartbeatRequest request)
    {
        if (Problem(context, request) is { } problem)
        {
            return Refused(ErrorCode.InvalidRequest, problem);
        }

        if (!MemberNames.TryRead(request.MemberId is { Length: > 0 } chosen ? chosen : Guid.NewGuid().ToString("N"), request.InstanceId, out var names))
        {
            return Refused(ErrorCode.InvalidRequest, "The member id or the instance id is too long, or has control characters.");
        }

        var members = context.Connection.Keep(static () => new ConsumerMembers());
        var memberId = names.MemberId!.Value;
        await CommitOrder.Of(context).Commits;
        return request.MemberEpoch < 0
            ? await LeaveAsync(request, names, members)
            : await BeatAsync(context, request, memberId, names.InstanceId, members);
    }

    protected override IKafkaMessage Refuse(HandlerContext context, ConsumerGroupHeartbeatRequest request, ErrorCode error) => Refused(error, null);

    private static string? Problem(HandlerContext context, ConsumerGroupHeartbeatRequest request) =>
        !GroupId.TryParse(request.GroupId, out _, out string? illegal) ? illegal
        : request.InstanceId is "" ? "An instance id must not be empty."
        : request.RackId is "" ? "A rack must not be empty."
        : request.MemberEpoch < LeavingForAWhile ? "A member epoch is at least -2."
        : request.MemberId.Length == 0 && (request.MemberEpoch != 0 || context.Version >= FirstWithChosenId) ? "A member id must be given."
        : request.MemberEpoch == LeavingForAWhile && request.InstanceId is null ? "Only a static member goes for a while."
        : request.MemberEpoch != 0 ? null
        : request.RebalanceTimeoutMs == -1 ? "A member that joins says its rebalance timeout."
        : request.TopicPartitions is not { Length: 0 } ? "A member that joins consumes nothing, and says so."
        : request.SubscribedTopicNames is null && request.SubscribedTopicRegex is null ? "A member that joins says what it subscribes to."
        : null;

    private async ValueTask<IKafkaMessage> LeaveAsync(ConsumerGroupHeartbeatRequest request, MemberNames names, ConsumerMembers members)
    {
        var described = await groups.CallAsync(request.GroupId, static group => group.Describe(), static error => new GroupResult(error, null));
        if (described.Group is not { Kind: GroupKind.Server } group)
        {
            return Refused(described.Error == ErrorCode.None ? ErrorCode.GroupIdNotFound : described.Error, null);
        }

        var member = Array.Find(group.Members, member => member.MemberId == names.MemberId);
        if (names.InstanceId is { } instance && Array.Find(group.Members, one => one.InstanceId == instance) is { } holder && holder != member)
        {
            return Refused(ErrorCode.FencedInstanceId, null);
        }

        if (member is null || (names.InstanceId is not null && member.InstanceId != names.InstanceId))
        {
            return Refused(ErrorCode.UnknownMemberId, null);
        }

        var error = await groups.CallAsync(
            request.GroupId, group => group.Leave(new LeaveRequest(
                names.MemberId, names.InstanceId, null, IsForAWhile: request.MemberEpoch == LeavingForAWhile)), static error => error);
        if (error != ErrorCode.None)
        {
            return Refused(error, null);
        }

        members.Forget(request.GroupId, request.MemberId);
        return new ConsumerGroupHeartbeatResponse { MemberId = request.MemberId, MemberEpoch = request.MemberEpoch };
    }

    private async ValueTask<IKafkaMessage> BeatAsync(
        HandlerContext context, ConsumerGroupHeartbeatRequest request, MemberId memberId, GroupInstanceId? instanceId, ConsumerMembers members)
    {
        var known = request.MemberEpoch == 0 ? null : members.Find(request.GroupId, memberId.Value);
        if (request.MemberEpoch != 0 && known is null)
        {
            var (error, asked) = await AskAsync(request.GroupId, memberId, instanceId);
            if (asked is null)
            {
                return Refused(error, null);
            }

            known = asked;
        }

        var (refusal, subscription) = Subscribe(request, known?.Subscription);
        if (subscription is null)
        {
            return Refused(refusal, null);
        }

        // What the client does not list it has given up, and another member gets it; so it must be known what is listed. The topics that the member may own are looked up
        // by their names first, so that their ids are known wherever the member comes.
        var mayOwn = known?.MayOwn ?? [];
        ImmutableArray<TopicPartition>? read = request.TopicPartitions is not { } listed ? mayOwn
            : listed.Length > 0 && await partitions.WriteAsync(mayOwn, CancellationToken.None) is null ? null
            : await partitions.ReadAsync(Array.ConvertAll(listed, topic => (topic.TopicId, topic.Partitions)), CancellationToken.None);
        if (read is not { } owned)
        {
            return Refused(ErrorCode.CoordinatorNotAvailable, "A topic of which the member lists partitions cannot be reached.");
        }

        var heartbeat = new Heartbeat(
            memberId, instanceId ?? known?.InstanceId, request.MemberEpoch, context.ClientId, context.Connection.ClientHost,
            ReferenceEquals(subscription, known?.Subscription) ? null : subscription, owned, TimeSpan.Zero, AwaitsRelease: true);
        var result = await groups.CallAsync(
            request.GroupId, group => group.Heartbeat(heartbeat, CancellationToken.None), static error => new HeartbeatResult(error, 0, [], TimeSpan.Zero));
        if (result.Error != ErrorCode.None)
        {
            members.Forget(request.GroupId, memberId.Value);
            return Refused(result.Error, result.Detail);
        }

        if (request.MemberEpoch == 0 && result.Assignment.IsEmpty && (subscription.Topics.Length > 0 || subscription.Pattern is not null))
        {
            var waiting = heartbeat with { MemberEpoch = result.MemberEpoch, Subscription = null, MaxWait = JoinWait };
            var gone = context.Gone;
            var later = await groups.CallAsync(
                request.GroupId, group => group.Heartbeat(waiting, gone), static error => new HeartbeatResult(error, 0, [], TimeSpan.Zero));

            // What goes wrong meanwhile, the next heartbeat hears; the member has joined.
            result = later.Error == ErrorCode.None ? later : result;
        }

        // A request with everything is one of a client that knows nothing.
        var isTold = known?.Told is { } told && told.SequenceEqual(result.Assignment)
            && !(request.RebalanceTimeoutMs != -1 && request.TopicPartitions is not null
                && (request.SubscribedTopicNames is not null || request.SubscribedTopicRegex is not null));
        var assignment = isTold ? [] : await partitions.WriteAsync(result.Assignment, CancellationToken.None);
        if (assignment is null)
        {
            return Refused(ErrorCode.CoordinatorNotAvailable, "A topic of the assignment cannot be reached.");
        }

        members.Keep(
            request.GroupId, memberId.Value, new ConsumerMember(instanceId ?? known?.InstanceId, subscription, null, owned).After(result.Assignment));
        return new ConsumerGroupHeartbeatResponse
        {
            MemberId = memberId.Value,
            MemberEpoch = result.MemberEpoch,
            HeartbeatIntervalMs = (int)(result.Assignment.IsEmpty ? JoinWait : result.HeartbeatInterval).TotalMilliseconds,
            Assignment = isTold ? null : new ConsumerGroupHeartbeatResponse.MemberAssignment
            {
                TopicPartitions = Array.ConvertAll(assignment, topic => new ConsumerGroupHeartbeatResponse.TopicPartitions
                {
                    TopicId = topic.TopicId,
                    Partitions = topic.Partitions,
                }),
            },
        };
    }

    /// <summary>What a member has said before, as far as its group knows.</summary>
    private async ValueTask<(ErrorCode Error, ConsumerMember? Member)> AskAsync(string groupId, MemberId memberId, GroupInstanceId? instanceId)
    {
        var (error, group) = await groups.CallAsync(groupId, static group => group.Describe(), static error => new GroupResult(error, null));
        return group is not { Kind: GroupKind.Server } ? (error == ErrorCode.None ? ErrorCode.GroupIdNotFound : error, null)
            : Array.Find(group.Members, member => member.MemberId == memberId) is not { } member
                ? (instanceId is not null && Array.Exists(group.Members, one => one.InstanceId == instanceId) ? ErrorCode.FencedInstanceId : ErrorCode.UnknownMemberId, null)
            : (ErrorCode.None, new ConsumerMember(member.InstanceId, member.Subscription, null, [.. member.Assigned]));
    }

    /// <summary>What the member subscribes to after a request: <paramref name="before"/> itself if the request changes nothing; null with an error.</summary>
    private static (ErrorCode Error, MemberSubscription? Subscription) Subscribe(ConsumerGroupHeartbeatRequest request, MemberSubscription? before)
    {
        if (before is not null && request is { SubscribedTopicNames: null, SubscribedTopicRegex: null, ServerAssignor: null, RebalanceTimeoutMs: -1 })
        {
            return (ErrorCode.None, before);
        }

        ImmutableArray<TopicName> names = before?.Topics ?? [];
        if (request.SubscribedTopicNames is { } listed)
        {
            List<TopicName> legal = [];
            foreach (var text in listed)
            {
                // No topic can have an illegal name, so none is missed; like Kafka, the client hears of it by Metadata.
                if (TopicName.TryParse(text, out var name, out string? _))
                {
                    legal.Add(name);
                }
            }

            names = [.. legal];
        }

        var assignors = before?.Assignors ?? [];
        if ((request.ServerAssignor is not null || before is null) && !ServerAssignors.TryRead(request.ServerAssignor, out assignors))
        {
            return (ErrorCode.UnsupportedAssignor, null);
        }

        return (ErrorCode.None, new MemberSubscription(
            names,
            request.SubscribedTopicRegex is { } pattern ? (pattern.Length == 0 ? null : pattern) : before?.Pattern,
            assignors,
            SessionTimeout,
            request.RebalanceTimeoutMs == -1 && before is not null
                ? before.RebalanceTimeout
                : TimeSpan.FromMilliseconds(Math.Max(LeastRebalanceTimeoutMs, request.RebalanceTimeoutMs))));
    }

    private static ConsumerGroupHeartbeatResponse Refused(ErrorCode error, string? detail) =>
        new() { ErrorCode = GroupCalls.ForClient(error), ErrorMessage = detail ?? ErrorCodes.Describe(error).Text };
}
