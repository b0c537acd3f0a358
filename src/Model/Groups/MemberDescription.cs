namespace Loire.Model.Groups;

/// <summary>The current state of a member of a group.</summary>
/// <param name="MemberId">The member's id.</param>
/// <param name="InstanceId">The id of a static member; null for a dynamic one.</param>
/// <param name="ClientId">The application, as the client names it.</param>
/// <param name="Host">The host that the client runs on.</param>
/// <param name="MemberEpoch">The target epoch that it has reached; <see cref="AwayEpoch"/> of one that has gone for a while.</param>
/// <param name="Subscription">Topics, assignors and timeouts.</param>
/// <param name="Assigned">The partitions that it consumes or has not confirmed to have revoked.</param>
/// <param name="Target">The partitions that it will have once all revocations are confirmed.</param>
/// <param name="Classic">What a member that joined by JoinGroup has said and got; null for others. Of those only, what its bytes say is in
/// <paramref name="Subscription"/> and <paramref name="Assigned"/> as far as it can be read.</param>
[GenerateSerializer, Immutable, Alias("loire.MemberDescription")]
public sealed record MemberDescription(
    [Id(0)] MemberId MemberId,
    [Id(1)] GroupInstanceId? InstanceId,
    [Id(2)] string ClientId,
    [Id(3)] string Host,
    [Id(4)] int MemberEpoch,
    [Id(5)] MemberSubscription Subscription,
    [Id(6)] TopicPartition[] Assigned,
    [Id(7)] TopicPartition[] Target,
    [Id(8)] ClassicMemberData? Classic = null)
{
    /// <summary>The epoch of a static member that has gone for a while (KIP-848).</summary>
    public const int AwayEpoch = -2;
}

/// <summary>The bytes of a member that joined by JoinGroup.</summary>
/// <param name="Metadata">What it told the leader of the protocol in use; empty while there is none.</param>
/// <param name="Assignment">What the leader gave it last; may be empty.</param>
[GenerateSerializer, Immutable, Alias("loire.ClassicMemberData")]
public sealed record ClassicMemberData([Id(0)] ReadOnlyMemory<byte> Metadata, [Id(1)] ReadOnlyMemory<byte> Assignment);
