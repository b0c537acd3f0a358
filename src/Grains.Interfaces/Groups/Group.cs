using Loire.Model;
using Loire.Model.Groups;

namespace Loire.Grains.Interfaces.Groups;

/// <summary>The answer to a question about a group.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why there is no answer.</param>
/// <param name="Group">The group; null with an error.</param>
[GenerateSerializer, Immutable, Alias("loire.GroupResult")]
public sealed record GroupResult([property: Id(0)] ErrorCode Error, [property: Id(1)] GroupDescription? Group);

/// <summary>One page of ids.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why there is no list.</param>
/// <param name="GroupIds">The ids in ordinal order.</param>
/// <param name="HasMore">Whether more follow.</param>
[GenerateSerializer, Immutable, Alias("loire.GroupList")]
public sealed record GroupList([property: Id(0)] ErrorCode Error, [property: Id(1)] GroupId[] GroupIds, [property: Id(2)] bool HasMore);
