using Loire.Model;

namespace Loire.Grains.Interfaces.Groups;

/// <summary>Where a group is, in Kafka's words.</summary>
[GenerateSerializer, Alias("loire.GroupPhase")]
public enum GroupPhase
{
    /// <summary>It has no members; it may have offsets.</summary>
    Empty,

    /// <summary>A new assignment is to be made.</summary>
    Assigning,

    /// <summary>Members give up and take over partitions.</summary>
    Reconciling,

    /// <summary>Every member works on exactly what it is assigned.</summary>
    Stable,

    /// <summary>It does not exist.</summary>
    Dead,
}

/// <summary>The answer to a question about a group.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why there is no answer.</param>
/// <param name="Group">The group; null with an error.</param>
[GenerateSerializer, Immutable, Alias("loire.GroupResult")]
public sealed record GroupResult([property: Id(0)] ErrorCode Error, [property: Id(1)] GroupDescription? Group);

/// <summary>A group as it is.</summary>
/// <param name="GroupId">Its id.</param>
/// <param name="Phase">Where it is.</param>
/// <param name="Epoch">The group's epoch; it grows with each new assignment.</param>
/// <param name="Assignor">The assignor in use; empty without members.</param>
/// <param name="Members">Its members, in order of their ids.</param>
[GenerateSerializer, Immutable, Alias("loire.GroupDescription")]
public sealed record GroupDescription(
    [property: Id(0)] GroupId GroupId,
    [property: Id(1)] GroupPhase Phase,
    [property: Id(2)] int Epoch,
    [property: Id(3)] string Assignor,
    [property: Id(4)] MemberDescription[] Members);

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
    [property: Id(0)] MemberId MemberId,
    [property: Id(1)] GroupInstanceId? InstanceId,
    [property: Id(2)] string ClientId,
    [property: Id(3)] string Host,
    [property: Id(4)] int MemberEpoch,
    [property: Id(5)] MemberSubscription Subscription,
    [property: Id(6)] TopicPartition[] Assigned,
    [property: Id(7)] TopicPartition[] Target);

/// <summary>One page of ids.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why there is no list.</param>
/// <param name="GroupIds">The ids in ordinal order.</param>
/// <param name="HasMore">Whether more follow.</param>
[GenerateSerializer, Immutable, Alias("loire.GroupList")]
public sealed record GroupList([property: Id(0)] ErrorCode Error, [property: Id(1)] GroupId[] GroupIds, [property: Id(2)] bool HasMore);
