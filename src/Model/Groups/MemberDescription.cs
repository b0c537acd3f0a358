namespace Loire.Model.Groups;

/// <summary>A member of a group.</summary>
/// <param name="MemberId">Its id.</param>
/// <param name="InstanceId">The id of a static member; null for a dynamic one.</param>
/// <param name="ClientId">The application.</param>
/// <param name="Host">Where it runs.</param>
/// <param name="MemberEpoch">The epoch that it has reached.</param>
/// <param name="Subscription">What it subscribes to.</param>
/// <param name="Assigned">What it works on, or has not yet confirmed to have given up.</param>
/// <param name="Target">What it will work on when everyone has given up what is not theirs any more.</param>
[GenerateSerializer, Immutable, Alias("loire.MemberDescription")]
public sealed record MemberDescription(
    [Id(0)] MemberId MemberId,
    [Id(1)] GroupInstanceId? InstanceId,
    [Id(2)] string ClientId,
    [Id(3)] string Host,
    [Id(4)] int MemberEpoch,
    [Id(5)] MemberSubscription Subscription,
    [Id(6)] TopicPartition[] Assigned,
    [Id(7)] TopicPartition[] Target);
