using System.Collections.Immutable;

namespace Loire.Model.Groups;

/// <summary>Which member of which generation of a classic group sends a request.</summary>
/// <param name="MemberId">The member; null if the request names none, which no group has.</param>
/// <param name="InstanceId">The id of a static member; null if the request names none.</param>
/// <param name="Generation">The generation that it belongs to.</param>
[GenerateSerializer, Immutable, Alias("loire.ClassicMemberKey")]
public sealed record ClassicMemberKey([Id(0)] MemberId? MemberId, [Id(1)] GroupInstanceId? InstanceId, [Id(2)] int Generation);

/// <summary>A member's SyncGroup: it asks for its assignment, and the leader brings those of all.</summary>
/// <param name="Member">Who asks.</param>
/// <param name="ProtocolType">What it takes the group to be used for; null if it does not say (before version 5).</param>
/// <param name="Protocol">The protocol that it takes to be agreed on; null if it does not say (before version 5).</param>
/// <param name="Assignments">The assignments, if it is the leader; those of others are ignored. Of two for one member the last counts.</param>
[GenerateSerializer, Immutable, Alias("loire.ClassicSync")]
public sealed record ClassicSync(
    [Id(0)] ClassicMemberKey Member, [Id(1)] string? ProtocolType, [Id(2)] string? Protocol, [Id(3)] ImmutableArray<ClassicAssignment> Assignments);

/// <summary>What the leader gives a member.</summary>
/// <param name="MemberId">The member, as the leader wrote it; one that is not in the generation is ignored.</param>
/// <param name="Assignment">Its assignment, which the group does not interpret.</param>
[GenerateSerializer, Immutable, Alias("loire.ClassicAssignment")]
public readonly record struct ClassicAssignment([property: Id(0)] string MemberId, [property: Id(1)] ReadOnlyMemory<byte> Assignment);

/// <summary>The answer to a SyncGroup.</summary>
/// <param name="Error">
/// <see cref="ErrorCode.None"/>; <see cref="ErrorCode.UnknownMemberId"/>; <see cref="ErrorCode.IllegalGeneration"/>: it is not the present generation;
/// <see cref="ErrorCode.FencedInstanceId"/>; <see cref="ErrorCode.RebalanceInProgress"/>: join again;
/// <see cref="ErrorCode.InconsistentGroupProtocol"/>: the group has agreed on another protocol; <see cref="ErrorCode.InvalidRequest"/> beyond a limit;
/// <see cref="ErrorCode.NotCoordinator"/>: the group moves; retriable errors of the cluster.
/// </param>
/// <param name="ProtocolType">What the group is used for; null with an error.</param>
/// <param name="Protocol">The protocol agreed on; null with an error.</param>
/// <param name="Assignment">The member's assignment; empty if the leader gave it none.</param>
[GenerateSerializer, Immutable, Alias("loire.ClassicSynced")]
public sealed record ClassicSynced(
    [Id(0)] ErrorCode Error, [Id(1)] string? ProtocolType, [Id(2)] string? Protocol, [Id(3)] ReadOnlyMemory<byte> Assignment)
{
    /// <summary>The answer that refuses.</summary>
    public static ClassicSynced Refused(ErrorCode error) => new(error, null, null, default);
}

/// <summary>A member that leaves a classic group, or is removed from it.</summary>
/// <param name="MemberId">The member; null to name it by its instance id.</param>
/// <param name="InstanceId">The id of a static member; null if the request names none.</param>
/// <param name="Reason">Human-readable reason for the log (KIP-800).</param>
[GenerateSerializer, Immutable, Alias("loire.ClassicLeaver")]
public sealed record ClassicLeaver([Id(0)] MemberId? MemberId, [Id(1)] GroupInstanceId? InstanceId, [Id(2)] string? Reason = null);
