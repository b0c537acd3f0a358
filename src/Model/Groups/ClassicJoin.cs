using System.Collections.Immutable;

namespace Loire.Model.Groups;

/// <summary>A member's JoinGroup: it joins a classic group, or joins again for a rebalance.</summary>
/// <param name="MemberId">Its id from an earlier answer; null the first time.</param>
/// <param name="InstanceId">A name that outlives the member (KIP-345); null for a dynamic member.</param>
/// <param name="ClientId">Identifies the application to operators; begins the member's id.</param>
/// <param name="Host">The host that the client runs on, for operators.</param>
/// <param name="ProtocolType">What the group is used for, the same for all members; <c>consumer</c> for consumers.</param>
/// <param name="Protocols">The protocols that it supports, the preferred one first; each name once.</param>
/// <param name="SessionTimeout">The member is removed if nothing is heard of it for this long.</param>
/// <param name="RebalanceTimeout">How long a rebalance waits for the member.</param>
/// <param name="NeedsKnownId">Whether a new dynamic member is sent back with an id, which it must join with (KIP-394: from version 4 on).</param>
/// <param name="CanSkipAssignment">Whether a returning static leader is told that it need not assign (KIP-814: from version 9 on).</param>
/// <param name="Reason">Human-readable reason for the log (KIP-800).</param>
[GenerateSerializer, Immutable, Alias("loire.ClassicJoin")]
public sealed record ClassicJoin(
    [Id(0)] MemberId? MemberId,
    [Id(1)] GroupInstanceId? InstanceId,
    [Id(2)] string ClientId,
    [Id(3)] string Host,
    [Id(4)] string ProtocolType,
    [Id(5)] ImmutableArray<ClassicProtocol> Protocols,
    [Id(6)] TimeSpan SessionTimeout,
    [Id(7)] TimeSpan RebalanceTimeout,
    [Id(8)] bool NeedsKnownId = false,
    [Id(9)] bool CanSkipAssignment = false,
    [Id(10)] string? Reason = null);

/// <summary>A protocol that a member of a classic group supports: for a consumer, an assignor and the member's subscription.</summary>
/// <param name="Name">Its name, at most <see cref="Limits.GroupIdLength"/> characters.</param>
/// <param name="Metadata">What the leader is told; the group does not interpret it.</param>
[GenerateSerializer, Immutable, Alias("loire.ClassicProtocol")]
public readonly record struct ClassicProtocol([property: Id(0)] string Name, [property: Id(1)] ReadOnlyMemory<byte> Metadata)
{
    /// <summary>Whether both lists have the same names with the same metadata in the same order.</summary>
    public static bool AreSame(ImmutableArray<ClassicProtocol> some, ImmutableArray<ClassicProtocol> others)
    {
        if (some.Length != others.Length)
        {
            return false;
        }

        for (var i = 0; i < some.Length; i++)
        {
            if (some[i].Name != others[i].Name || !some[i].Metadata.Span.SequenceEqual(others[i].Metadata.Span))
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>The answer to a JoinGroup: the member's place in a generation, or why it has none.</summary>
/// <param name="Error">
/// <see cref="ErrorCode.None"/>; <see cref="ErrorCode.MemberIdRequired"/>: join again with <paramref name="MemberId"/>;
/// <see cref="ErrorCode.UnknownMemberId"/>: the group has no such member; <see cref="ErrorCode.FencedInstanceId"/>: another member has the instance id;
/// <see cref="ErrorCode.InconsistentGroupProtocol"/>: the group is used for something else, or no protocol is common to all;
/// <see cref="ErrorCode.InvalidSessionTimeout"/>; <see cref="ErrorCode.GroupMaxSizeReached"/>; <see cref="ErrorCode.InvalidRequest"/> beyond a limit;
/// <see cref="ErrorCode.NotCoordinator"/>: the group moves, so join again; retriable errors of the cluster.
/// </param>
/// <param name="Generation">The generation; −1 with an error.</param>
/// <param name="ProtocolType">What the group is used for; null with an error.</param>
/// <param name="Protocol">The protocol that the members agreed on; null with an error.</param>
/// <param name="Leader">The id of the member that assigns; empty with an error, and in a group that assigns itself.</param>
/// <param name="MemberId">The member's id. With an error the one of the request, where it has one, or the one to join with.</param>
/// <param name="SkipsAssignment">Whether the leader need not assign, because the generation has its assignment already.</param>
/// <param name="Members">All members, for the leader alone; empty for others.</param>
/// <param name="Detail">Human-readable detail beyond the error code; null if there is none.</param>
[GenerateSerializer, Immutable, Alias("loire.ClassicJoined")]
public sealed record ClassicJoined(
    [Id(0)] ErrorCode Error,
    [Id(1)] int Generation,
    [Id(2)] string? ProtocolType,
    [Id(3)] string? Protocol,
    [Id(4)] string Leader,
    [Id(5)] string MemberId,
    [Id(6)] bool SkipsAssignment,
    [Id(7)] ImmutableArray<ClassicJoinedMember> Members,
    [Id(8)] string? Detail = null)
{
    /// <summary>The answer that refuses.</summary>
    /// <param name="error">Why.</param>
    /// <param name="memberId">The id to answer; empty for none.</param>
    /// <param name="detail">Human-readable reason; null for none.</param>
    public static ClassicJoined Refused(ErrorCode error, string memberId, string? detail = null) =>
        new(error, -1, null, null, "", memberId, false, [], detail);
}

/// <summary>A member of a generation, as its leader learns of it.</summary>
/// <param name="MemberId">Its id.</param>
/// <param name="InstanceId">The id of a static member; null for a dynamic one.</param>
/// <param name="Metadata">What it says of the protocol that was agreed on.</param>
[GenerateSerializer, Immutable, Alias("loire.ClassicJoinedMember")]
public sealed record ClassicJoinedMember([Id(0)] MemberId MemberId, [Id(1)] GroupInstanceId? InstanceId, [Id(2)] ReadOnlyMemory<byte> Metadata);
