using Loire.Model;

namespace Loire.Grains.Interfaces.Groups;

/// <summary>Requests that a member leave its group.</summary>
/// <param name="MemberId">The member; null to identify it by its instance id.</param>
/// <param name="InstanceId">The instance id, if it has one.</param>
/// <param name="Reason">Human-readable reason for the log (KIP-800).</param>
/// <param name="Incarnation">The <see cref="Loire.Model.Groups.HeartbeatRequest.Incarnation"/> of the consumer that leaves: if another one has
/// taken over, the member stays.</param>
/// <param name="IsForAWhile">Whether a static member only goes for a while: it keeps its partitions until its session ends or another one takes its
/// place.</param>
[GenerateSerializer, Immutable, Alias("loire.LeaveRequest")]
public sealed record LeaveRequest(
    [property: Id(0)] MemberId? MemberId, [property: Id(1)] GroupInstanceId? InstanceId, [property: Id(2)] string? Reason,
    [property: Id(3)] string? Incarnation = null, [property: Id(4)] bool IsForAWhile = false);

/// <summary>The outcome of removing classic members.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why none was removed.</param>
/// <param name="Errors">The outcome for each, in the order of the request: <see cref="ErrorCode.None"/>, <see cref="ErrorCode.UnknownMemberId"/> or
/// <see cref="ErrorCode.FencedInstanceId"/>; empty with an error.</param>
[GenerateSerializer, Immutable, Alias("loire.ClassicLeft")]
public sealed record ClassicLeft([property: Id(0)] ErrorCode Error, [property: Id(1)] ErrorCode[] Errors);
