using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Offsets;

/// <summary>The decision about a request that names several partitions: some may be refused while the others are granted.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why all of it is refused.</param>
/// <param name="Detail">Human-readable reason of the refusal.</param>
/// <param name="Refused">The partitions that are refused.</param>
/// <param name="Record">The record to make durable for the others; null if nothing changes.</param>
public readonly record struct OffsetsDecision(
    ErrorCode Error, string? Detail, IReadOnlyList<PartitionError> Refused, OffsetsRecord? Record);
