using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Grains.Interfaces.Groups;

/// <summary>The description of a group.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why it is not available.</param>
/// <param name="Group">The group; null with an error.</param>
[GenerateSerializer, Immutable, Alias("loire.GroupResult")]
public sealed record GroupResult([property: Id(0)] ErrorCode Error, [property: Id(1)] GroupDescription? Group);

/// <summary>One page of group ids.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why the list is not available.</param>
/// <param name="GroupIds">The ids in ordinal order.</param>
/// <param name="HasMore">Whether more follow.</param>
[GenerateSerializer, Immutable, Alias("loire.GroupList")]
public sealed record GroupList([property: Id(0)] ErrorCode Error, [property: Id(1)] GroupId[] GroupIds, [property: Id(2)] bool HasMore);
